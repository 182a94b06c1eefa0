//! The leaves of the API's types: numbers, flags, text and times, each absent until the kubelet says otherwise.

use std::borrow::Cow;

use super::json::{Malformed, Read, Reader};

/// A token, kept as the kubelet printed it: each is copied or left out, never computed with.
macro_rules! token {
    ($(#[$about:meta])* $name:ident, $read:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name<'a>(&'a [u8]);

        impl<'a> $name<'a> {
            /// As printed; empty when absent.
            #[must_use]
            pub fn token(self) -> &'a [u8] {
                self.0
            }
        }

        impl<'a> Read<'a> for $name<'a> {
            #[inline]
            fn reset(&mut self) {
                self.0 = &[];
            }

            #[inline]
            fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
                self.0 = reader.$read()?;
                Ok(())
            }
        }
    };
}

token! {
    /// A whole number, of the API's u64 or int64, of any length: some are wrapped below zero into 1.8e19
    /// (elastic/beats#19475). A fraction or an exponent is not of the API's type, for Go's decoder neither.
    Whole, whole_number
}

token! {
    /// A float64, also when printed `0` or `1e+21`.
    Real, number
}

token! {
    /// `true` or `false`.
    Flag, boolean
}

token! {
    /// A `metav1.Time`: RFC 3339, in practice UTC with whole seconds.
    Time, raw_text
}

impl Time<'_> {
    /// Nanoseconds since 1970; `None` when absent, not a time, or outside of what 64 bits hold (1678 to 2262).
    #[must_use]
    pub fn unix_nanoseconds(self) -> Option<i64> {
        super::time::unix_nanoseconds(self.0)
    }
}

/// A name, or absent (empty): borrowed from the body unless it has escapes in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text; empty when absent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> Read<'a> for Text<'a> {
    fn reset(&mut self) {
        self.0 = Cow::Borrowed("");
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.0 = reader.text()?.unwrap_or_default();
        Ok(())
    }
}

/// A list; `null` is the empty one (`containers: null` is real: a pod that is being created).
impl<'a, T: Read<'a> + Default> Read<'a> for Vec<T> {
    fn reset(&mut self) {
        self.clear();
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.clear();
        reader.list(|reader| {
            let mut element = T::default();
            element.read(reader)?;
            self.push(element);
            Ok(())
        })
    }
}
