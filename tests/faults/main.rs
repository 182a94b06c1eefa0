//! Everything that can go wrong, from outside: with a kubelet, with the way to it, and on our own side.
//!
//! A fault of a kubelet is a row: of [`answers`], which are a kubelet's over either protocol, of [`tls`], [`http1`] and
//! [`http2`], which no kubelet gives, and of [`ends`], [`lengths`] and [`frames`]. [`suffer`] takes each through one program,
//! beside a kubelet that is well: good, then the fault, then good again. What peers do that never come to an end is tried for
//! many ticks as well, all of them at once ([`floods`]).
//!
//! Our own side is a module for each thing that Telegraf, the system or somebody at the machine can do to us.

mod answers;
mod clock;
mod ends;
mod files;
mod floods;
mod frames;
mod gauge;
mod handshake;
mod http1;
mod http2;
mod idle;
mod killed;
mod lack;
mod lengths;
mod memory;
mod names;
mod paused;
mod process;
mod prompts;
mod signals;
mod stderr;
mod stdin;
mod stdout;
mod suffer;
#[path = "../support/mod.rs"]
mod support;
mod tls;

use std::future::Future;
use std::pin::Pin;

use test_kubelet::{GeneratorOptions, Options, Peer, Wire, summary};

use gauge::Gauge;

/// What a peer does with a connection.
type Conduct = Box<dyn Fn(Wire, Gauge) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A way to harm others, or to try, once TLS is there.
struct Harm {
    /// What it is, for the failure.
    name: String,
    /// Whether the peer offers HTTP/2.
    http2: bool,
    /// What becomes of a tick: the results that are right.
    results: &'static [&'static str],
    conduct: Conduct,
}

impl Harm {
    fn new<F>(
        name: impl Into<String>,
        results: &'static [&'static str],
        conduct: impl Fn(Wire, Gauge) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            name: name.into(),
            http2: false,
            results,
            conduct: Box::new(move |wire, gauge| Box::pin(conduct(wire, gauge))),
        }
    }

    /// A peer that does it, and what is known of it.
    fn start(self) -> (Peer, Gauge, Expected) {
        let options = Options {
            http2: self.http2,
            ..Options::default()
        };
        let (gauge, conduct) = (Gauge::default(), self.conduct);
        let told = gauge.clone();
        let peer = Peer::over_tls(&options, move |wire| conduct(wire, told.clone()));
        let expected = Expected {
            name: self.name,
            results: self.results,
        };
        (peer, gauge, expected)
    }

    /// It never ends by itself, so the deadline ends it.
    fn stalls(&self) -> bool {
        self.results.contains(&"timeout")
    }
}

/// What has to become of each tick of a peer.
struct Expected {
    name: String,
    results: &'static [&'static str],
}

/// A small summary.
fn body() -> Vec<u8> {
    let small = GeneratorOptions {
        pods: 1,
        containers: 1,
        node_name: "harm".to_owned(),
        psi: false,
    };
    summary(&small, 1)
}
