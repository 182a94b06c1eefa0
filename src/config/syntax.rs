//! What is wrong with a file that is no TOML, in our own words: a library's could quote what it read.

use std::fmt;

/// Why a text is not TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxError {
    /// It is not even text.
    NotUtf8,
    /// A key or table for the second time.
    Duplicate,
    /// A value that is none without quotes.
    NotQuoted,
    /// A string that goes wrong before its end.
    OpenString,
    /// A backslash that begins nothing.
    Escape,
    /// No `=` where one belongs.
    NoEquals,
    /// Brackets or braces that do not close.
    Open,
    /// Something behind a value.
    Behind,
    /// No key where one belongs.
    NoKey,
    /// Anything else.
    Other,
}

impl SyntaxError {
    /// Of the parser's message, of which nothing is told.
    pub(super) fn of(message: &str) -> Self {
        let what = message.split(", expected").next().unwrap_or_default();
        match what {
            "duplicate key" => Self::Duplicate,
            "string values must be quoted" => Self::NotQuoted,
            "key with no value" | "missing assignment between key-value pairs" => Self::NoEquals,
            "unexpected key or value" | "extra `=`" | "unexpected content" => Self::Behind,
            "unquoted keys cannot be empty" => Self::NoKey,
            "missing escaped value" | "too few unicode value digits" => Self::Escape,
            _ if what.starts_with("unclosed ") => Self::Open,
            _ if what.starts_with("invalid ") && what.ends_with(" string") => Self::OpenString,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "not UTF-8; save the file as UTF-8",
            Self::Duplicate => "not TOML: this stands above already; keep one of the two",
            Self::NotQuoted => "not TOML: a text without quotes; write it as \"...\"",
            Self::OpenString => {
                "not TOML: a string that does not end in its line, or has a control character in it; write it as \"...\""
            }
            Self::Escape => {
                r"not TOML: a backslash that begins no escape; write \\, or the string in single quotes"
            }
            Self::NoEquals => "not TOML: a key without a value; write key = value",
            Self::Open => "not TOML: brackets that do not close",
            Self::Behind => "not TOML: something stands behind the value; write one option a line",
            Self::NoKey => "not TOML: a key is missing; write key = value",
            Self::Other => "not TOML; see --sample-config for what it looks like",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    #[test]
    fn each_slip_is_told_as_what_it_is() {
        use SyntaxError::{Behind, Duplicate, Escape, NoEquals, NoKey, NotQuoted, Open, OpenString, Other};
        for (text, want) in [
            ("a = 1\na = 2", Duplicate),
            ("[a]\n[a]", Duplicate),
            ("a = abc", NotQuoted),
            ("a =", NotQuoted),
            ("a = \"abc", OpenString),
            ("a = 'abc\nb = 1", OpenString),
            ("a = \"\"\"abc", OpenString),
            (r#"a = "\q""#, Escape),
            (r#"a = "\u12""#, Escape),
            ("a", NoEquals),
            ("a: b", NoEquals),
            ("a = {b: 1}", NoEquals),
            ("a = [1, 2", Open),
            ("[a", Open),
            ("a = 'x' y", Behind),
            ("ab==", Behind),
            ("= 1", NoKey),
            ("a = 01", Other),
            ("{", Other),
        ] {
            let error = DeTable::parse(text).expect_err(text);
            assert_eq!(
                SyntaxError::of(error.message()),
                want,
                "{text}: {}",
                error.message()
            );
        }
    }
}
