//! Handshakes that have no end, or a late one: what they cost.

use test_kubelet::Peer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::process;
use super::support::check::of_check;
use super::support::plugin::{Plugin, command};
use super::support::scrape::assert_failed;

/// Reads what a client says first.
async fn hello(stream: &mut TcpStream) {
    // Whatever comes; one that does not come is no matter of this.
    let _ = stream.read(&mut [0; 4096]).await;
}

/// A record of a handshake with so many bytes of it.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[22, 3, 3][..], &length, bytes].concat()
}

/// Hundredths of a second. A processor that is kept busy until the deadline would have spent far more.
const MUCH: u64 = 100;

#[test]
fn a_handshake_without_an_end_is_told_as_that_and_costs_little() {
    // The beginning of a certificate of 64 KiB less one byte, which is as long as one may be.
    let certificate = [11, 0, 0xff, 0xff];
    // All of it in records as large as they come, and byte by byte, six of which are sent for each.
    for size in [16 * 1024, 1, 7] {
        let endless = move |mut stream: TcpStream| async move {
            hello(&mut stream).await;
            let more = record(&vec![0; size]).repeat(16 * 1024 / size);
            let _ = stream.write_all(&record(&certificate)).await;
            while stream.write_all(&more).await.is_ok() {}
        };
        let peer = Peer::over_tcp(endless);
        let dir = tempfile::tempdir().unwrap();
        let config = format!("{}  response_timeout = \"5s\"\n", peer.block());
        let mut plugin = Plugin::start(command(dir.path(), &config));
        plugin.tick();
        let batch = plugin.batch();
        let said = plugin.log();
        let spent = process::processor(plugin.pid());
        assert!(batch[0].contains(",result=tls,"), "{size}: {batch:#?} {said}");
        assert!(said.contains("the handshake does not end"), "{size}: {said}");
        assert!(
            spent <= MUCH,
            "{size}: {spent} hundredths of a second of processor time"
        );
    }
}

/// A message of a handshake: as long as rustls takes one, if `fill` says so. What is in it is read later than it comes.
fn message(kind: u8, begin: &[u8], fill: bool) -> Vec<u8> {
    let length = if fill { LONGEST_MESSAGE } else { begin.len() };
    let mut message = vec![kind];
    message.extend(&u32::try_from(length).unwrap().to_be_bytes()[1..]);
    message.extend(begin);
    message.resize(4 + length, 0);
    message.chunks(16 * 1024).flat_map(record).collect()
}

/// rustls holds 65,535 bytes, the heads of records among them.
const LONGEST_MESSAGE: usize = 65_400;

/// The first half of a handshake of TLS 1.2, which nothing protects yet, with all of its messages as long as they may be
/// (RFC 5246, section 7.4; RFC 8422, section 5.4): 320 KiB.
fn longest_handshake() -> Vec<u8> {
    let two = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    // The version, 32 bytes of chance, no session, ECDHE-RSA-AES128-GCM-SHA256, no compression, and that the state of the
    // certificate follows (RFC 6066, section 8).
    let server_hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0], &two(4), &[0, 5, 0, 0]].concat();
    let three = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
    let certificate = [three(LONGEST_MESSAGE - 3), three(LONGEST_MESSAGE - 6)].concat();
    let state = [vec![1], three(LONGEST_MESSAGE - 4)].concat();
    // A key on X25519, and an RSA signature of it.
    let signature = [&[8, 4][..], &two(LONGEST_MESSAGE - 40)].concat();
    let key = [&[3, 0, 29, 32][..], &[9; 32], &signature].concat();
    // Of those whose certificates are taken there is one, and its name is long.
    let (names, name) = (LONGEST_MESSAGE - 8, LONGEST_MESSAGE - 10);
    let request = [&[1, 1, 0, 2, 4, 3][..], &two(names), &two(name)].concat();
    [
        message(2, &server_hello, false),
        message(11, &certificate, true),
        message(22, &state, true),
        message(12, &key, true),
        message(13, &request, true),
        message(14, &[], true),
    ]
    .concat()
}

/// No message is too long by itself, so it is the connection's own limit that ends this. It has to be reached: a client
/// that stops to read in a handshake, with more to be read, would wake itself until the deadline.
#[test]
fn a_handshake_of_more_than_is_allowed_is_told_as_that() {
    let peer = Peer::over_tcp(|mut stream| async move {
        hello(&mut stream).await;
        let _ = stream.write_all(&longest_handshake()).await;
        // No more comes, and the connection stays.
        let _ = stream.read(&mut [0; 1]).await;
    });
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), &peer.block()));
    assert_failed(&left, "tls", None, &["the handshake does not end"]);
    let checked = of_check(dir.path(), &peer.block()).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(
        said.contains("[tls_broken]") && said.contains("the handshake does not end"),
        "{said}"
    );
}
