//! A block with `discover`: the way to its nodes, all of them in a table, and some of them in full.

use super::api_server;
use super::finding::{Finding, Mend, Step};
use super::nodes::{self, Outcome, Told};
use super::report::{Discovered, Walked};
use super::walk::{Env, walk};
use super::{Diagnosis, for_all, shards};
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
        for_all::adapt(finding, name, cluster);
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
