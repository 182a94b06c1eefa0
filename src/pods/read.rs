//! One way through a list of pods.

use std::ops::ControlFlow;

use super::types::Pod;
use crate::json::{Malformed, Read as _, Reader, Rejected};

/// How a pod stands in the body.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// From its beginning on, with all that follows.
    pub rest: &'a [u8],
    /// How much of that it is.
    pub length: usize,
    /// How many values in it are not of the API's type, and were stepped over.
    pub rejected: u64,
}

/// Who receives pods, in the kubelet's (random) order.
pub trait Visit<'a> {
    /// Forget everything that came before: the list begins.
    fn begin(&mut self);

    /// A pod begins, and the rest of the body with it. How long it is, if it is one that was read before, to the letter: then
    /// it is taken for read.
    fn is_known(&mut self, rest: &'a [u8]) -> Option<usize>;

    /// A pod. It is used again for the next one, so take what is needed. `Break` ends it: there are too many.
    fn pod(&mut self, pod: &Pod<'a>, item: Item<'a>) -> ControlFlow<()>;
}

/// Why a body is no list of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotPods {
    /// There is nothing.
    Empty,
    /// It is not JSON, or ends too soon.
    Malformed(Malformed),
    /// It is JSON, but has no `items`.
    Other,
    /// More than any node has.
    TooMany,
}

impl std::fmt::Display for NotPods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("the kubelet answered 200 with an empty body"),
            Self::Malformed(malformed) => write!(f, "the answer is {malformed}"),
            Self::Other => f.write_str("the answer is JSON but no list of pods: it has no `items`"),
            Self::TooMany => f.write_str(
                "the answer is no node's: its pods, or what is wanted of them, would be too much to keep",
            ),
        }
    }
}

impl std::error::Error for NotPods {}

impl From<Malformed> for NotPods {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Reads a whole body and hands its pods to `visitor`; what was stepped over because the API does not have it there is
/// counted in the answer.
///
/// # Errors
/// The body is no list of pods. What the visitor got until then must be thrown away.
pub fn read<'a>(body: &'a [u8], visitor: &mut impl Visit<'a>) -> Result<Rejected, NotPods> {
    let mut reader = Reader::new(body);
    if reader.is_at_end() {
        return Err(NotPods::Empty);
    }
    let (mut any, mut pod) = (false, Pod::default());
    reader.object(|reader, key| {
        if &*key.word() != "items" {
            return Ok(reader.skip()?);
        }
        any = true;
        // Of a key given twice the last counts.
        visitor.begin();
        reader.list_of_objects(|reader| {
            let (start, rest, before) = (reader.position(), reader.rest(), reader.rejected());
            if let Some(length) = visitor.is_known(rest) {
                reader.jump(length);
                return Ok(());
            }
            pod.read(reader)?;
            let item = Item {
                rest,
                length: reader.position() - start,
                rejected: reader.rejected() - before,
            };
            match visitor.pod(&pod, item) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(NotPods::TooMany),
            }
        })
    })?;
    reader.end()?;
    if any {
        Ok(reader.stepped_over().rejected)
    } else {
        Err(NotPods::Other)
    }
}
