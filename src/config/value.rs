//! One TOML value to one checked value: type, variables, form.
//!
//! Each function is an option's `read`. Knows no option by name and no position: its caller adds both.

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use rustls::pki_types::ServerName;
use toml::de::DeValue;

use super::duration::{self, DurationError};
use super::echo;
use super::error::ValueError;
use super::expand::{Env, expand};
use super::naming::{Discover, Naming, Shards};
use super::output;
use super::pattern::PatternError;
use super::size::{self, SizeError};
use super::url;
use crate::client::{Pin, Url};
use crate::cluster::{AddressType, Selector};
use crate::lines::metadata::Group;
use crate::lines::{
    self, DISCOVERY_MEASUREMENT, Globs, PatternFault, Row, SCRAPE_MEASUREMENT, Timestamp, Volumes, rows,
    schema,
};
use crate::redact::is_token;

/// The words of `tls_min_version`.
pub(super) const TLS_VERSIONS: &[&str] = &["TLS12", "TLS13"];
/// The words of `timestamp`.
pub(super) const TIMESTAMPS: &[&str] = &["gather", "sample"];
/// The words of `volume`.
pub(super) const VOLUMES: &[&str] = &["all", "claims"];
/// The words of `pod_network`.
pub(super) const POD_NETWORKS: &[&str] = &["all", "own"];
/// The words of `node_address_types`.
pub(super) const ADDRESS_TYPES: &[&str] = &[
    "InternalIP",
    "InternalDNS",
    "Hostname",
    "ExternalIP",
    "ExternalDNS",
];
/// The words of `log_level`.
pub(super) const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// How an option's value is read.
pub(super) type Read<T> = fn(&DeValue<'_>, Env<'_>) -> Result<T, ValueError>;

/// A string that is not empty and no token: the peer's `bearer_token` is a path, and its users have long mixed the
/// two up. Refused in every option, for whatever takes it as a path or name would show it in its own errors.
pub(super) fn text(value: &DeValue<'_>, env: Env<'_>) -> Result<String, ValueError> {
    let written = value.as_str().ok_or_else(|| wrong_type("a string", value))?;
    let text = expand(written, env).map_err(ValueError::Expand)?;
    if is_token(&text) {
        return Err(ValueError::TokenItself);
    }
    if text.is_empty() {
        Err(ValueError::Empty)
    } else {
        Ok(text)
    }
}

pub(super) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

pub(super) fn boolean(value: &DeValue<'_>, _: Env<'_>) -> Result<bool, ValueError> {
    value.as_bool().ok_or_else(|| wrong_type("true or false", value))
}

/// A path; what is in the file is read at each scrape, so nothing is opened here.
pub(super) fn file(value: &DeValue<'_>, env: Env<'_>) -> Result<PathBuf, ValueError> {
    let text = text(value, env)?;
    if is_pem(&text) {
        return Err(ValueError::PemItself);
    }
    // What is taken for a path is told in errors, so that nothing may be that is none: a password, a piece of a key.
    let begins_as_one = ["/", "./", "../"].iter().any(|begin| text.starts_with(begin));
    if !begins_as_one || text.contains(char::is_control) {
        return Err(ValueError::NotAPath);
    }
    Ok(text.into())
}

/// One path or several; at least one.
pub(super) fn files(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<PathBuf>, ValueError> {
    let Some(array) = value.as_array() else {
        return match value {
            DeValue::String(_) => Ok(vec![file(value, env)?]),
            _ => Err(wrong_type("a string or an array of strings", value)),
        };
    };
    if array.is_empty() {
        return Err(ValueError::Empty);
    }
    array.iter().map(|item| file(item.get_ref(), env)).collect()
}

/// One pin or several; at least one.
pub(super) fn pins(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<Pin>, ValueError> {
    let pin = |value: &DeValue<'_>| Pin::parse(&text(value, env)?).ok_or(ValueError::Pin);
    match value.as_array() {
        Some(array) if array.is_empty() => Err(ValueError::Empty),
        Some(array) => array.iter().map(|item| pin(item.get_ref())).collect(),
        None if value.is_str() => Ok(vec![pin(value)?]),
        None => Err(wrong_type("a string or an array of strings", value)),
    }
}

/// A duration that is more than zero; numbers are seconds, as in Telegraf.
pub(super) fn duration(value: &DeValue<'_>, env: Env<'_>) -> Result<Duration, ValueError> {
    let parsed = match value {
        DeValue::String(_) => duration::parse(&text(value, env)?),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(seconds) => duration::parse(&seconds.to_string()),
            Err(_) => Err(DurationError::TooLong),
        },
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_err(|_| DurationError::NotADuration)
            .and_then(duration::from_seconds),
        _ => return Err(wrong_type("a duration such as \"5s\"", value)),
    };
    let duration = parsed.map_err(ValueError::Duration)?;
    if duration.is_zero() {
        Err(ValueError::Zero)
    } else {
        Ok(duration)
    }
}

/// Where lines go; a socket's path, or `None` for stdout.
pub(super) fn output(value: &DeValue<'_>, env: Env<'_>) -> Result<Option<PathBuf>, ValueError> {
    output::parse(&text(value, env)?).map_err(ValueError::Output)
}

/// A number of bytes that holds a batch of the smallest node.
pub(super) fn buffer(value: &DeValue<'_>, env: Env<'_>) -> Result<usize, ValueError> {
    bytes(value, env, "one batch of a small node")
}

/// A number of bytes that holds the answer of the smallest node.
pub(super) fn response(value: &DeValue<'_>, env: Env<'_>) -> Result<usize, ValueError> {
    bytes(value, env, "the answer of a small node")
}

/// A number of bytes that is enough for `what`, and no slip of the hand.
fn bytes(value: &DeValue<'_>, env: Env<'_>, what: &'static str) -> Result<usize, ValueError> {
    const LEAST: usize = 64 * 1024;
    const MOST: usize = 1024 * 1024 * 1024;
    let size = match value {
        DeValue::String(_) => size::parse(&text(value, env)?),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(bytes) => size::parse(&bytes.to_string()),
            Err(_) => Err(SizeError::TooLarge),
        },
        _ => return Err(wrong_type("a size such as \"8MiB\"", value)),
    };
    match size.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)) {
        Ok(bytes) if bytes < LEAST => Err(ValueError::Size(SizeError::TooSmall(what))),
        Ok(bytes) if bytes > MOST => Err(ValueError::Size(SizeError::TooLarge)),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(ValueError::Size(error)),
    }
}

/// How many of something, from one on.
pub(super) fn count(value: &DeValue<'_>, _: Env<'_>) -> Result<usize, ValueError> {
    const WANT: &str = "a whole number from 1 to 10000";
    let DeValue::Integer(number) = value else {
        return Err(wrong_type(WANT, value));
    };
    let count = i128::from_str_radix(number.as_str(), number.radix()).ok();
    count
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| (1..=10_000).contains(count))
        .ok_or(ValueError::Count(WANT))
}

pub(super) fn kubelet_url(value: &DeValue<'_>, env: Env<'_>) -> Result<Url, ValueError> {
    url::parse(&text(value, env)?).map_err(ValueError::Url)
}

pub(super) fn server_name(value: &DeValue<'_>, env: Env<'_>) -> Result<Naming, ValueError> {
    let naming = Naming::new(text(value, env)?);
    // Any node will do: names of nodes are names.
    match ServerName::try_from(naming.of("node")) {
        Ok(_) => Ok(naming),
        Err(_) => Err(ValueError::ServerName),
    }
}

/// The word of `discover`.
pub(super) fn discover(value: &DeValue<'_>, env: Env<'_>) -> Result<Discover, ValueError> {
    match text(value, env)?.as_str() {
        "nodes" => Ok(Discover::Nodes),
        _ => Err(ValueError::Choice(&["nodes"])),
    }
}

/// One of the words of `shards`.
pub(super) fn shards(value: &DeValue<'_>, env: Env<'_>) -> Result<Shards, ValueError> {
    match text(value, env)?.as_str() {
        "none" => Ok(Shards::None),
        "leases" => Ok(Shards::Leases),
        _ => Err(ValueError::Choice(&["none", "leases"])),
    }
}

/// Of an API server, which is never asked without TLS.
pub(super) fn api_server_url(value: &DeValue<'_>, env: Env<'_>) -> Result<Url, ValueError> {
    url::of_api_server(&text(value, env)?).map_err(ValueError::ApiServerUrl)
}

pub(super) fn selector(value: &DeValue<'_>, env: Env<'_>) -> Result<Selector, ValueError> {
    Selector::parse(&text(value, env)?).map_err(ValueError::Selector)
}

/// Types of addresses, each once; at least one.
pub(super) fn address_types(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<AddressType>, ValueError> {
    let array = value
        .as_array()
        .ok_or_else(|| wrong_type("an array of strings", value))?;
    let kind = |item: &toml::Spanned<DeValue<'_>>| {
        AddressType::parse(&text(item.get_ref(), env)?).ok_or(ValueError::Choice(ADDRESS_TYPES))
    };
    let kinds: Vec<_> = array.iter().map(kind).collect::<Result<_, _>>()?;
    if kinds.is_empty() {
        Err(ValueError::Empty)
    } else {
        Ok(kinds)
    }
}

/// A value that a label may have, and an object's name too: it stands in both.
pub(super) fn label_value(value: &DeValue<'_>, env: Env<'_>) -> Result<String, ValueError> {
    word(value, env, 63, "-.")
}

/// A namespace.
pub(super) fn namespace(value: &DeValue<'_>, env: Env<'_>) -> Result<String, ValueError> {
    word(value, env, 63, "-")
}

/// A word of lower case letters, digits and these, at whose ends is a letter or a digit.
fn word(value: &DeValue<'_>, env: Env<'_>, longest: usize, more: &str) -> Result<String, ValueError> {
    let word = text(value, env)?;
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_word = word.len() <= longest
        && word.starts_with(is_end)
        && word.ends_with(is_end)
        && word.chars().all(|c| is_end(c) || more.contains(c));
    if is_word { Ok(word) } else { Err(ValueError::Word) }
}

/// How long a Lease lasts: the API has whole seconds.
pub(super) fn lease(value: &DeValue<'_>, env: Env<'_>) -> Result<Duration, ValueError> {
    let lease = duration(value, env)?;
    let may_be = Duration::from_secs(5)..=Duration::from_secs(600);
    if may_be.contains(&lease) && lease.subsec_nanos() == 0 {
        Ok(lease)
    } else {
        Err(ValueError::Lease)
    }
}

/// Whether TLS 1.2 is refused. 1.0 and 1.1, which Telegraf can still be told to speak, are no words here.
pub(super) fn tls13_only(value: &DeValue<'_>, env: Env<'_>) -> Result<bool, ValueError> {
    match text(value, env)?.as_str() {
        "TLS12" => Ok(false),
        "TLS13" => Ok(true),
        _ => Err(ValueError::Choice(TLS_VERSIONS)),
    }
}

pub(super) fn timestamp(value: &DeValue<'_>, env: Env<'_>) -> Result<Timestamp, ValueError> {
    match text(value, env)?.as_str() {
        "gather" => Ok(Timestamp::Gather),
        "sample" => Ok(Timestamp::Sample),
        _ => Err(ValueError::Choice(TIMESTAMPS)),
    }
}

pub(super) fn volumes(value: &DeValue<'_>, env: Env<'_>) -> Result<Volumes, ValueError> {
    match text(value, env)?.as_str() {
        "all" => Ok(Volumes::All),
        "claims" => Ok(Volumes::Claims),
        _ => Err(ValueError::Choice(VOLUMES)),
    }
}

/// Patterns for names of Kubernetes objects: RFC 1123, so anything else can never match.
pub(super) fn name_patterns(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<Globs>, ValueError> {
    patterns_of(
        value,
        env,
        |character| matches!(character, 'a'..='z' | '0'..='9' | '-' | '.'),
    )
}

/// Whether the network of pods on the host's network is left out.
pub(super) fn pod_network(value: &DeValue<'_>, env: Env<'_>) -> Result<bool, ValueError> {
    match text(value, env)?.as_str() {
        "all" => Ok(false),
        "own" => Ok(true),
        _ => Err(ValueError::Choice(POD_NETWORKS)),
    }
}

/// Groups of metadata, each once.
pub(super) fn metadata(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<Group>, ValueError> {
    let array = value
        .as_array()
        .ok_or_else(|| wrong_type("an array of strings", value))?;
    let group = |item: &toml::Spanned<DeValue<'_>>| {
        let word = text(item.get_ref(), env)?;
        Group::of_word(&word).ok_or(ValueError::Choice(Group::WORDS))
    };
    array.iter().map(group).collect()
}

/// Patterns for keys of labels and annotations: `prefix/name`, letters, digits, `-`, `_` and `.`, so anything else can never
/// match.
pub(super) fn key_patterns(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<Globs>, ValueError> {
    patterns_of(value, env, |character| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/')
    })
}

/// Patterns for names that have such characters alone.
fn patterns_of(
    value: &DeValue<'_>,
    env: Env<'_>,
    has: impl Fn(char) -> bool,
) -> Result<Vec<Globs>, ValueError> {
    let of_a_glob = |character| matches!(character, '*' | '?' | '[' | ']' | '!' | '{' | '}' | ',');
    patterns(value, env, |globs| {
        let mut written = globs.written().chars();
        let odd = written.find(|&character| !has(character) && !of_a_glob(character));
        odd.map(PatternFault::NoSuchName)
    })
}

/// Patterns for fields, each of which has to match one.
pub(super) fn field_patterns(value: &DeValue<'_>, env: Env<'_>) -> Result<Vec<Globs>, ValueError> {
    let rows = lines::rows();
    patterns(value, env, |globs| {
        let names_something = rows
            .iter()
            .any(|row| row.names().iter().any(|name| globs.matches(name)));
        (!names_something).then_some(PatternFault::MatchesNothing)
    })
}

/// A list of patterns; an empty one filters nothing.
fn patterns(
    value: &DeValue<'_>,
    env: Env<'_>,
    fault: impl Fn(&Globs) -> Option<PatternFault>,
) -> Result<Vec<Globs>, ValueError> {
    let Some(array) = value.as_array() else {
        return Err(wrong_type("an array of strings", value));
    };
    let parse = |(number, item): (usize, &toml::Spanned<DeValue<'_>>)| {
        let written = text(item.get_ref(), env)?;
        Globs::parse(&written)
            .and_then(|globs| fault(&globs).map_or(Ok(globs), Err))
            .map_err(|fault| {
                ValueError::Pattern(PatternError {
                    number,
                    shown: echo::name(&written),
                    fault,
                })
            })
    };
    (1..).zip(array.iter()).map(parse).collect()
}

pub(super) fn log_level(value: &DeValue<'_>, env: Env<'_>) -> Result<LevelFilter, ValueError> {
    level(&text(value, env)?).ok_or(ValueError::Choice(LOG_LEVELS))
}

/// One of [`LOG_LEVELS`]; `off` is none, for an error that nobody sees helps nobody.
pub(super) fn level(word: &str) -> Option<LevelFilter> {
    if LOG_LEVELS.contains(&word) {
        word.parse().ok()
    } else {
        None
    }
}

/// A name that line protocol carries: `#` begins a comment, InfluxDB keeps `_` for itself, and a backslash at the
/// end escapes the comma behind it. And none of another measurement, of which a node could be one more series.
pub(super) fn metric_name(value: &DeValue<'_>, env: Env<'_>) -> Result<String, ValueError> {
    let name = text(value, env)?;
    if name.starts_with(['#', '_']) || name.ends_with('\\') || name.contains(char::is_control) {
        return Err(ValueError::MetricName);
    }
    let is_ours = |row: &Row| row.measurement == name && name != schema::NODE.name;
    if [SCRAPE_MEASUREMENT, DISCOVERY_MEASUREMENT].contains(&name.as_str()) || rows().iter().any(is_ours) {
        return Err(ValueError::OtherMetric);
    }
    Ok(name)
}

fn wrong_type(want: &'static str, value: &DeValue<'_>) -> ValueError {
    ValueError::Type {
        want,
        got: value.type_str(),
    }
}
