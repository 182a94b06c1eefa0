//! One HTTPS client: who we are, whom we believe, and how a question gets to its answer.
//!
//! What peers share is a [`Profile`] (credential, trust, deadline; its files are read once for all of them), what is of
//! one peer alone is a [`Target`]; a [`Client`] asks the one as the other says. Knows files, TLS and HTTP. Must not know
//! whom it asks: no kubelet, no API server, no path of theirs. What a [`Failure`] means is for who knows that.
//!
//! A connection is a value. All that is done for it is done while somebody waits for an answer, so that one which is
//! kept costs nothing, whatever its peer sends; and with the value its descriptor is gone, whatever its peer does.
//! Libraries that hand connections to tasks of the event loop can promise neither (see DESIGN.md).
//!
//! The way to an answer: [`Resolver`] (addresses), [`connect`] (one of them), [`Connection::open`] (TLS and HTTP),
//! [`Connection::ask`] (one question). Each is a step of its own, so that whoever runs out of patience knows at which.

pub mod algorithm;
mod asking;
pub mod certificate;
mod claims;
mod common_name;
mod connection;
mod connections;
mod dial;
mod failure;
mod fault;
mod file_error;
mod fitting;
mod http1;
mod identity;
pub mod inspect;
mod life;
mod look;
mod named_file;
mod pem;
mod pin;
mod profile;
mod query;
mod request;
mod resolve;
mod settings;
mod shown;
mod stream;
mod tasks;
mod tls;
mod together;
mod token;
mod trust;
mod verifier;
mod wire;

pub use asking::{Beginning, Client, Following};
pub use claims::Claims;
pub use common_name::OtherCommonName;
pub use connection::{Connection, Reply};
pub use connections::MAX_CONNECTION_AGE;
pub use dial::connect;
pub use failure::{Failure, Phase, Refused};
pub use fault::{Ending, Exchange, Handshake, Unreached};
pub use file_error::{FileError, FileFault, TokenFault};
pub use fitting::{fits, is_server_name};
pub use life::{Left, Life};
pub use pem::{PemFault, Wanted};
pub use pin::Pin;
pub use profile::Profile;
pub use query::Query;
pub use resolve::Resolver;
pub use settings::{Anchors, Credential, Scheme, Settings, Target, Trust, Url};
pub use shown::{Seen, Shown};
