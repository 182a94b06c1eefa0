//! Keys and tables of Telegraf's that do not belong into our file, each with what to do about it.
//!
//! People move a block over from telegraf.conf: an "unknown option" would leave them searching.

use super::error::HeadError;
use super::options;

/// Options of the peer and of Telegraf that we do not take, and the mend for each group.
const NOT_TAKEN: &[(&[&str], &str)] = &[
    (
        &["bearer_token_string"],
        "Telegraf removed it too; write the token into a file, and its path into bearer_token",
    ),
    (
        &["tls_key_pwd"],
        "encrypted keys are not read; decrypt it with \"openssl pkey -in FILE -out FILE\" and protect the file",
    ),
    (
        &["tls_cipher_suites"],
        "TLS 1.2 and 1.3 are spoken with their safe suites only; take the line out",
    ),
    (
        &["tls_renegotiation_method"],
        "TLS is never renegotiated here; take the line out",
    ),
    (
        &["tls_enable"],
        "TLS follows from url; take the line out, and write https:// there",
    ),
    (
        &[
            "alias",
            "always_include_global_tags",
            "always_include_local_tags",
            "collection_jitter",
            "collection_offset",
            "fielddrop",
            "fieldexclude",
            "fieldinclude",
            "fieldpass",
            "metricpass",
            "name_override",
            "name_prefix",
            "name_suffix",
            "namedrop",
            "namedrop_separator",
            "namepass",
            "namepass_separator",
            "precision",
            "startup_error_behavior",
            "tagdrop",
            "tagexclude",
            "taginclude",
            "tagpass",
            "tags",
            "time_source",
        ],
        "that is for Telegraf to do; put it into the [[inputs.execd]] block of telegraf.conf",
    ),
];

/// Tables at the root of telegraf.conf.
const ROOTS: &[&str] = &[
    "agent",
    "aggregators",
    "global_tags",
    "outputs",
    "parsers",
    "processors",
    "secretstores",
    "serializers",
];

/// The key and its mend, where it is one of Telegraf's that we do not take.
pub(super) fn not_taken(key: &str) -> Option<(&'static str, &'static str)> {
    NOT_TAKEN
        .iter()
        .flat_map(|(keys, mend)| keys.iter().map(move |known| (*known, *mend)))
        .find(|(known, _)| *known == key)
}

/// What a root key other than `inputs` is.
pub(super) fn root(key: &str) -> HeadError {
    if ROOTS.contains(&key) {
        HeadError::TelegrafConf
    } else if options::ALL.iter().any(|info| info.key == key) {
        HeadError::OutsideBlock
    } else {
        HeadError::Unknown
    }
}

/// The option that is spelled most like this key, if one comes near.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let (distance, nearest) = options::ALL
        .iter()
        .map(|info| (distance(key, info.key), info.key))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= nearest.len().div_ceil(4).min(3)).then_some(nearest)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in right.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_option_and_a_stranger_none() {
        for (key, want) in [
            ("respons_timeout", Some("response_timeout")),
            ("response-timeout", Some("response_timeout")),
            ("urls", Some("url")),
            ("uri", Some("url")),
            ("insecure_skip_verfy", Some("insecure_skip_verify")),
            ("password", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(key), want, "{key}");
        }
    }

    #[test]
    fn nothing_is_both_taken_and_not_taken() {
        for info in options::ALL {
            assert_eq!(not_taken(info.key), None, "{}", info.key);
        }
    }
}
