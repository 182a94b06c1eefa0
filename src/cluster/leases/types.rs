//! The API's types, as far as anything of them is wanted: a `coordination.k8s.io/v1` Lease, keys in Go's order, every value
//! optional.

use crate::json::{Pairs, Text, Whole, object};

object! {
    /// A Lease.
    Lease {
        /// What names it, and is said of it.
        metadata: Metadata<'a> = "metadata",
        /// What it is about.
        spec: Spec<'a> = "spec",
    }

    /// What names a Lease, and is said of it.
    Metadata {
        /// Its name.
        name: Text<'a> = "name",
        /// What it is, of all that ever had its name.
        uid: Text<'a> = "uid",
        /// The state that it is of.
        resource_version: Text<'a> = "resourceVersion",
        /// What is said of it.
        annotations: Pairs<'a> = "annotations",
    }

    /// What a Lease is about.
    Spec {
        /// Whose it is.
        holder: Text<'a> = "holderIdentity",
        /// For how many seconds.
        duration: Whole<'a> = "leaseDurationSeconds",
    }
}
