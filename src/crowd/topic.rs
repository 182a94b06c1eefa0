//! What can be so of a node.

use std::fmt;

/// What is so of a node, as far as nodes are told together of which the same is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Its scrapes fail, with this result.
    Fails(&'static str),
    /// It tells nothing of its pods' metadata, with this result.
    NoMetadata(&'static str),
    /// It lists no pod any more.
    NoPods,
    /// It lists twice what is one series.
    Twice,
    /// It has values of this kind, which are left out.
    LeftOut(&'static str),
    /// It has keys that are not known.
    Unknown,
    /// This expires, or has.
    Expires(&'static str),
}

impl Topic {
    /// Whether it begins and ends. What does not is told when it begins, and where it spreads.
    pub(super) fn lasts(self) -> bool {
        !matches!(self, Self::LeftOut(_) | Self::Unknown | Self::Expires(_))
    }

    /// Whether a node of which the one is so is none any more of which the other is.
    pub(super) fn excludes(self, other: Self) -> bool {
        self != other
            && matches!(
                (self, other),
                (Self::Fails(_), Self::Fails(_)) | (Self::NoMetadata(_), Self::NoMetadata(_))
            )
    }
}

/// What nodes do of which it is so.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(result) => write!(f, "fail with {result}"),
            Self::NoMetadata(result) => write!(f, "give no metadata of pods ({result})"),
            Self::NoPods => f.write_str("list no pod any more"),
            Self::Twice => f.write_str("list twice what is one series"),
            Self::LeftOut(_) => f.write_str("have values that are left out"),
            Self::Unknown => f.write_str("have keys that this version does not know"),
            Self::Expires(what) => write!(f, "say that {what} expires, or has"),
        }
    }
}
