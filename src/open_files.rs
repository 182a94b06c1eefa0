//! How many files the process may have open: each kubelet has a connection of its own, which is one of them.
//!
//! Most systems let a process have 1024 until it asks for more, and many times that if it does. Knows numbers, and nothing of
//! who opens what.

use rustix::process::{Resource, getrlimit, setrlimit};

/// So many are left for all else: the three that every process has, the event loop's, those to an API server, files that are
/// looked at, and a second connection where one is slow.
const FOR_ALL_ELSE: u64 = 64;

/// The usual way to more of them, for a log or a report.
pub const MEND: &str = "LimitNOFILE of its service, or `ulimit -n` where it starts";

/// What so many kubelets would need, where the system allows less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// How many the system allows.
    pub allowed: u64,
    /// How many it should.
    pub needed: u64,
}

/// Lets the process have as many as the system allows it. What is opened beyond that fails by itself, and is told.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // That may be refused as well, and nothing is worse than before then.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Whether there are too few for so many kubelets, even after [`raise`].
#[must_use]
pub fn too_few_for(kubelets: usize) -> Option<TooFew> {
    too_few(kubelets, getrlimit(Resource::Nofile).maximum)
}

fn too_few(kubelets: usize, allowed: Option<u64>) -> Option<TooFew> {
    let needed = u64::try_from(kubelets)
        .unwrap_or(u64::MAX)
        .saturating_add(FOR_ALL_ELSE);
    let allowed = allowed.filter(|&allowed| allowed < needed)?;
    // One kubelet alone is no matter of how many there are.
    (kubelets > 1).then_some(TooFew { allowed, needed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_one_for_each_and_some_more() {
        assert_eq!(too_few(1_000, Some(1_064)), None);
        let lack = TooFew {
            allowed: 1_024,
            needed: 1_064,
        };
        assert_eq!(too_few(1_000, Some(1_024)), Some(lack));
        assert_eq!(too_few(1_000_000, None), None);
        assert_eq!(too_few(1, Some(10)), None);
    }
}
