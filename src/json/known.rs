//! Which keys of a body are none that a type reads: what a newer kubelet has to tell beyond it.
//!
//! For who looks once. A tick steps over such keys without a word.

use std::collections::BTreeSet;

use serde_json::Value;

use super::leaf::{Flag, Real, Time, Whole};
use super::list::{Many, Pairs, Place};
use super::text::Text;

/// A type that knows its keys.
pub trait Known {
    /// Adds the keys below `path` that are not of the type, `pods[].cpu.newKey`, each once.
    fn unknown(value: &Value, path: &str, found: &mut BTreeSet<String>);
}

/// As a list of `T`.
fn of_each<T: Known>(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let path = format!("{path}[]");
    for item in value.as_array().into_iter().flatten() {
        T::unknown(item, &path, found);
    }
}

impl<T: Known> Known for Many<T> {
    fn unknown(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        of_each::<T>(value, path, found);
    }
}

impl<T: Known> Known for Place<T> {
    fn unknown(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        of_each::<T>(value, path, found);
    }
}

macro_rules! leaves {
    ($($name:ident)*) => {$(
        impl Known for $name<'_> {
            fn unknown(_: &Value, _: &str, _: &mut BTreeSet<String>) {}
        }
    )*};
}

leaves! { Flag Real Text Time Whole Pairs }
