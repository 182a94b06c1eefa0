//! What a pod has: its ServiceAccount's token and the cluster's CA, in a directory of their own.

use std::path::PathBuf;

use crate::machine::{Cluster, KUBELET};
use crate::support::page::{self, Block};

/// The namespace of the guides' ServiceAccount, and its name.
pub const NAMESPACE: &str = "monitoring";
pub const ACCOUNT: &str = "telegraf";

/// A directory like the one that a pod has for its ServiceAccount.
pub struct Volume {
    /// The token's file.
    pub token: PathBuf,
    ca: PathBuf,
}

impl Volume {
    /// With this token.
    pub fn new(cluster: &mut Cluster, name: &str, token: &str) -> Self {
        // The last part alone makes a token of it.
        let signature = token.trim().rsplit('.').next().expect("a part");
        cluster.keep_secret(signature);
        Self {
            token: cluster.write(&format!("{name}/token"), token),
            ca: cluster.write(
                &format!("{name}/ca.crt"),
                &cluster.sh("cat /etc/kubernetes/pki/ca.crt"),
            ),
        }
    }

    /// With a token that the API server makes now, with these words for `kubectl create token`.
    pub fn created(cluster: &mut Cluster, name: &str, account: &str, options: &[&str]) -> Self {
        let words = [&["create", "token", "-n", NAMESPACE, account], options].concat();
        let token = cluster.kubectl(&words);
        Self::new(cluster, name, token.trim())
    }

    /// The configuration that a pod with this volume needs.
    pub fn config(&self) -> String {
        format!(
            "[[inputs.kubelet]]\n  url = \"{KUBELET}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n",
            self.token.display(),
            self.ca.display()
        )
    }
}

/// All YAML that the guide of a pod's account says to apply: the account, and its right.
pub fn guides_account() -> String {
    let page = page::guide("service-account.md");
    let applied = |block: &&Block| block.text.starts_with("apiVersion: ");
    let blocks = page.of_language("yaml");
    let texts: Vec<_> = blocks
        .iter()
        .filter(applied)
        .map(|block| block.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2, "the account and its right");
    texts.join("---\n")
}

/// A pod of the guide, with a token of an hour.
pub fn good(cluster: &mut Cluster) -> Volume {
    cluster.apply(&guides_account());
    Volume::created(cluster, "good", ACCOUNT, &[])
}

/// Gives the guide's account the right to ask for `/pods` beside the one that it has.
pub fn may_ask_for_pods(cluster: &Cluster) {
    cluster.sh(&format!(
        "kubectl create clusterrole telegraf-kubelet-pods --verb=get --resource=nodes/pods --dry-run=client -o yaml |
           kubectl apply -f -
         kubectl create clusterrolebinding telegraf-kubelet-pods --clusterrole=telegraf-kubelet-pods \
         --serviceaccount={NAMESPACE}:{ACCOUNT}"
    ));
}
