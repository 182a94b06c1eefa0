//! The rights that a kubelet asks the API server about, each a row of [`rights!`]: what we need, and what we must never have.
//!
//! What the log and `check` say of a right, what `check` asks for, and the role that it prints come from here; a test holds
//! the manifests to it. Knows nothing of who has a right, nor of roles.

use std::fmt;

/// A right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// As the kubelet makes it of a request's method.
    pub verb: &'static str,
    /// As the kubelet makes it of a request's path (`server/auth.go`); the resource is `nodes`, whatever is asked for.
    pub subresource: &'static str,
    /// Resource and subresource, as a role names them.
    pub name: &'static str,
    /// Whether we want it.
    pub worth: Worth,
}

/// Whether a right is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// A scrape needs it.
    Wanted,
    /// Pod metadata needs it, which has to be asked for.
    Optional,
    /// Nobody who scrapes should have it.
    Dangerous,
}

/// Makes of each row the right, of all of them [`Right::ALL`], and of each name a macro for texts that are put together when
/// compiled: `…!()` is its name, `…!(verb)` its verb, `…!(whole)` both, `…!(to)` what its holder
/// can do.
macro_rules! rights {
    ($($right:ident, $name:ident = $worth:ident $verb:literal $resource:literal / $subresource:literal, $to:literal;)*) => {
        impl Right {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$right,)*];

            $(
                #[doc = concat!("To ", $to, ".")]
                pub const $right: Self = Self {
                    verb: $verb,
                    subresource: $subresource,
                    name: concat!($resource, "/", $subresource),
                    worth: Worth::$worth,
                };
            )*
        }

        $(
            macro_rules! $name {
                () => { concat!($resource, "/", $subresource) };
                (verb) => { $verb };
                (to) => { $to };
                (whole) => { concat!("`", $verb, "` on `", $resource, "/", $subresource, "`") };
            }
            pub(crate) use $name;
        )*
    };
}

rights! {
    STATS, nodes_stats = Wanted "get" "nodes" / "stats", "read the summary";
    PODS, nodes_pods = Optional "get" "nodes" / "pods", "read what the API server says of the node's pods";
    PROXY, nodes_proxy = Dangerous "get" "nodes" / "proxy", "run commands in every container";
}

impl Right {
    /// All that is needed: for a scrape, or for one with pod metadata.
    pub fn needed(metadata: bool) -> impl Iterator<Item = &'static Self> {
        Self::ALL.iter().filter(move |right| match right.worth {
            Worth::Wanted => true,
            Worth::Optional => metadata,
            Worth::Dangerous => false,
        })
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}`", self.verb, self.name)
    }
}
