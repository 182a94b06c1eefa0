//! A block with `discover`: the way to its nodes, all of them in a table, and some of them in full.

use super::api_server;
use super::finding::{Finding, Mend, Piece, Step};
use super::nodes::{self, Outcome, Told};
use super::report::{Discovered, Walked};
use super::walk::{Env, walk};
use super::{Diagnosis, shards};
use crate::cause::Cause;
use crate::config::{Cluster, Sharing, Ticking};
use crate::date::now;

/// Goes as far as one gets. `sharing` is looked at with the first block, whose API server has the Leases.
pub async fn look(
    cluster: &Cluster,
    sharing: Option<&Sharing>,
    ticking: Ticking,
    env: Env<'_>,
) -> (Discovered, Vec<Walked>) {
    let now = now();
    let mut asked = api_server::ask(cluster, now, env("KUBERNETES_SERVICE_HOST").is_some()).await;
    let mut findings = std::mem::take(&mut asked.findings);
    let (mut told, mut walked) = (Vec::new(), Vec::new());
    if let Some(roster) = asked.nodes.take() {
        told = nodes::ask(cluster, &roster).await;
        findings.extend(nodes::sum(cluster, &roster, &told));
        if let Some(sharing) = sharing {
            findings.extend(shards::look(sharing, &mut asked, now).await);
        }
        for told in nodes::in_full(&told) {
            walked.extend(in_full(cluster, told, ticking, env).await);
        }
    }
    let discovered = Discovered {
        url: cluster.api_server.target.url.to_string(),
        shares: sharing.is_some(),
        findings,
        nodes: told,
    };
    (discovered, walked)
}

async fn in_full(cluster: &Cluster, told: &Told, ticking: Ticking, env: Env<'_>) -> Option<Walked> {
    let name = &told.node.name;
    let kubelet = cluster.kubelet(name, told.node.address.as_ref()?.url());
    let mut walked = walk(&kubelet, ticking, env).await;
    walked.node = Some(name.clone());
    if let (Outcome::Asked(Cause::WrongNode), Some(wrong)) = (told.result, &told.wrong) {
        walked.findings.push(wrong_node(name, wrong));
    }
    for finding in &mut walked.findings {
        for_all_nodes(finding, name);
    }
    Some(walked)
}

fn wrong_node(name: &str, wrong: &str) -> Finding {
    let said = format!(
        "{wrong}, where node {name} should be: its lines would be another node's, and are not written"
    );
    Finding::failure(Step::Answer, Diagnosis::WrongNode, said).mend(Mend::run(
        "see which node has that address, and delete the Node object that has it no more",
        "kubectl get nodes -o wide",
    ))
}

/// A block stands for all nodes: what would be right for one of them only is no fix here, unless it can be said for each.
fn for_all_nodes(finding: &mut Finding, node: &str) {
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
    if finding.mends.is_empty() && before > 0 {
        finding.mends.push(Mend::apply(
            "let each kubelet have a certificate that the cluster's CA signs, in the kubelets' configuration; then approve its \
             CSR (kubectl get csr), and name that CA in tls_ca",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_for_one_node_only_is_no_fix_for_all() {
        let finding = |toml: &str| {
            let mut finding = Finding::failure(Step::Tls, Diagnosis::ServingWrongAddress, "")
                .mend(Mend::configure("how", toml))
                .mend(Mend::apply("how", "env:\n  - name: NODE_NAME\n"));
            for_all_nodes(&mut finding, "node-1");
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
