//! Client certificates: made by the guide's own commands, and the kubelet's own on its node.

use crate::machine::{Cluster, KUBELET, NODE, cluster};
use crate::support::page::{self, Block};
use crate::support::plugin::PATIENCE;
use crate::told::{Fault, assert_well};

const GUIDE: &str = "client-certificate-in-the-cluster.md";

const FORBIDDEN: Fault = Fault {
    result: "forbidden",
    status: Some(403),
    step: "authorization",
    diagnosis: "forbidden",
};

/// A guide's block by a part of it, or by what is written above it.
fn block(guide: &str, language: &str, which: impl Fn(&Block) -> bool) -> String {
    let blocks = page::guide(guide).of_language(language);
    let block = blocks.into_iter().find(|block| which(block));
    block.unwrap_or_else(|| panic!("{guide}: no such block")).text
}

/// Key, request, approval and certificate, as the guide has them.
fn make(cluster: &Cluster) {
    let commands = block(GUIDE, "sh", |block| block.text.contains("openssl req -new"));
    cluster.sh(&commands);
}

/// The guide's configuration, with what was made in the places of the Secret's volume.
fn config(cluster: &Cluster) -> String {
    let text = block(GUIDE, "toml", |block| {
        block.marker.as_deref() == Some("check: in-the-cluster")
    });
    let files = [
        ("https://$NODE_IP:10250", KUBELET.to_owned()),
        (
            "/etc/telegraf-kubelet-client/tls.crt",
            cluster.path("telegraf-kubelet.crt"),
        ),
        (
            "/etc/telegraf-kubelet-client/tls.key",
            cluster.path("telegraf-kubelet.key"),
        ),
        (
            "/etc/telegraf-kubelet-ca/ca.crt",
            "/etc/kubernetes/pki/ca.crt".to_owned(),
        ),
    ];
    files.iter().fold(text, |text, (there, here)| {
        assert!(text.contains(there), "{there}: {text}");
        text.replace(there, here)
    })
}

#[test]
fn certificates_made_as_the_guide_says_are_good() {
    let cluster = cluster();
    make(&cluster);
    let config = config(&cluster);
    let rights = block(GUIDE, "yaml", |block| {
        block.marker.as_deref() == Some("rights: in-the-cluster")
    });
    FORBIDDEN.assert_told(&cluster, &config, &["telegraf-kubelet"]);
    cluster.apply(&rights);
    assert_well(&cluster, &config);

    // The same commands again and again, with the old files there, while a plugin runs.
    let mut plugin = cluster.plugin(&config);
    let mut tick = || {
        plugin.tick();
        let batch = plugin.batch();
        assert!(batch[batch.len() - 1].contains(",result=success,"), "{batch:#?}");
    };
    tick();
    for _ in 0..2 {
        let serial = "openssl x509 -in telegraf-kubelet.crt -noout -serial";
        let old = cluster.sh(serial);
        make(&cluster);
        assert_ne!(cluster.sh(serial), old);
        tick();
        tick();
        assert_well(&cluster, &config);
    }
    plugin.close_stdin();
    plugin.wait(PATIENCE);
}

/// It has no right until the group of all nodes has it, which is what the fix says.
#[test]
fn the_kubelets_own_certificate() {
    let cluster = cluster();
    let text = block("client-certificate-on-the-node.md", "toml", |block| {
        block.marker.as_deref() == Some("check: kubelets-own")
    });
    let config = text.replace("$NODE_NAME", NODE);
    let finding = FORBIDDEN.assert_told(&cluster, &config, &["system:node:node-1"]);
    finding.apply(&cluster);
    cluster.until_scraped(&config, "success");
    let checked = cluster.check_on_the_node(&config);
    assert_eq!(checked.bad(), Vec::<[&str; 3]>::new(), "{}", checked.text);
}

/// Signed by a CA that the kubelet does not take clients of.
#[test]
fn a_certificate_of_another_ca() {
    let cluster = cluster();
    cluster.sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other-ca.key -out other-ca.crt \
         -subj /CN=other-ca 2>/dev/null
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other.key -subj /CN=telegraf-kubelet \
         -addext extendedKeyUsage=clientAuth 2>/dev/null |
         openssl x509 -req -CA other-ca.crt -CAkey other-ca.key -copy_extensions copy -out other.crt 2>/dev/null",
    );
    let config = format!(
        "[[inputs.kubelet]]\n  url = \"{KUBELET}\"\n  tls_cert = \"{}\"\n  tls_key = \"{}\"\n  tls_ca = \"/etc/kubernetes/pki/ca.crt\"\n",
        cluster.path("other.crt"),
        cluster.path("other.key")
    );
    let fault = Fault {
        result: "unauthorized",
        status: Some(401),
        step: "authentication",
        diagnosis: "certificate_unknown_ca",
    };
    fault.assert_told(&cluster, &config, &[]);
}
