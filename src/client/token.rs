//! The bearer token: read at each scrape, so that no rotation is ever missed.
//!
//! The secret leaves this module only as a header value that is marked sensitive.

use std::path::{Path, PathBuf};

use hyper::header::HeaderValue;

use super::claims::Claims;
use super::file_error::{FileError, FileFault, TokenFault};
use super::named_file;
use crate::redact::Secrets;

const OPTION: &str = "bearer_token";

/// What stands before the token in the header.
const SCHEME: &[u8] = b"Bearer ";

/// The file with the token, and the token read last.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    last: Option<Token>,
    /// Who has to know it, so that nobody tells it.
    secrets: Secrets,
    /// The trouble the log was told of already.
    told: Option<FileError>,
}

/// A token ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// `Bearer …`; its Debug shows nothing, because it is marked sensitive.
    header: HeaderValue,
    /// Where it is a JWT.
    claims: Option<Claims>,
}

impl Token {
    /// A secret from now on.
    fn new(header: HeaderValue, secrets: &Secrets) -> Self {
        let token = header.as_bytes().strip_prefix(SCHEME).unwrap_or_default();
        secrets.learn(token);
        Self {
            claims: Claims::read(token, secrets),
            header,
        }
    }

    /// What it says of itself; `None` for one that is no JWT.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }
}

impl TokenFile {
    /// The token in the file at `path`.
    pub fn new(path: PathBuf, secrets: Secrets) -> Self {
        Self {
            path,
            last: None,
            secrets,
            told: None,
        }
    }

    /// The token read last.
    pub fn last(&self) -> Option<&Token> {
        self.last.as_ref()
    }

    /// The value of `Authorization` with the token as it stands in the file now, which is looked into only when it is
    /// another one than before. While the file cannot be used, the token read last: a volume is remounted
    /// when its pod's status changes, and for a moment its files are gone (kubernetes/kubernetes#68164).
    pub fn read(&mut self) -> Result<HeaderValue, FileError> {
        match header(&self.path) {
            Ok(header) => {
                self.told = None;
                if self.last.as_ref().is_none_or(|last| last.header != header) {
                    self.last = Some(Token::new(header.clone(), &self.secrets));
                }
                Ok(header)
            }
            Err(error) => match &self.last {
                Some(token) => {
                    if self.told.as_ref() != Some(&error) {
                        log::warn!("{error}; going on with the token read last");
                        self.told = Some(error);
                    }
                    Ok(token.header.clone())
                }
                None => Err(error),
            },
        }
    }
}

/// The token in the file at `path`.
pub fn read(path: &Path, secrets: &Secrets) -> Result<Token, FileError> {
    header(path).map(|header| Token::new(header, secrets))
}

fn header(path: &Path) -> Result<HeaderValue, FileError> {
    let content = named_file::read(OPTION, path)?;
    parse(content.trim_ascii()).map_err(|fault| FileError {
        option: OPTION,
        path: Some(path.to_owned()),
        fault: FileFault::NotAToken(fault),
    })
}

fn parse(token: &[u8]) -> Result<HeaderValue, TokenFault> {
    if let Some(fault) = TokenFault::of(token) {
        return Err(fault);
    }
    // Visible ASCII is what a header may hold.
    let mut header =
        HeaderValue::from_bytes(&[SCHEME, token].concat()).map_err(|_| TokenFault::NotVisible(1))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_of_the_secret() {
        let token = Token::new(parse(b"very-secret").unwrap(), &Secrets::default());
        assert!(!format!("{token:?}").contains("secret"));
    }

    #[test]
    fn is_one_line_of_visible_ascii() {
        assert_eq!(parse(b"two\nlines"), Err(TokenFault::SecondLine));
        let opaque = Token::new(parse(b"opaque").unwrap(), &Secrets::default());
        assert_eq!(opaque.claims(), None);
    }
}
