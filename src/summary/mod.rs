//! The summary: a body in, the API's types out, one pod at a time.
//!
//! Knows what a kubelet prints at `/stats/summary`. Knows nothing of how it was fetched or of what becomes of it: it
//! hands the node and each pod to a [`Visit`]or as soon as they are read, so that the numbers of a node with a thousand
//! pods are never all in memory at once.

mod json;
mod known;
mod leaf;
mod swar;
mod time;
mod token;
mod types;

pub use json::{MAX_DEPTH, Malformed, Read, Reader, Rejected};
pub use known::unknown_keys;
pub use leaf::{Flag, Real, Text, Time, Whole};
pub use time::unix_nanoseconds;
pub use types::*;

/// Who receives a summary's parts: the node first, then the pods in the kubelet's (random) order.
pub trait Visit<'a> {
    /// Forget what came before: the body is read again from its start.
    fn restart(&mut self);
    /// The node; an empty one when the body has none.
    fn node(&mut self, node: &Node<'a>);
    /// A pod. The same object is used for the next one, so take what is needed.
    fn pod(&mut self, pod: &Pod<'a>);
}

/// Why a body is not a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotASummary {
    /// The kubelet answers 200 with nothing when it cannot print its own numbers (a NaN).
    Empty,
    /// It is not JSON, or ends too soon.
    Malformed(Malformed),
    /// It is JSON, but has neither `node` nor `pods`.
    Other,
}

impl std::fmt::Display for NotASummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("the kubelet answered 200 with an empty body"),
            Self::Malformed(malformed) => write!(f, "the answer is {malformed}"),
            Self::Other => {
                f.write_str("the answer is JSON but no summary: neither `node` nor `pods` is in it")
            }
        }
    }
}

impl std::error::Error for NotASummary {}

impl From<Malformed> for NotASummary {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Reads a whole body and hands its parts to `visitor`; what was stepped over is counted in the answer.
///
/// # Errors
/// The body is no summary. What the visitor got until then must be thrown away: a body that ends in the middle may
/// have lost anything.
pub fn read<'a>(body: &'a [u8], visitor: &mut impl Visit<'a>) -> Result<Rejected, NotASummary> {
    let mut reader = Reader::new(body);
    if reader.peek() == 0 && reader.position() == body.len() {
        return Err(NotASummary::Empty);
    }
    let mut pass = Pass {
        node: None,
        pods: None,
        regular: true,
    };
    pass.read(&mut reader, visitor)?;
    if pass.node.is_none() && pass.pods.is_none() {
        return Err(NotASummary::Other);
    }
    if pass.regular {
        Ok(reader.rejected())
    } else {
        pass.read_again(body, visitor)
    }
}

/// One way through a body's outermost object.
struct Pass {
    /// Where the last `node` stands.
    node: Option<usize>,
    /// Where the last `pods` stands.
    pods: Option<usize>,
    /// `node` came before `pods` and each came once, as every kubelet prints them.
    regular: bool,
}

impl Pass {
    fn read<'a>(&mut self, reader: &mut Reader<'a>, visitor: &mut impl Visit<'a>) -> Result<(), Malformed> {
        visitor.restart();
        reader.object(|reader, key| {
            match &*key {
                "node" => {
                    self.regular &= self.node.is_none() && self.pods.is_none();
                    self.node = Some(reader.position());
                    if self.regular {
                        return read_node(reader, visitor);
                    }
                }
                "pods" => {
                    self.regular &= self.node.is_some() && self.pods.is_none();
                    self.pods = Some(reader.position());
                    if self.regular {
                        return read_pods(reader, visitor);
                    }
                }
                _ => {}
            }
            reader.skip()
        })?;
        reader.end()
    }

    /// Every line needs the node's name, so a body that names it late, or twice, is gone through a second time.
    fn read_again<'a>(&self, body: &'a [u8], visitor: &mut impl Visit<'a>) -> Result<Rejected, NotASummary> {
        visitor.restart();
        let mut reader = Reader::new(body);
        match self.node {
            Some(at) => {
                reader.seek(at);
                read_node(&mut reader, visitor)?;
            }
            None => visitor.node(&Node::default()),
        }
        if let Some(at) = self.pods {
            reader.seek(at);
            read_pods(&mut reader, visitor)?;
        }
        Ok(reader.rejected())
    }
}

fn read_node<'a>(reader: &mut Reader<'a>, visitor: &mut impl Visit<'a>) -> Result<(), Malformed> {
    let mut node = Node::default();
    node.read(reader)?;
    visitor.node(&node);
    Ok(())
}

fn read_pods<'a>(reader: &mut Reader<'a>, visitor: &mut impl Visit<'a>) -> Result<(), Malformed> {
    let mut pod = Pod::default();
    reader.list(|reader| {
        pod.read(reader)?;
        visitor.pod(&pod);
        Ok(())
    })
}
