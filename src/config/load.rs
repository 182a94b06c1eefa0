//! From flags, file and environment to a [`Config`]: what options mean together.
//!
//! Opens the config file and nothing else; the files that options name are read where they are used.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;

use super::args::{Args, Polling};
use super::checked::{Config, Kubelet, Ticking};
use super::discover::{self, Naming};
use super::error::{Clash, ConfigError};
use super::expand::Env;
use super::options::{self, Info, Opt};
use super::raw::{Block, Source};
use super::syntax::SyntaxError;
use super::url;
use crate::client::{self, Anchors, Credential, Pin, Scheme, Target, Trust, Url};
use crate::execd::Destination;
use crate::files;
use crate::kubelet::Question;
use crate::lines::{self, Filter, Globs};

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

/// The value of an option that a process has but one of: blocks may leave it out, and may not differ.
pub(super) fn once_per_process<T: PartialEq>(
    blocks: &[Block<'_>],
    option: &Opt<T>,
) -> Result<Option<T>, ConfigError> {
    let mut first: Option<(T, usize)> = None;
    for block in blocks {
        let Some(value) = block.get(option)? else { continue };
        match &first {
            Some((other, line)) if *other != value => {
                return Err(block.conflict(&option.info, Clash::OncePerProcess { line: *line }));
            }
            Some(_) => {}
            None => first = Some((value, block.line(&option.info))),
        }
    }
    Ok(first.map(|(value, _)| value))
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

/// What is asked, that this may be written.
pub(super) fn question(lines: &lines::Settings) -> Question {
    if lines::is_cpu_and_memory_alone(&lines.fields, lines.metadata.groups) {
        Question::CpuAndMemory
    } else {
        Question::Everything
    }
}

pub(super) fn written(block: &Block<'_>) -> Result<lines::Settings, ConfigError> {
    Ok(lines::Settings {
        node_metric_name: block.get_or_default(&options::NODE_METRIC_NAME)?,
        timestamp: block.get_or_default(&options::TIMESTAMP)?,
        namespaces: filter(block, &options::NAMESPACE_INCLUDE, &options::NAMESPACE_EXCLUDE)?,
        pods: filter(block, &options::POD_INCLUDE, &options::POD_EXCLUDE)?,
        containers: filter(block, &options::CONTAINER_INCLUDE, &options::CONTAINER_EXCLUDE)?,
        volumes: block.get_or_default(&options::VOLUME)?,
        fields: fields(block)?,
        pod_uid: block.get_or_default(&options::POD_UID)?,
        metadata: metadata(block)?,
    })
}

/// What is wanted of `/pods`.
fn metadata(block: &Block<'_>) -> Result<lines::metadata::Settings, ConfigError> {
    let groups = block.get_or_default(&options::METADATA)?;
    Ok(lines::metadata::Settings {
        labels: keys(block, &options::LABEL_INCLUDE, &options::LABEL_EXCLUDE)?,
        annotations: keys(block, &options::ANNOTATION_INCLUDE, &options::ANNOTATION_EXCLUDE)?,
        groups: groups.into_iter().collect(),
        own_network_only: block.get_or_default(&options::POD_NETWORK)?,
    })
}

/// Which labels or annotations are wanted, if any. Left out, the list of those that are not has all, as in Telegraf's
/// `inputs.kubernetes`; beside one of those that are this would be none, and its users write both.
pub(super) fn keys(
    block: &Block<'_>,
    include: &Opt<Vec<Globs>>,
    exclude: &Opt<Vec<Globs>>,
) -> Result<Option<Filter>, ConfigError> {
    let include = block.get_or_default(include)?;
    let mut exclude = block.get_or_default(exclude)?;
    let is_all = |lists: &[Globs]| matches!(lists, [all] if all.written() == "*");
    if !include.is_empty() && is_all(&exclude) {
        exclude.clear();
    }
    Ok(Filter::new(include, exclude))
}

fn filter(
    block: &Block<'_>,
    include: &Opt<Vec<Globs>>,
    exclude: &Opt<Vec<Globs>>,
) -> Result<Filter, ConfigError> {
    Filter::new(block.get_or_default(include)?, block.get_or_default(exclude)?)
        .ok_or_else(|| block.conflict(&exclude.info, Clash::NothingLeft))
}

/// The fields that are left have to be some: here, other than with names of pods, all there are is known.
fn fields(block: &Block<'_>) -> Result<Filter, ConfigError> {
    let filter = filter(block, &options::FIELDS_INCLUDE, &options::FIELDS_EXCLUDE)?;
    if lines::rows().iter().any(|row| row.is_wanted(&filter)) {
        Ok(filter)
    } else {
        Err(block.conflict(&options::FIELDS_EXCLUDE.info, Clash::NothingLeft))
    }
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

/// The read-only port: nobody to be, and nobody to believe.
fn plain(block: &Block<'_>) -> Result<(Credential, Trust), ConfigError> {
    const OF_TLS: [&Info; 7] = [
        &options::BEARER_TOKEN.info,
        &options::TLS_CERT.info,
        &options::TLS_KEY.info,
        &options::TLS_CA.info,
        &options::TLS_SERVER_NAME.info,
        &options::TLS_PIN_SHA256.info,
        &options::TLS_MIN_VERSION.info,
    ];
    let skips = block
        .get_or_default(&options::INSECURE_SKIP_VERIFY)?
        .then_some(&options::INSECURE_SKIP_VERIFY.info);
    match OF_TLS
        .into_iter()
        .filter(|info| block.has(info))
        .chain(skips)
        .next()
    {
        Some(info) => Err(block.conflict(info, Clash::PlainHttp)),
        None => Ok((
            Credential::None,
            Trust {
                anchors: Anchors::InPodOrSystem,
                tls13_only: false,
            },
        )),
    }
}

pub(super) fn credential(block: &Block<'_>) -> Result<Credential, ConfigError> {
    let token = block.get(&options::BEARER_TOKEN)?;
    let key = block.get(&options::TLS_KEY)?;
    match (block.get(&options::TLS_CERT)?, key, token) {
        (Some(_), _, Some(_)) => {
            let line = block.line(&options::BEARER_TOKEN.info);
            Err(block.conflict(&options::TLS_CERT.info, Clash::TwoIdentities { line }))
        }
        (Some(cert), key, None) => Ok(Credential::ClientCertificate {
            key: key.unwrap_or_else(|| cert.clone()),
            cert,
        }),
        (None, Some(_), _) => Err(block.conflict(&options::TLS_KEY.info, Clash::KeyAlone)),
        (None, None, Some(file)) => Ok(Credential::BearerToken { file }),
        (None, None, None) => Ok(Credential::BearerToken {
            file: block.get_or_default(&options::BEARER_TOKEN)?,
        }),
    }
}

pub(super) fn trust(block: &Block<'_>) -> Result<Trust, ConfigError> {
    let skip = block.get_or_default(&options::INSECURE_SKIP_VERIFY)?;
    if let Some(pins) = block.get(&options::TLS_PIN_SHA256)? {
        return pinned(block, pins, skip);
    }
    let anchors = match (block.get(&options::TLS_CA)?, skip) {
        (Some(_), true) => {
            let line = block.line(&options::INSECURE_SKIP_VERIFY.info);
            return Err(block.conflict(&options::TLS_CA.info, Clash::Unverified { line }));
        }
        (Some(files), false) => Anchors::Files(files),
        (None, true) => Anchors::Unverified,
        (None, false) => Anchors::InPodOrSystem,
    };
    Ok(Trust {
        anchors,
        tls13_only: block.get_or_default(&options::TLS_MIN_VERSION)?,
    })
}

/// A pin alone decides: whatever else says whom to believe would lie unused beside it.
fn pinned(block: &Block<'_>, pins: Vec<Pin>, skip: bool) -> Result<Trust, ConfigError> {
    let others = [&options::TLS_CA.info, &options::TLS_SERVER_NAME.info];
    let skips = skip.then_some(&options::INSECURE_SKIP_VERIFY.info);
    let line = block.line(&options::TLS_PIN_SHA256.info);
    match others
        .into_iter()
        .filter(|info| block.has(info))
        .chain(skips)
        .next()
    {
        Some(info) => Err(block.conflict(info, Clash::Pinned { line })),
        None => Ok(Trust {
            anchors: Anchors::Pinned(pins),
            tls13_only: block.get_or_default(&options::TLS_MIN_VERSION)?,
        }),
    }
}

/// A deadline below the interval where there is one, so that a hung kubelet can't make ticks pile up.
pub(super) fn response_timeout(block: &Block<'_>, ticking: Ticking) -> Result<Duration, ConfigError> {
    let written = block.get(&options::RESPONSE_TIMEOUT)?;
    match (written, ticking) {
        (Some(timeout), Ticking::Every(interval)) if timeout >= interval => Err(block.conflict(
            &options::RESPONSE_TIMEOUT.info,
            Clash::NotBelowInterval { timeout, interval },
        )),
        (Some(timeout), _) => Ok(timeout),
        (None, Ticking::Every(interval)) => {
            // At least a nanosecond: an interval of a few is absurd, and still no reason for a zero.
            let most = (interval * 4 / 5).max(Duration::from_nanos(1));
            Ok(block.get_or_default(&options::RESPONSE_TIMEOUT)?.min(most))
        }
        (None, Ticking::Prompted) => block.get_or_default(&options::RESPONSE_TIMEOUT),
    }
}
