//! Who of several members scrapes which node: each node is one live member's, and never two's.
//!
//! A state machine without I/O and without a clock of its own: [`Member::step`] says what to do next, [`Member::answered`]
//! takes what came of it. Knows members, nodes by name, and moments. Must not know how a Lease is asked for, or what a
//! node is scraped for; so that a simulation can drive it through ten thousand bad days in a minute.
//!
//! # How it works
//!
//! Each life of a member has a Lease of its own, whose name no other life ever has. In it stands whom it *goes by*: the
//! Leases that it has seen and counts as alive. A node belongs to the member whose name and the node's have the highest
//! hash among those that one goes by ([`rendezvous`]), so that with a member only its own share comes or goes.
//!
//! Three rules make that a node has never two writers:
//!
//! 1. **Who is new waits.** It makes its Lease, lists all Leases after that, and writes nothing until each of the others
//!    that is alive goes by it, or is gone. Of two members one made its Lease later, and has seen the other's.
//! 2. **Who sees somebody new gives up first.** From the moment at which a member knows of another one it writes nothing
//!    of that one's share, and only then it says in its Lease that it goes by it.
//! 3. **Who could not renew stops early, who waits for that waits long.** A member writes for three fifths of the Lease's
//!    duration from when it *sent* its last renewal; others count it as alive for more than three quarters of it from when
//!    they *saw* that. Clocks may differ in speed by a quarter, then, and none needs to be right. A Lease that ran out is
//!    never renewed: its member begins another life, with another Lease, as somebody new.
//!
//! And one makes that an interval has never two: what was taken over is scraped from an interval on that begins after it
//! was ([`crate::permit::is_its_own`]).
//!
//! Times are [`Times`]'s, all made of the one duration that is configured.

mod lease;
mod member;
mod others;
pub mod rendezvous;
mod times;

pub use lease::Lease;
pub use member::{Answer, Member, Step};
pub use others::Misfit;
pub use times::{Moment, Times};
