//! What a message may repeat of a configuration or a command line: never what could be a secret, and never more than one
//! line.
//!
//! A token or a key lands in the wrong place by a slip of the hand, and Telegraf's log is read by more people than the
//! token. Whatever is shorter than a secret may be told, and of names those that are made as names are: no token and no
//! key is. The line is told in any case, so that who may see the file sees what was meant.

use crate::printable::is_steering;
use crate::redact::SHORTEST_SECRET;

/// The longest name that anybody gives to an option, a variable or a table.
const LONGEST_NAME: usize = 40;

/// A list of words as TOML strings.
pub(super) fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A value for a message, as it is written.
pub(super) fn value(written: &str) -> Option<String> {
    let text = written.trim_matches(['"', '\'']);
    is_short(text).then(|| one_line(written))
}

/// The name of an option, a table, a flag or a variable, or a pattern for names, for a message.
pub(super) fn name(written: &str) -> Option<String> {
    (is_short(written) || is_name(written)).then(|| one_line(written))
}

fn is_short(text: &str) -> bool {
    text.chars().count() < SHORTEST_SECRET
}

/// Letters of one case, and what joins them: random text of such a length has digits, or letters of both.
fn is_name(text: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_punctuation();
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    text.len() <= LONGEST_NAME && (text.bytes().all(lower) || text.bytes().all(upper))
}

/// The text with each character that steers escaped: a log line of Telegraf's ends at the first newline.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, character| {
            if is_steering(character) {
                out.extend(character.escape_default());
            } else {
                out.push(character);
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_and_secrets_are_not() {
        for told in [
            "respons_timeout",
            "inputs",
            "KUBERNETES_SERVICE_HOST",
            "-poll-interval",
            "kube-system*",
            "a1B2c3D",
        ] {
            assert_eq!(name(told), Some(told.to_owned()));
        }
        for hidden in [
            "eyJhbGciOi",
            "MHcCAQEEIB",
            "0123456789abcdef",
            "abcdef.0123456789abcdef",
            "a-very-long-name-that-nobody-would-ever-give-to-anything",
            "Bearer x",
        ] {
            assert_eq!(name(hidden), None);
        }
        assert_eq!(value("'5 sec'"), Some("'5 sec'".to_owned()));
        assert_eq!(value("\"hunter2-hunter2\""), None);
    }
}
