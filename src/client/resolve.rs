//! A host's addresses.
//!
//! The system's resolver blocks, for as long as it likes, so it is asked in a thread of its own. Tokio's would abort the
//! process where no thread is to be had, and start one more at each attempt while the others hang.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::thread;

use tokio::sync::oneshot;

use super::fault::Unreached;
use crate::system;

/// More addresses than that are not tried: a node has one or two.
const MOST: usize = 8;

/// What the system's resolver says.
type Found = io::Result<Vec<SocketAddr>>;

/// The addresses of one host, at each time anew.
#[derive(Debug)]
pub struct Resolver {
    host: String,
    port: u16,
    /// A question that nobody waited for until it was answered.
    asked: Option<oneshot::Receiver<Found>>,
}

impl Resolver {
    /// For this name or address.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            asked: None,
        }
    }

    /// At least one address. A literal one needs nobody; for a name there is one thread at most, however often this is
    /// begun and given up.
    ///
    /// # Errors
    /// There is none, or nobody can be asked.
    pub async fn addresses(&mut self) -> Result<Vec<SocketAddr>, Unreached> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        // An answer that came while nobody waited may be old.
        let waiting = self.asked.take().and_then(|mut asked| {
            matches!(asked.try_recv(), Err(oneshot::error::TryRecvError::Empty)).then_some(asked)
        });
        let asked = match waiting {
            Some(asked) => asked,
            None => self.ask().map_err(|_| Unreached::NoThread)?,
        };
        let found = self.asked.insert(asked).await;
        self.asked = None;
        match found {
            Ok(Ok(mut found)) => {
                found.dedup();
                found.truncate(MOST);
                if found.is_empty() {
                    Err(Unreached::UnknownName)
                } else {
                    Ok(found)
                }
            }
            Ok(Err(error)) => Err(explain(&error)),
            // It ended without an answer, which it never does.
            Err(_) => Err(Unreached::NoResolver),
        }
    }

    fn ask(&self) -> io::Result<oneshot::Receiver<Found>> {
        let (answer, asked) = oneshot::channel();
        let (host, port) = (self.host.clone(), self.port);
        thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
                // Nobody may be waiting any more.
                let _ = answer.send(found.map_err(reason));
            })?;
        Ok(asked)
    }
}

/// A resolver that may open no files says that there is no such name: then it is that.
fn reason(error: io::Error) -> io::Error {
    match File::open("/") {
        Err(lack) if system::Fault::new(&lack).is_lack() => lack,
        _ => error,
    }
}

/// `EAI_NONAME` and `EAI_NODATA`, of glibc and of musl.
const UNKNOWN: &[&str] = &[
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "Name has no usable address",
];

/// `EAI_AGAIN`, of both.
const AGAIN: &[&str] = &["Temporary failure in name resolution", "Try again"];

/// `EAI_MEMORY`, of both.
const MEMORY: &[&str] = &["Memory allocation failure", "Out of memory"];

/// The C library tells its reason by a sentence of its own list, which is all that the standard library passes on.
fn explain(error: &io::Error) -> Unreached {
    if error.raw_os_error().is_some() {
        return Unreached::Lookup(system::Fault::new(error));
    }
    let said = error.to_string();
    let is_any_of = |sentences: &[&str]| sentences.iter().any(|sentence| said.ends_with(sentence));
    if is_any_of(UNKNOWN) {
        Unreached::UnknownName
    } else if is_any_of(AGAIN) {
        Unreached::NoResolver
    } else if is_any_of(MEMORY) {
        Unreached::Lookup(system::Fault::NoMemory)
    } else {
        Unreached::ResolverFails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_literal_address_is_its_own() {
        for (host, address) in [("10.0.0.1", "10.0.0.1:1"), ("fd00::1", "[fd00::1]:1")] {
            let found = Resolver::new(host, 1).addresses().await;
            assert_eq!(found, Ok(vec![address.parse().unwrap()]));
        }
    }

    #[test]
    fn who_does_not_know_is_told_from_who_does_not_answer() {
        let said = |words: &str| explain(&io::Error::other(format!("failed to look up: {words}")));
        let memory = Unreached::Lookup(system::Fault::NoMemory);
        for (words, want) in [
            ("Name or service not known", Unreached::UnknownName),
            ("No address associated with hostname", Unreached::UnknownName),
            ("Name does not resolve", Unreached::UnknownName),
            ("Name has no usable address", Unreached::UnknownName),
            ("Temporary failure in name resolution", Unreached::NoResolver),
            ("Try again", Unreached::NoResolver),
            ("Memory allocation failure", memory.clone()),
            ("Out of memory", memory),
            (
                "Non-recoverable failure in name resolution",
                Unreached::ResolverFails,
            ),
            ("Non-recoverable error", Unreached::ResolverFails),
            ("Unknown error", Unreached::ResolverFails),
        ] {
            assert_eq!(said(words), want, "{words}");
        }
        let number = io::Error::from(rustix::io::Errno::MFILE);
        assert_eq!(explain(&number), Unreached::Lookup(system::Fault::NoMoreFiles));
    }
}
