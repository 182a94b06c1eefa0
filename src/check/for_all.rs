//! The fixes of a block with `discover`: it stands for all nodes, and has no url.
//!
//! What [`super::walk`] found of one node is made into what can be done for each of them. Knows the words of the walk, and no way
//! to anybody.

use std::path::PathBuf;

use super::finding::{Finding, Mend, Piece};
use super::text::toml;
use super::{Diagnosis, authentication};
use crate::client::inspect;
use crate::config::Cluster;

/// A CA's file beside the others.
const OTHER_CA: &str = "/etc/telegraf-kubelet/kubelet-ca.crt";

/// What would be right for one node only, or for a url, is no fix here, unless it can be said for each.
pub fn adapt(finding: &mut Finding, node: &str, cluster: &Cluster) {
    let takes_the_same = cluster.api_server.client.credential == cluster.client.credential;
    match finding.diagnosis {
        // The nodes are known, so that the API server has just taken it.
        Some(Diagnosis::TokenRefused) if takes_the_same => *finding = authentication::known_to_api_server(),
        Some(Diagnosis::ServingSelfSigned) => finding.mends = self_signed(),
        Some(Diagnosis::ServingUnknownIssuer | Diagnosis::ServingOtherCa) => {
            for mend in &mut finding.mends {
                if matches!(&mend.piece, Some(Piece::Toml(_))) {
                    *mend = other_ca(&inspect::ca_files(&cluster.client.trust.anchors));
                }
            }
        }
        Some(Diagnosis::PortClosed) => {
            finding.mends.retain(|mend| mend.piece.is_some());
            finding.mends.push(Mend::say(
                "start the kubelet; the port is the one that it writes into its node's status \
                 (status.daemonEndpoints.kubeletEndpoint.Port)",
            ));
        }
        Some(Diagnosis::NameUnknown | Diagnosis::HostUnreachable) => {
            finding
                .mends
                .retain(|mend| matches!(&mend.piece, Some(Piece::Command(_))));
            finding.mends.push(Mend::run(
                "see which addresses the node lists, and let node_address_types begin with a type that can be reached from here",
                format!("kubectl get node {node} -o jsonpath='{{.status.addresses}}'"),
            ));
        }
        _ => of_one(finding, node),
    }
}

fn self_signed() -> Vec<Mend> {
    vec![
        signed(),
        Mend::say(
            "or leave these nodes to a DaemonSet with the component node-certificate of telegraf/kubernetes, which believes what \
             lies on its own node's disk, and leave them out here, by node_selector or node_exclude",
        ),
    ]
}

fn signed() -> Mend {
    Mend::apply(
        "let each kubelet have a certificate that the cluster's CA signs, in the kubelets' configuration; then approve its \
         CSR (kubectl get csr), and name that CA in tls_ca, outside of a pod",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n",
    )
}

fn other_ca(files: &[PathBuf]) -> Mend {
    let files = files.iter().map(|file| file.display().to_string());
    let files: Vec<_> = files
        .chain([OTHER_CA.to_owned()])
        .map(|file| toml(&file))
        .collect();
    Mend::configure(
        "name a file with the CA that signs the kubelets' certificates, beside what is believed now; in a pod it comes from a \
         ConfigMap that you mount",
        format!("tls_ca = [{}]\n", files.join(", ")),
    )
}

fn of_one(finding: &mut Finding, node: &str) {
    let before = finding.mends.len();
    let of_node = format!("tls_server_name = \"{node}\"\n");
    finding.mends.retain_mut(|mend| match &mut mend.piece {
        Some(Piece::Toml(toml)) if *toml == of_node => {
            "tls_server_name = \"{node}\"\n".clone_into(toml);
            "ask each node for its own name".clone_into(&mut mend.how);
            true
        }
        Some(Piece::Toml(toml)) => !["url =", "tls_pin_sha256 =", "tls_server_name ="]
            .iter()
            .any(|option| toml.contains(option)),
        Some(Piece::Yaml(yaml)) => !yaml.contains("name: NODE_"),
        Some(Piece::Command(_)) | None => true,
    });
    for mend in &mut finding.mends {
        mend.how = mend
            .how
            .replace("let url point to", "let node_address_types lead to");
    }
    if finding.mends.is_empty() && before > 0 {
        finding.mends.push(match finding.diagnosis {
            Some(Diagnosis::NotTls) => Mend::run("see on the node what listens there", "ss -ltnp"),
            _ => signed(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Step;
    use super::*;

    #[test]
    fn what_is_right_for_one_node_only_is_no_fix_for_all() {
        let finding = |toml: &str| {
            let mut finding = Finding::failure(Step::Tls, Diagnosis::ServingWrongAddress, "")
                .mend(Mend::configure("how", toml))
                .mend(Mend::apply("how", "env:\n  - name: NODE_NAME\n"));
            of_one(&mut finding, "node-1");
            let pieces = finding.mends.into_iter().filter_map(|mend| mend.piece);
            pieces.map(|piece| piece.parts().1.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            finding("tls_server_name = \"node-1\"\n"),
            ["tls_server_name = \"{node}\"\n"]
        );
        assert_eq!(finding("tls_ca = \"/a\"\n"), ["tls_ca = \"/a\"\n"]);
        for only in [
            "tls_server_name = \"other\"\n",
            "tls_pin_sha256 = \"a\"\n",
            "url = \"https://a\"\n",
            "tls_ca = \"/a\"\ntls_server_name = \"$NODE_NAME\"\n",
        ] {
            let [instead] = &finding(only)[..] else {
                panic!("{only}")
            };
            assert!(instead.contains("serverTLSBootstrap"), "{only}");
        }
    }
}
