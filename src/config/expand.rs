//! Environment variables inside a config's strings.
//!
//! Works on one string after TOML has been parsed, so a value with a quote or a backslash in it can't break the
//! file, and a `$` in a comment means nothing.

use std::fmt;

use super::echo;

/// Looks a variable up; `None` where it is not set.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a string could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpandError {
    /// The variable is not set. Telegraf's shim puts nothing in its place, which makes `https://:10250`.
    Undefined {
        /// Its name; `None` where it could be a piece of a secret with a `$` in it.
        name: Option<String>,
    },
    /// A `$` with no variable's name behind it.
    NotAName,
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined { name } => {
                f.write_str(match name {
                    Some(_) => "the environment variable ",
                    None => "an environment variable in it",
                })?;
                f.write_str(name.as_deref().unwrap_or_default())?;
                f.write_str(" is not set; set it for the plugin, or write $$ for a literal $")
            }
            Self::NotAName => {
                f.write_str("$ without a variable's name; write $NAME or ${NAME}, and $$ for a literal $")
            }
        }
    }
}

impl std::error::Error for ExpandError {}

/// Puts the variables' values in place of `$NAME` and `${NAME}`, and `$` in place of `$$`.
///
/// A value is taken as it is: a `$` in it is not looked at again.
pub(super) fn expand(text: &str, env: Env<'_>) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
            continue;
        }
        let (name, tail) = variable(after)?;
        out.push_str(&env(name).ok_or_else(|| ExpandError::Undefined {
            name: echo::name(name),
        })?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The name behind a `$`, and what follows it.
fn variable(after: &str) -> Result<(&str, &str), ExpandError> {
    let (name, tail) = match after.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or(ExpandError::NotAName)?,
        None => after.split_at(
            after
                .bytes()
                .position(|byte| !is_name(byte))
                .unwrap_or(after.len()),
        ),
    };
    let starts_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if starts_well && name.bytes().all(is_name) {
        Ok((name, tail))
    } else {
        Err(ExpandError::NotAName)
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "IP" => Some("10.0.0.1".to_owned()),
            "ODD" => Some("a\"b\\c$IP".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn expands() {
        for (text, want) in [
            ("plain", "plain"),
            ("", ""),
            ("https://$IP:10250", "https://10.0.0.1:10250"),
            ("${IP}x", "10.0.0.1x"),
            ("$IP$IP", "10.0.0.110.0.0.1"),
            ("$ODD", "a\"b\\c$IP"),
            ("[$EMPTY]", "[]"),
            ("$$IP", "$IP"),
            ("$$$IP", "$10.0.0.1"),
            ("a$$", "a$"),
            ("é$IP/é", "é10.0.0.1/é"),
        ] {
            assert_eq!(expand(text, &env).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn refuses() {
        for name in ["NOPE", "IPX", "ip", "_"] {
            assert_eq!(
                expand(&format!("${name}"), &env),
                Err(ExpandError::Undefined {
                    name: Some(name.to_owned())
                })
            );
        }
        assert_eq!(expand("pa$5Word-or-key", &env), Err(ExpandError::NotAName));
        for secret in ["pa$w0rd_of_mine", "pa$MHcCAQEEIB"] {
            assert_eq!(expand(secret, &env), Err(ExpandError::Undefined { name: None }));
        }
        for text in [
            "$", "a$", "$ IP", "$1", "$-", "${}", "${IP", "${I P}", "${IP:-x}", "${1A}", "$é",
        ] {
            assert_eq!(expand(text, &env), Err(ExpandError::NotAName), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_doubled_dollar_is_a_literal_one(text in r"\PC{0,40}") {
            prop_assert_eq!(expand(&text.replace('$', "$$"), &|_| None), Ok(text));
        }

        #[test]
        fn no_text_panics(text in r"[${}A-Z\PC]{0,40}") {
            let _ = expand(&text, &env);
        }
    }
}
