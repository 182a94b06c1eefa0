//! From flags, file and environment to a [`Config`]: what options mean together.
//!
//! Opens the config file and nothing else; the files that options name are read where they are used.

use std::path::Path;
use std::sync::Arc;

use log::LevelFilter;

use super::args::{Args, Polling};
use super::checked::{Config, Kubelet, Ticking};
use super::discover;
use super::error::{Clash, ConfigError};
use super::expand::Env;
use super::naming::Naming;
use super::options;
use super::raw::{Block, Source};
use super::syntax::SyntaxError;
use super::url;
use super::way::{credential, once_per_process, plain, question, response_timeout, trust, written};
use crate::client::{self, Scheme, Target, Url};
use crate::execd::Destination;
use crate::files;

/// What a process without `-config` reads instead of a file: one block in which everything is left out.
const IN_CLUSTER: &str = "[[inputs.kubelet]]";

/// The variables with the node's address: ours, and the one that the chart `telegraf-ds` sets.
pub const NODE_ADDRESS: [&str; 2] = ["NODE_IP", "HOSTIP"];

/// Reads and checks everything that one process needs to know.
///
/// # Errors
/// The first thing that is wrong, as a line that says where and how to mend it.
pub fn load(args: &Args, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let Some(path) = &args.config else {
        return from_source(
            &Source {
                path: Path::new("(no -config)"),
                text: IN_CLUSTER,
            },
            args,
            env,
        );
    };
    let bytes = files::read(path).map_err(|source| ConfigError::Read {
        path: path.clone(),
        source,
    })?;
    read(path, &bytes, args, env)
}

/// The same of a file's content, which `path` is the name of.
///
/// # Errors
/// As above.
pub fn read(
    path: &Path,
    content: &[u8],
    args: &Args,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    match str::from_utf8(content) {
        Ok(text) => from_source(&Source { path, text }, args, env),
        Err(error) => {
            let valid = String::from_utf8_lossy(&content[..error.valid_up_to()]);
            let at = Source { path, text: &valid }.at(valid.len());
            Err(ConfigError::Syntax {
                at,
                error: SyntaxError::NotUtf8,
            })
        }
    }
}

pub(super) fn from_source(source: &Source<'_>, args: &Args, env: Env<'_>) -> Result<Config, ConfigError> {
    let blocks = source.blocks(env)?;
    let log_level = once_per_process(&blocks, &options::LOG_LEVEL)?;
    let interval = once_per_process(&blocks, &options::INTERVAL)?;
    let ticking = match (args.polling, interval) {
        (Polling::Disabled, _) | (Polling::AsConfigured, None) => Ticking::Prompted,
        (Polling::Every(interval), _) | (Polling::AsConfigured, Some(interval)) => Ticking::Every(interval),
    };
    let output = output(&blocks, ticking)?;
    let mut kubelets: Vec<Kubelet> = Vec::with_capacity(blocks.len());
    let mut clusters = Vec::new();
    for block in &blocks {
        if discover::discovers(block)? {
            clusters.push(discover::cluster(block, ticking, env)?);
            continue;
        }
        let mut kubelet = kubelet(block, ticking, args.config.is_some(), env)?;
        let same_url = |other: &Kubelet| other.target.url == kubelet.target.url;
        if let Some(same) = kubelets.iter().position(same_url) {
            let line = blocks[same].line(&options::URL.info);
            return Err(block.conflict(&options::URL.info, Clash::SameUrl { line }));
        }
        share(&mut kubelet, &kubelets);
        kubelets.push(kubelet);
    }
    let max_concurrent = match once_per_process(&blocks, &options::MAX_CONCURRENT)? {
        Some(count) => count,
        None => blocks
            .first()
            .map_or(Ok(1), |block| block.get_or_default(&options::MAX_CONCURRENT))?,
    };
    let log_level = match args.log_level.or(log_level) {
        Some(level) => level,
        None => blocks.first().map_or(Ok(LevelFilter::Info), |block| {
            block.get_or_default(&options::LOG_LEVEL)
        })?,
    };
    Ok(Config {
        kubelets,
        clusters,
        sharing: discover::sharing(&blocks, env)?,
        ticking,
        output,
        max_concurrent,
        log_level,
    })
}

/// Lets a kubelet have its settings together with those before it that have the same.
fn share(kubelet: &mut Kubelet, others: &[Kubelet]) {
    if let Some(other) = others.iter().find(|other| other.client == kubelet.client) {
        kubelet.client = Arc::clone(&other.client);
    }
    if let Some(other) = others.iter().find(|other| other.lines == kubelet.lines) {
        kubelet.lines = Arc::clone(&other.lines);
    }
}

fn output(blocks: &[Block<'_>], ticking: Ticking) -> Result<Destination, ConfigError> {
    let target = once_per_process(blocks, &options::OUTPUT)?.flatten();
    let buffer = once_per_process(blocks, &options::OUTPUT_BUFFER)?;
    // A socket is never the default, so a block says it.
    let asks = blocks.iter().find(|block| block.has(&options::OUTPUT.info));
    match (target, asks, ticking) {
        (Some(_), Some(block), Ticking::Prompted) => {
            Err(block.conflict(&options::OUTPUT.info, Clash::NobodyTicks))
        }
        (Some(path), Some(block), Ticking::Every(_)) => Ok(Destination::Socket {
            path,
            buffer: match buffer {
                Some(buffer) => buffer,
                None => block.get_or_default(&options::OUTPUT_BUFFER)?,
            },
        }),
        _ => Ok(Destination::Stdout),
    }
}

fn kubelet(block: &Block<'_>, ticking: Ticking, in_file: bool, env: Env<'_>) -> Result<Kubelet, ConfigError> {
    let url = match block.get(&options::URL)? {
        Some(url) => url,
        None => node_url(env).map_err(|missing| match missing {
            Some(variable) => ConfigError::NodeAddress { variable },
            None => ConfigError::NoAddress {
                at: in_file.then(|| block.at()),
            },
        })?,
    };
    let (credential, trust) = match url.scheme {
        Scheme::Http => plain(block)?,
        Scheme::Https => (credential(block)?, trust(block)?),
    };
    let server_name = block.get(&options::TLS_SERVER_NAME)?;
    if server_name.as_ref().is_some_and(Naming::is_of_node) {
        return Err(block.conflict(&options::TLS_SERVER_NAME.info, Clash::NothingDiscovered));
    }
    let server_name = server_name.map(|name| name.of(""));
    let settings = client::Settings {
        credential,
        trust,
        response_timeout: response_timeout(block, ticking)?,
        max_response: block.get_or_default(&options::MAX_RESPONSE)?,
    };
    let lines = written(block)?;
    let interval = block.get_or_default(&options::METADATA_INTERVAL)?;
    Ok(Kubelet {
        target: Target {
            url,
            server_name,
            common_name: None,
        },
        client: Arc::new(settings),
        question: question(&lines),
        metadata: lines.metadata.any().then_some(interval),
        lines: Arc::new(lines),
    })
}

/// The kubelet of the node we run on. The error is the variable that holds no address, if one is set at all.
fn node_url(env: Env<'_>) -> Result<Url, Option<&'static str>> {
    NODE_ADDRESS
        .into_iter()
        .find_map(|variable| {
            env(variable)
                .filter(|value| !value.is_empty())
                .map(|value| (variable, value))
        })
        .ok_or(None)
        .and_then(|(variable, value)| url::of_node(&value).map_err(|_| Some(variable)))
}
