//! A TCP connection to one of a host's addresses.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::Unreached;
use crate::system;

/// So long an address is tried before the next one is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// One address that is being tried.
struct Attempt {
    address: SocketAddr,
    connecting: Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>,
}

/// A connection to the first address that takes one.
///
/// # Errors
/// [`Unreached::Refused`], with what each of them says.
pub async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Unreached> {
    let mut attempts = Vec::new();
    let mut refused = Vec::new();
    let mut next = addresses.iter();
    loop {
        let (address, outcome) = match next.next() {
            Some(&address) => {
                attempts.push(Attempt {
                    address,
                    connecting: Box::pin(TcpStream::connect(address)),
                });
                match timeout(HEAD_START, first(&mut attempts)).await {
                    Ok(decided) => decided,
                    Err(_) => continue,
                }
            }
            None if attempts.is_empty() => return Err(Unreached::Refused(refused)),
            None => first(&mut attempts).await,
        };
        match outcome {
            Ok(tcp) => {
                // A question is one small packet, which is not to wait for the acknowledgement of another. Where that
                // is refused it is only slower.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => refused.push((address, system::Fault::new(&error))),
        }
    }
}

/// The first attempt that is decided, which is none any more.
async fn first(attempts: &mut Vec<Attempt>) -> (SocketAddr, io::Result<TcpStream>) {
    poll_fn(|cx| {
        for at in 0..attempts.len() {
            if let Poll::Ready(outcome) = attempts[at].connecting.as_mut().poll(cx) {
                return Poll::Ready((attempts.swap_remove(at).address, outcome));
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Listening, and an address at which nobody is.
    fn both() -> (TcpListener, SocketAddr, SocketAddr) {
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listening.local_addr().unwrap();
        let nobody = SocketAddr::new("127.0.0.2".parse().unwrap(), address.port());
        (listening, address, nobody)
    }

    #[tokio::test]
    async fn every_address_is_tried() {
        let (_listening, address, nobody) = both();
        for addresses in [[nobody, address], [address, nobody]] {
            let tcp = connect(&addresses).await.unwrap();
            assert_eq!(tcp.peer_addr().unwrap(), address);
        }
        let refused = connect(&[nobody, nobody]).await.unwrap_err();
        let each = (nobody, system::Fault::Refused);
        assert_eq!(refused, Unreached::Refused(vec![each, each]));
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_holds_up_no_other() {
        // A queue that is full takes no connection and refuses none.
        let full = rustix::net::socket(
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::STREAM,
            None,
        )
        .unwrap();
        rustix::net::bind(&full, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
        rustix::net::listen(&full, 0).unwrap();
        let silent: SocketAddr = rustix::net::getsockname(&full).unwrap().try_into().unwrap();
        let mut held = Vec::new();
        while let Ok(Ok(tcp)) = timeout(Duration::from_millis(100), TcpStream::connect(silent)).await {
            held.push(tcp);
        }
        let (_listening, address, _) = both();
        let tcp = connect(&[silent, address]).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), address);
    }
}
