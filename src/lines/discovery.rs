//! The line about the nodes that are discovered, `kubelet_discovery`: one a tick and member.
//!
//! Nodes that nobody scrapes have no line of their own; that there are some is seen by these.

use super::report::report;

/// Its measurement.
pub const MEASUREMENT: &str = "kubelet_discovery";

report! {
    /// What is told of the nodes. `None` is not written, nor is a tag without a text.
    DiscoveryReport
    tags {
        member: "this member's name: the pod's or the host's";
    }
    fields {
        result_code: u8, "", "0 while the API server answers, else why it does not, by the numbers of `kubelet_scrape`";
        nodes: u64, "", "nodes that are to be scraped, by any member; those of the last list, while the API server is away";
        nodes_mine: u64, "", "those of them that this member scrapes";
        nodes_ready: u64, "", "those of them whose kubelet says that it is ready";
        members: u64, "", "members that share the nodes, as far as this one knows; 1 where they are not shared; 0 while this one knows of none that may write, as before its Lease is there or while it can not be renewed";
        watch_age_seconds: Option<u64>, "s", "since the API server last said anything of nodes; absent before the first list";
    }
}
