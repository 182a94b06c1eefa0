//! Where the lines go, from text.
//!
//! Knows what Telegraf's `inputs.socket_listener` makes of a `service_address`, for the two have to mean the same file.

use std::fmt;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;

/// The word for the output of a child of `inputs.execd`.
const STDOUT: &str = "stdout";

/// A socket that keeps lines whole: Telegraf reads each datagram by itself.
const DATAGRAMS: &str = "unixgram://";

/// A socket that does not: whoever stops reads on to wherever he is, and takes half a line for a whole one.
const STREAMS: [&str; 2] = ["unix://", "unixpacket://"];

/// Why a text is no place for lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputError {
    /// Neither of the two that there are.
    Unknown,
    /// A stream.
    Stream,
    /// A path from wherever the program happens to be started.
    Relative,
    /// A path that Telegraf would read as another one.
    NotLiteral,
    /// A path that no socket can have.
    TooLong,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => {
                r#"no output; write "stdout", or "unixgram:///run/telegraf-kubelet/telegraf.sock" for a socket"#
            }
            Self::Stream => {
                "Telegraf tears a line of such a socket when it stops; write unixgram:// here and in the \
                 service_address of inputs.socket_listener"
            }
            Self::Relative => {
                r#"no absolute path; write it with three slashes, as in "unixgram:///run/telegraf-kubelet/telegraf.sock""#
            }
            Self::NotLiteral => {
                "Telegraf reads %, ? and # as parts of a URL; choose a path without them and without control characters"
            }
            Self::TooLong => "a longer path than the system has room for at a socket (107 bytes on Linux); shorten it",
        })
    }
}

impl std::error::Error for OutputError {}

/// Reads where to; the path of a socket, or `None` for stdout.
pub(super) fn parse(text: &str) -> Result<Option<PathBuf>, OutputError> {
    if text == STDOUT {
        return Ok(None);
    }
    let Some(path) = text.strip_prefix(DATAGRAMS) else {
        let stream = STREAMS.iter().any(|scheme| text.starts_with(scheme));
        return Err(if stream {
            OutputError::Stream
        } else {
            OutputError::Unknown
        });
    };
    if !path.starts_with('/') {
        return Err(OutputError::Relative);
    }
    if path.contains(|character: char| matches!(character, '%' | '?' | '#') || character.is_control()) {
        return Err(OutputError::NotLiteral);
    }
    SocketAddr::from_pathname(path).map_err(|_| OutputError::TooLong)?;
    Ok(Some(path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stdout_or_the_path_of_a_socket_that_keeps_lines_whole() {
        assert_eq!(parse("stdout"), Ok(None));
        let path = "/run/a b/telegraf.sock";
        assert_eq!(parse(&format!("unixgram://{path}")), Ok(Some(path.into())));
        let longest = format!("unixgram:///{}", "x".repeat(106));
        assert!(parse(&longest).is_ok());
        for (text, error) in [
            ("stderr", OutputError::Unknown),
            ("/run/telegraf.sock", OutputError::Unknown),
            ("tcp://127.0.0.1:8094", OutputError::Unknown),
            ("unix:///run/telegraf.sock", OutputError::Stream),
            ("unixpacket:///run/telegraf.sock", OutputError::Stream),
            ("unixgram://run/telegraf.sock", OutputError::Relative),
            ("unixgram://", OutputError::Relative),
            ("unixgram:///run/%41", OutputError::NotLiteral),
            ("unixgram:///run/a?b", OutputError::NotLiteral),
            ("unixgram:///run/a\0b", OutputError::NotLiteral),
            (&format!("{longest}x"), OutputError::TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
