//! Many kubelets in one process: none of them holds up another, whatever it does and however little room there is.

mod support;

use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use support::lines::{Number, parse};
use support::plugin::{PATIENCE, Plugin, block, command};
use test_kubelet::api::{ApiOptions, NodeSpec, TestApiServer};
use test_kubelet::crowd::{Crowd, Dead, Member, members};
use test_kubelet::{Cluster, Fault, GeneratorOptions, Options, Peer, TestKubelet, summary};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The configuration of these blocks, with room for one answer at a time.
fn with_one_room(blocks: &[String]) -> String {
    let mut config = blocks.concat();
    config.push_str("  max_concurrent = 1\n");
    config
}

/// Whose tick the next batch is of, what became of it, and how long that took.
fn told(plugin: &Plugin) -> (String, String, f64) {
    let batch = plugin.batch();
    let last = parse(&format!("{}\n", batch.last().unwrap()));
    let took = last.iter().find(|((_, _, name), _)| name == "response_seconds");
    let Some(((_, tags, _), Number::Float(took))) = took else {
        panic!("{batch:#?}")
    };
    (tags["url"].clone(), tags["result"].clone(), *took)
}

#[test]
fn who_never_answers_holds_up_nobody() {
    let kubelets: Vec<_> = (0..19).map(|_| TestKubelet::start(Options::default())).collect();
    // One takes the question and says nothing to it, another does not even shake hands.
    kubelets[0].set_fault(Fault::Silent);
    let mute = Peer::over_tcp(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    let late = "  response_timeout = \"4s\"\n";
    let mut blocks = vec![mute.block()];
    blocks.extend(kubelets.iter().map(block));
    let blocks: Vec<_> = blocks.into_iter().map(|block| block + late).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_one_room(&blocks)));
    plugin.tick();
    let results: Vec<_> = (0..20).map(|_| told(&plugin).1).collect();
    assert!(
        results[..18].iter().all(|result| result == "success"),
        "{results:?}"
    );
    assert_eq!(results[18..], ["timeout", "timeout"]);
}

/// A kubelet that begins an answer without an end, and tells when so much of it was read that somebody has room for it:
/// more than all buffers on the way hold.
fn without_end() -> (Peer, Receiver<()>) {
    const MORE_THAN_BUFFERS: usize = 16 * 1024 * 1024;
    let (sender, read) = channel();
    let peer = Peer::over_tls(&Options::default(), move |mut wire| {
        let sender = sender.clone();
        async move {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n";
            let body = vec![b' '; MORE_THAN_BUFFERS];
            let mut question = [0; 4096];
            assert!(wire.read(&mut question).await.expect("a question") > 0);
            wire.write_all(head).await.expect("a reader");
            wire.write_all(&body).await.expect("a reader");
            sender.send(()).expect("the test waits");
            std::future::pending::<()>().await;
        }
    });
    (peer, read)
}

#[test]
fn to_wait_for_room_is_not_to_wait_for_a_kubelet() {
    let (slow, read) = without_end();
    let quick = TestKubelet::start(Options::default());
    quick.set_fault(Fault::Silent);
    let blocks = [
        slow.block() + "  response_timeout = \"9s\"\n",
        block(&quick) + "  response_timeout = \"4s\"\n",
    ];
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_one_room(&blocks)));
    plugin.tick();
    read.recv_timeout(PATIENCE).unwrap();
    // The one room is the slow one's, for longer than the quick one may take.
    quick.set_fault(Fault::None);
    let (url, result, _) = told(&plugin);
    assert_eq!((url, result.as_str()), (slow.url(), "timeout"));
    let (url, result, took) = told(&plugin);
    assert_eq!((url, result.as_str()), (quick.url(), "success"));
    assert!(took < 4.0, "{took} s");
}

/// So many kubelets of no pods, in one thread.
fn small(count: usize) -> Peer {
    let options = GeneratorOptions {
        pods: 0,
        ..GeneratorOptions::default()
    };
    let body = summary(&options, 1);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), &body].concat();
    Peer::many_over_tls(count, &Options::default(), move |mut wire| {
        let answer = answer.clone();
        async move {
            let mut question = Vec::new();
            while let Ok(1..) = wire.read_buf(&mut question).await {
                if question.ends_with(b"\r\n\r\n") {
                    question.clear();
                    if wire.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        }
    })
}

/// The program where so many files may be open: `ulimit -n`, of which `-S` can be raised again.
fn limited(limit: &str, peer: &Peer) -> (tempfile::TempDir, Plugin) {
    let dir = tempfile::tempdir().unwrap();
    let plugin = command(dir.path(), &peer.blocks().concat());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")])
        .arg(plugin.get_program())
        .args(plugin.get_args());
    (dir, Plugin::start(limited))
}

/// How many of so many scrapes of a tick have this result.
fn count(plugin: &mut Plugin, of: usize, result: &str) -> usize {
    plugin.tick();
    let results: Vec<_> = (0..of).map(|_| told(plugin).1).collect();
    results.iter().filter(|told| *told == result).count()
}

#[test]
fn as_many_files_are_opened_as_the_system_allows() {
    let peer = small(40);
    let (_dir, mut plugin) = limited("-S -n 32", &peer);
    assert_eq!(count(&mut plugin, 40, "success"), 40);
}

#[test]
fn more_kubelets_than_files_are_told_with_how_many_it_takes() {
    let peer = small(40);
    let (_dir, mut plugin) = limited("-n 32", &peer);
    let said = plugin.log();
    assert!(
        said.starts_with("W! 40 kubelets are to be asked, and the process may have 32 files open")
            && said.contains("LimitNOFILE")
            && said.contains("104 or more"),
        "{said}"
    );
    let good = count(&mut plugin, 40, "success");
    assert!((1..32).contains(&good), "{good} of 40");
    // What has a connection keeps it, so that the same ones are asked.
    assert_eq!(count(&mut plugin, 40, "success"), good);
    assert_eq!(count(&mut plugin, 40, "connection_failed"), 40 - good);
}

#[test]
fn of_a_crowd_with_dead_ones_each_is_told_and_who_lives_first() {
    let network = u8::try_from(std::process::id() % 64).unwrap() + 192;
    let members = members(40, network, 10);
    let cluster = Cluster::new();
    let node = |member: &Member| NodeSpec::new(&member.name, &member.ip.to_string(), member.address().port());
    let options = ApiOptions {
        nodes: members.iter().map(node).collect(),
        ..ApiOptions::default()
    };
    let api = TestApiServer::start_of(&cluster, options);
    let _crowd = Crowd::start(&cluster, members.clone(), 1);
    let config = format!(
        "[[inputs.kubelet]]\n  discover = \"nodes\"\n  api_server = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n  \
         tls_verify_node = true\n  response_timeout = \"2s\"\n",
        api.url(),
        api.files().token.display(),
        api.files().ca.display()
    );
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &config));
    plugin.tick();
    let told: Vec<_> = (0..members.len())
        .map(|_| {
            let batch = plugin.batch();
            let last = parse(&format!("{}\n", batch.last().unwrap()));
            let tags = &last[0].0.1;
            (tags["node_name"].clone(), tags["result"].clone())
        })
        .collect();
    for Member { name, dead, .. } in &members {
        let results: Vec<_> = told.iter().filter(|(node, _)| node == name).collect();
        let expected = match dead {
            None => "success",
            Some(Dead::Refuses) => "connection_failed",
            Some(Dead::Mute | Dead::Lost) => "timeout",
        };
        assert!(
            matches!(results[..], [(_, result)] if result == expected),
            "{name} {dead:?}: {results:?}"
        );
    }
    let first_late = told.iter().position(|(_, result)| result == "timeout");
    let last_good = told.iter().rposition(|(_, result)| result == "success");
    assert!(last_good < first_late, "{told:#?}");
}
