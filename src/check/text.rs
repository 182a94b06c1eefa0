//! Words that several steps need: spans of time, and texts quoted for where they are to be pasted.

use std::fmt::Write as _;
use std::path::Path;

use crate::lines::Batch;
use crate::printable::is_steering;
use crate::redact;

const DAY: i64 = 86_400;

/// How far `until` is from `now`, both in seconds since 1970: `89 days left`, `expired 3 hours ago`.
pub fn days_left(until: i64, now: i64) -> String {
    let left = until.saturating_sub(now);
    if left < 0 {
        format!("expired {} ago", span(left))
    } else {
        format!("{} left", span(left))
    }
}

/// So much time in its largest unit that is not too coarse.
pub fn span(seconds: i64) -> String {
    match seconds.saturating_abs() {
        seconds if seconds >= 730 * DAY => format!("{} years", seconds / (365 * DAY)),
        _ => crate::kubelet::span(seconds),
    }
}

/// The lines of a batch.
pub fn of(batch: &Batch) -> String {
    let text: Vec<u8> = batch.runs().flatten().copied().collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// As many of these as fit into what may be told. None is cut; and it is the whole that has to be made safe: neither what is
/// cut off nor what stands between two could hide a secret.
pub fn several(names: impl IntoIterator<Item = impl AsRef<str>>, has_others: bool) -> String {
    const OTHERS: &str = " and others";
    let (mut said, mut others) = (String::new(), has_others);
    for name in names {
        let name = name.as_ref();
        if said.is_empty() {
            said.push_str(name);
        } else if said.len() + ", ".len() + name.len() + OTHERS.len() <= redact::LONGEST {
            said.extend([", ", name]);
        } else {
            others = true;
            break;
        }
    }
    said.push_str(if others { OTHERS } else { "" });
    said
}

/// A path for a shell.
pub fn quoted(path: &Path) -> String {
    shell(&path.display().to_string())
}

/// A word for a shell.
pub fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:@%+=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text for YAML, which takes JSON's strings but for escapes in two halves.
pub fn yaml(text: &str) -> String {
    escaped(&serde_json::Value::from(text).to_string(), |out, character| {
        // Writing into a string never fails.
        let _ = match u32::from(character) {
            code @ ..=0xffff => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        };
    })
}

/// A text for TOML: its basic strings escape as YAML's do.
pub fn toml(text: &str) -> String {
    yaml(text)
}

/// JSON whose strings hold no character that steers as it is.
pub fn json(text: &str) -> String {
    escaped(text, |out, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // As above.
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        // Between strings stand newlines, in them none is left.
        if is_steering(character) && character != '\n' {
            escape(&mut out, character);
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_it_is() {
        assert_eq!(shell("/a/b.crt"), "/a/b.crt");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn nothing_that_steers_is_left_in_a_string() {
        assert_eq!(
            yaml("a\u{9b}2J\x1b\u{202e}\"ä\n"),
            "\"a\\u009b2J\\u001b\\u202e\\\"ä\\n\""
        );
        // Where it takes two halves, each reader gets it back.
        let text = "a\u{e0001}";
        assert_eq!(yaml(text), "\"a\\U000e0001\"");
        let document = format!("key = {}", toml(text));
        let read = toml::de::DeTable::parse(&document).unwrap();
        assert_eq!(read.get_ref()["key"].get_ref().as_str(), Some(text));
        let document = json(&serde_json::Value::from(text).to_string());
        assert_eq!(document, "\"a\\udb40\\udc01\"");
        assert_eq!(serde_json::from_str::<String>(&document).unwrap(), text);
    }

    #[test]
    fn spans_are_in_years_from_two_on() {
        assert_eq!(days_left(0, 800 * DAY), "expired 2 years ago");
        assert_eq!(days_left(6 * DAY, 0), "6 days left");
    }
}
