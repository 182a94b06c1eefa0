//! Telegraf's own `inputs.kubernetes` beside us on one kubelet: what both have is the same.

use std::collections::BTreeMap;

use crate::machine::{Cluster, KUBELET, NODE, cluster};
use crate::pod::{self, NAMESPACE, Volume};
use crate::support::lines::{Key, Number, parse};
use crate::wait::until;
use crate::{images, load};

/// What tells its series apart. It has `host` from Telegraf too, and from `/pods`, which we do not ask for, the image.
const TAGS: [&str; 5] = [
    "container_name",
    "namespace",
    "node_name",
    "pod_name",
    "volume_name",
];

fn fields(lines: &str) -> BTreeMap<Key, Number> {
    let fields = parse(lines)
        .into_iter()
        .map(|((measurement, mut tags, field), number)| {
            tags.retain(|tag, _| TAGS.contains(&tag.as_str()));
            ((measurement, tags, field), number)
        });
    fields.collect()
}

fn ours(cluster: &Cluster, volume: &Volume) -> BTreeMap<Key, Number> {
    fields(&format!(
        "{}\n",
        cluster
            .until_scraped(&volume.config(), "success")
            .stdout
            .join("\n")
    ))
}

/// One gathering of the peer.
fn peers(cluster: &Cluster, volume: &Volume) -> BTreeMap<Key, Number> {
    let config = volume
        .config()
        .replace("[[inputs.kubelet]]", "[[inputs.kubernetes]]");
    assert!(config.contains(KUBELET), "{config}");
    let agent = format!(
        "[agent]\n  hostname = \"{NODE}\"\n  skip_processors_after_aggregators = true\n\
         [[outputs.file]]\n  files = [\"stdout\"]\n  data_format = \"influx\"\n"
    );
    let file = cluster.write("peer.conf", &format!("{agent}{config}"));
    let output = cluster
        .inside(&images::telegrafs_path(), &["--once", "--config"])
        .arg(file)
        .output()
        .expect("a shell");
    let [said, log] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("UTF-8"));
    assert!(output.status.success() && !log.contains(" E! "), "{log}");
    fields(&said)
}

#[test]
fn shared_series_agree_with_the_peer() {
    let mut cluster = cluster();
    load::start(&cluster);
    cluster.apply(&pod::guides_account());
    // It asks for /pods as well, for which a kubelet has two names of the right.
    cluster.sh(&format!(
        "kubectl create serviceaccount -n {NAMESPACE} peer --dry-run=client -o yaml | kubectl apply -f -
         kubectl create clusterrole telegraf-kubelet-peer --verb=get --resource=nodes/stats,nodes/pods,nodes/proxy \
         --dry-run=client -o yaml | kubectl apply -f -
         kubectl create clusterrolebinding telegraf-kubelet-peer --clusterrole=telegraf-kubelet-peer \
         --serviceaccount={NAMESPACE}:peer"
    ));
    let volume = Volume::created(&mut cluster, "peer", "peer", &[]);
    cluster.until_scraped(&volume.config(), "success");
    let mut found = (0, 0, 0);
    until("most numbers stay the same for a moment", || {
        let before = ours(&cluster, &volume);
        let peers = peers(&cluster, &volume);
        let after = ours(&cluster, &volume);
        found = compare(&before, &peers, &after);
        let (same, moving, _) = found;
        (same > moving).then_some(())
    });
    let (same, moving, absent) = found;
    eprintln!(
        "{same} numbers the same, {moving} of one type that moved meanwhile, {absent} that the kubelet does not have"
    );
    assert!(same > 50, "{same}");
}

/// How many numbers are the same, moved while it was asked, and are not the kubelet's.
fn compare(
    before: &BTreeMap<Key, Number>,
    peers: &BTreeMap<Key, Number>,
    after: &BTreeMap<Key, Number>,
) -> (usize, usize, usize) {
    let (mut same, mut moving, mut absent) = (0, 0, 0);
    for (key, theirs) in peers {
        match (before.get(key), after.get(key)) {
            (Some(one), Some(other)) if one == other => {
                assert_eq!(theirs, one, "{key:?}");
                same += 1;
            }
            (Some(one), Some(_)) => {
                assert_eq!(
                    std::mem::discriminant(theirs),
                    std::mem::discriminant(one),
                    "{key:?}"
                );
                moving += 1;
            }
            // It writes 0 for what the kubelet does not say. We write nothing.
            (None, None) => {
                assert_eq!(*theirs, Number::Integer(0), "{key:?}");
                absent += 1;
            }
            // A container came or went.
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
    (same, moving, absent)
}
