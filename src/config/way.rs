//! What a block says of how kubelets are asked and what is written of them, be it one or all of a cluster.
//!
//! Knows what options mean together. Which kubelets it is about is `load`'s and `discover`'s.

use std::time::Duration;

use super::checked::Ticking;
use super::error::{Clash, ConfigError};
use super::options::{self, Info, Opt};
use super::raw::Block;
use crate::client::{Anchors, Credential, Pin, Trust};
use crate::kubelet::Question;
use crate::lines::{self, Filter, Globs};

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

/// The read-only port: nobody to be, and nobody to believe.
pub(super) fn plain(block: &Block<'_>) -> Result<(Credential, Trust), ConfigError> {
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
