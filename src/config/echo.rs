//! What a message may repeat of a configuration: never what could be a secret, and never more than one line.

/// The longest value or key that is shown; what is longer is rather a token than a slip.
const LONGEST_ECHO: usize = 60;

/// A list of words as TOML strings.
pub(super) fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A value or key for a message, or nothing where it could be a secret.
///
/// A token lands in the wrong place by a slip of the hand, and Telegraf's log is read by more people than the token.
pub(super) fn echo(key: &str, written: &str) -> Option<String> {
    const SECRET_KEYS: [&str; 7] = ["token", "key", "pass", "pwd", "secret", "cred", "auth"];
    const SECRET_TEXTS: [&str; 4] = ["eyJ", "@", "-----", "Bearer "];
    let key = key.to_ascii_lowercase();
    let secret = SECRET_KEYS.iter().any(|word| key.contains(word))
        || SECRET_TEXTS.iter().any(|word| written.contains(word))
        || written.chars().count() > LONGEST_ECHO;
    (!secret).then(|| one_line(written))
}

/// The text with its control characters escaped: a log line of Telegraf's ends at the first newline.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, character| {
            if character.is_control() {
                out.extend(character.escape_default());
            } else {
                out.push(character);
            }
            out
        })
}
