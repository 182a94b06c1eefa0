//! What a member says of itself where all can read it.

use std::time::Duration;

/// A Lease as far as members need it. How it is written is [`crate::cluster::leases`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its name: that of one life of a member, which no other ever has.
    pub id: String,
    /// Whose it is. A member that is started again has the same name, and so the same share.
    pub member: String,
    /// The server's number for what it says; another one at each renewal. Empty in one that is still to be made.
    pub version: String,
    /// What the server made of it when it was made; empty before. A Lease of the same name that is made again has another, and
    /// one that is gone is made again by whoever says what it is to be (`AllowCreateOnUpdate`), but for who names this.
    pub uid: String,
    /// How long others may count it as alive without another renewal.
    pub duration: Duration,
    /// The ids of those that its member goes by, in order.
    pub goes_by: Vec<String>,
}
