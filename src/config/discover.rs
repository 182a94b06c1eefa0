//! A block that stands for every node of a cluster: what its options mean together.
//!
//! Opens nothing but the file with the pod's own namespace, where no option says one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::checked::{ApiServer, Cluster, Sharing, Ticking};
use super::error::{Clash, ConfigError};
use super::expand::Env;

use super::naming::Shards;
use super::options::{self, Info};
use super::raw::Block;
use super::url;
use super::way::{credential, keys, once_per_process, question, response_timeout, trust, written};
use crate::client::{self, Anchors, Credential, Target, Trust, Url};
use crate::cluster::Wanted;
use crate::files;
use crate::filter::Filter;

/// Where a pod finds what its ServiceAccount has: `token`, `ca.crt` and `namespace`.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A page of nodes, and of Leases, is no larger; a node is some 10 kB, and 100 of them are asked for.
const LARGEST_PAGE: usize = 16 * 1024 * 1024;

/// What goes with discovery alone.
const OF_DISCOVERY: [&Info; 12] = [
    &options::API_SERVER.info,
    &options::NODE_SELECTOR.info,
    &options::NODE_INCLUDE.info,
    &options::NODE_EXCLUDE.info,
    &options::NODE_ADDRESS_TYPES.info,
    &options::NODE_LABEL_INCLUDE.info,
    &options::NODE_LABEL_EXCLUDE.info,
    &options::TLS_VERIFY_NODE.info,
    &options::SHARDS.info,
    &options::SHARD_GROUP.info,
    &options::LEASE_NAMESPACE.info,
    &options::LEASE_DURATION.info,
];

/// Whether the block stands for all nodes.
pub(super) fn discovers(block: &Block<'_>) -> Result<bool, ConfigError> {
    if block.get(&options::DISCOVER)?.is_some() {
        return Ok(true);
    }
    match OF_DISCOVERY.into_iter().find(|info| block.has(info)) {
        Some(info) => Err(block.conflict(info, Clash::NothingDiscovered)),
        None => Ok(false),
    }
}

/// A block that does.
pub(super) fn cluster(block: &Block<'_>, ticking: Ticking, env: Env<'_>) -> Result<Cluster, ConfigError> {
    let line = block.line(&options::DISCOVER.info);
    // A pin is one node's.
    for info in [&options::URL.info, &options::TLS_PIN_SHA256.info] {
        if block.has(info) {
            return Err(block.conflict(info, Clash::Discovers { line }));
        }
    }
    let settings = client::Settings {
        credential: credential(block)?,
        trust: trust(block)?,
        response_timeout: response_timeout(block, ticking)?,
        max_response: block.get_or_default(&options::MAX_RESPONSE)?,
    };
    let verify_node = block.get_or_default(&options::TLS_VERIFY_NODE)?;
    if verify_node && settings.trust.anchors == Anchors::Unverified {
        let line = block.line(&options::INSECURE_SKIP_VERIFY.info);
        return Err(block.conflict(&options::TLS_VERIFY_NODE.info, Clash::Unverified { line }));
    }
    let lines = written(block)?;
    let interval = block.get_or_default(&options::METADATA_INTERVAL)?;
    Ok(Cluster {
        api_server: api_server(block, &settings, env)?,
        selector: block.get(&options::NODE_SELECTOR)?.unwrap_or_default(),
        wanted: wanted(block)?,
        server_name: block.get(&options::TLS_SERVER_NAME)?,
        verify_node,
        client: Arc::new(settings),
        question: question(&lines),
        metadata: lines.metadata.any().then_some(interval),
        lines: Arc::new(lines),
    })
}

fn wanted(block: &Block<'_>) -> Result<Wanted, ConfigError> {
    let include = block.get_or_default(&options::NODE_INCLUDE)?;
    let exclude = block.get_or_default(&options::NODE_EXCLUDE)?;
    let names = Filter::new(include, exclude);
    Ok(Wanted {
        names: names.ok_or_else(|| block.conflict(&options::NODE_EXCLUDE.info, Clash::NothingLeft))?,
        labels: keys(block, &options::NODE_LABEL_INCLUDE, &options::NODE_LABEL_EXCLUDE)?,
        address_types: block.get_or_default(&options::NODE_ADDRESS_TYPES)?,
    })
}

/// The one that is written, as whom and with the trust that the kubelets are asked; else that of the pod, by all that its
/// ServiceAccount has.
fn api_server(
    block: &Block<'_>,
    kubelets: &client::Settings,
    env: Env<'_>,
) -> Result<ApiServer, ConfigError> {
    let url = block.get(&options::API_SERVER)?;
    let (credential, trust, url) = if let Some(url) = url {
        (kubelets.credential.clone(), kubelets.trust.clone(), url)
    } else {
        let at = block.at_of(&options::DISCOVER.info);
        let url = url::of_service(env).ok_or(ConfigError::NoApiServer { at })?;
        let credential = match &kubelets.credential {
            token @ Credential::BearerToken { .. } => token.clone(),
            _ => Credential::BearerToken {
                file: Path::new(SERVICE_ACCOUNT).join("token"),
            },
        };
        let trust = Trust {
            anchors: Anchors::Files(vec![Path::new(SERVICE_ACCOUNT).join("ca.crt")]),
            tls13_only: false,
        };
        (credential, trust, url)
    };
    let settings = client::Settings {
        credential,
        trust,
        response_timeout: kubelets.response_timeout.max(Duration::from_secs(5)),
        max_response: LARGEST_PAGE,
    };
    Ok(ApiServer {
        client: Arc::new(settings),
        target: Target {
            url,
            server_name: None,
            common_name: None,
        },
    })
}

/// How members share nodes, where they do.
pub(super) fn sharing(blocks: &[Block<'_>], env: Env<'_>) -> Result<Option<Sharing>, ConfigError> {
    let group = once_per_process(blocks, &options::SHARD_GROUP)?;
    let namespace = once_per_process(blocks, &options::LEASE_NAMESPACE)?;
    let lease = once_per_process(blocks, &options::LEASE_DURATION)?;
    let shards = once_per_process(blocks, &options::SHARDS)?;
    let says = |info: &Info| blocks.iter().find(|block| block.has(info));
    let Some(block) = says(&options::SHARDS.info).filter(|_| shards == Some(Shards::Leases)) else {
        let of_leases = [
            &options::SHARD_GROUP.info,
            &options::LEASE_NAMESPACE.info,
            &options::LEASE_DURATION.info,
        ];
        let unused = of_leases.into_iter().find_map(|info| Some((says(info)?, info)));
        return match unused {
            Some((block, info)) => Err(block.conflict(info, Clash::NotShared)),
            None => Ok(None),
        };
    };
    can_be_shared(blocks, env, block.line(&options::SHARDS.info))?;
    let namespace = namespace
        .or_else(|| env("POD_NAMESPACE").filter(|name| !name.is_empty()))
        .or_else(own_namespace)
        .ok_or_else(|| block.conflict(&options::SHARDS.info, Clash::NoNamespace))?;
    Ok(Some(Sharing {
        namespace,
        group: group.map_or_else(|| block.get_or_default(&options::SHARD_GROUP), Ok)?,
        lease: lease.map_or_else(|| block.get_or_default(&options::LEASE_DURATION), Ok)?,
    }))
}

/// Whether all that these blocks stand for can be shared: nodes can, of one API server.
fn can_be_shared(blocks: &[Block<'_>], env: Env<'_>, line: usize) -> Result<(), ConfigError> {
    let mut first: Option<(&Block<'_>, Option<Url>)> = None;
    for block in blocks {
        if !discovers(block)? {
            return Err(block.conflict(&options::URL.info, Clash::BesideShared { line }));
        }
        let url = match block.get(&options::API_SERVER)? {
            Some(url) => Some(url),
            None => url::of_service(env),
        };
        match &first {
            None => first = Some((block, url)),
            Some((_, of_first)) if *of_first == url => {}
            Some((first, _)) => {
                let line = first.line(&options::DISCOVER.info);
                return Err(block.conflict(&options::API_SERVER.info, Clash::OtherApiServer { line }));
            }
        }
    }
    Ok(())
}

fn own_namespace() -> Option<String> {
    let bytes = files::read(&Path::new(SERVICE_ACCOUNT).join("namespace")).ok()?;
    let name = String::from_utf8(bytes).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}
