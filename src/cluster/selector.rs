//! Which nodes, by their labels, as `kubectl get --selector` has it. The API server does the selecting; what is no selector is
//! told here, before anybody is asked.
//!
//! The grammar is that of apimachinery's `labels.Parse` (`pkg/labels/selector.go`), which kubectl and the API server both
//! read with: `key=value` and `==`, `!=`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`, `key>5`, `key<5`, with commas
//! between them, all of which have to be true. An empty one is all nodes, and an empty value a value. We take a little more
//! than it does, `(a,,)`, and hand on what it takes.

use std::collections::BTreeSet;
use std::fmt;

use super::name::is_subdomain;
use super::query;

/// A longer one would not fit into a URL that every proxy takes.
const LONGEST: usize = 2048;

/// The longest name of a label behind its prefix, and the longest value.
const LONGEST_NAME: usize = 63;

/// A selector, in one spelling of all that mean the same by the order of their values and their spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.len() > LONGEST {
            return Err(SelectorError {
                at: 0,
                fault: Fault::TooLong,
            });
        }
        let mut parser = Parser { text, at: 0 };
        let mut written = String::new();
        if parser.peek() == Token::End {
            return Ok(Self(written));
        }
        loop {
            parser.requirement(&mut written)?;
            match parser.next() {
                (_, Token::End) => return Ok(Self(written)),
                (_, Token::Comma) => written.push(','),
                (at, _) => return at.fault(Fault::Comma),
            }
        }
    }

    /// Whether it is for all nodes.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands behind `labelSelector=` in a query.
    #[must_use]
    pub fn as_query(&self) -> String {
        query::encoded(&self.0)
    }
}

impl fmt::Display for Selector {
    /// In one line, as kubectl takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no selector, and where. Never carries the text: anything may have got into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectorError {
    /// How many characters are before it.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is too much of it.
    TooLong,
    /// A key is missing: at the beginning, behind a comma or behind `!`.
    NoKey,
    /// A key that no label can have.
    Key(Part),
    /// A value that no label can have.
    Value,
    /// An operator is missing, or another word stands in its place.
    Operator,
    /// Something is between two requirements that is no comma.
    Comma,
    /// Behind `in` or `notin` no list begins.
    NoList,
    /// A list that has no end, or something else than commas in it.
    List,
    /// An operator stands where a value should.
    OneValue,
    /// `>` and `<` compare whole numbers.
    Number,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The part before the slash, which is a subdomain of DNS.
    Prefix,
    /// The part behind it, or all of one that has no slash.
    Name,
    /// More than one slash.
    Slashes,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WORD: &str = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at each end";
        if self.fault == Fault::TooLong {
            return write!(
                f,
                "longer than {LONGEST} characters; select by fewer labels, or by one of your own"
            );
        }
        write!(f, "at character {}: ", self.at + 1)?;
        match self.fault {
            Fault::TooLong => Ok(()),
            Fault::NoKey => f.write_str("a label's key is missing; write `key=value`, `key` or `!key`"),
            Fault::Key(Part::Prefix) => f.write_str(
                "what is before the '/' of a label's key is a DNS name: letters in lower case, digits, '-' and '.'",
            ),
            Fault::Key(Part::Slashes) => f.write_str("a label's key has one '/' at most"),
            Fault::Key(Part::Name) => write!(f, "no label's key: its name is {WORD}"),
            Fault::Value => write!(f, "no label's value: it is {WORD}"),
            Fault::Operator => f.write_str(
                "an operator is missing; write =, ==, !=, in (…), notin (…), > or < behind a key, or a comma between two",
            ),
            Fault::Comma => f.write_str("a comma is missing between two requirements"),
            Fault::NoList => f.write_str("values are missing; write `key in (a,b)`"),
            Fault::List => f.write_str("values end with ')' and have commas between them; write `key in (a,b)`"),
            Fault::OneValue => f.write_str("one value is expected; for one of several write `key in (a,b)`"),
            Fault::Number => f.write_str("> and < compare with a whole number; write `key>5`"),
        }
    }
}

impl std::error::Error for SelectorError {}

/// What a selector is made of. Words are told apart by their place: `in` is a key and a value as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    Open,
    Close,
    Comma,
    End,
}

/// A place: how many characters are before it.
#[derive(Clone, Copy)]
struct At(usize);

impl At {
    fn fault<T>(self, fault: Fault) -> Result<T, SelectorError> {
        Err(SelectorError { at: self.0, fault })
    }
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&mut self) -> Token<'t> {
        let before = self.at;
        let (_, token) = self.next();
        self.at = before;
        token
    }

    /// The next token, and where it begins. The longest operator is meant, wherever it stands.
    fn next(&mut self) -> (At, Token<'t>) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches(is_space);
        let start = self.text.len() - trimmed.len();
        let (token, length) = operator(trimmed).unwrap_or_else(|| {
            let end = trimmed.find(|character| is_space(character) || is_special(character));
            match &trimmed[..end.unwrap_or(trimmed.len())] {
                "" => (Token::End, 0),
                word => (Token::Word(word), word.len()),
            }
        });
        self.at = start + length;
        (At(self.text[..start].chars().count()), token)
    }

    /// Reads a requirement and appends it.
    fn requirement(&mut self, written: &mut String) -> Result<(), SelectorError> {
        let (mut at, mut token) = self.next();
        let not = token == Token::Not;
        if not {
            written.push('!');
            (at, token) = self.next();
        }
        let Token::Word(key) = token else {
            return at.fault(Fault::NoKey);
        };
        check_key(at, key)?;
        written.push_str(key);
        if not || matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(());
        }
        let (at, token) = self.next();
        match token {
            Token::Equals => self.one_value(written, "="),
            Token::DoubleEquals => self.one_value(written, "=="),
            Token::NotEquals => self.one_value(written, "!="),
            Token::Greater => self.number(written, '>'),
            Token::Less => self.number(written, '<'),
            Token::Word("in") => self.values(written, " in "),
            Token::Word("notin") => self.values(written, " notin "),
            _ => at.fault(Fault::Operator),
        }
    }

    /// The value behind an operator: an empty one where a comma or the end is.
    fn value(&mut self) -> Result<(At, &'t str), SelectorError> {
        let before = self.at;
        match self.next() {
            (at, Token::Word(value)) => check_value(at, value).map(|()| (at, value)),
            (at, Token::End | Token::Comma) => {
                self.at = before;
                Ok((at, ""))
            }
            (at, _) => at.fault(Fault::OneValue),
        }
    }

    fn one_value(&mut self, written: &mut String, operator: &str) -> Result<(), SelectorError> {
        let (_, value) = self.value()?;
        written.push_str(operator);
        written.push_str(value);
        Ok(())
    }

    /// A whole number of 64 bits. A sign is none of a label's characters.
    fn number(&mut self, written: &mut String, operator: char) -> Result<(), SelectorError> {
        let (at, value) = self.value()?;
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || value.parse::<i64>().is_err() {
            return at.fault(Fault::Number);
        }
        written.push(operator);
        written.push_str(value);
        Ok(())
    }

    /// Values in parentheses, in order, each once; empty ones are values.
    fn values(&mut self, written: &mut String, operator: &str) -> Result<(), SelectorError> {
        let (at, begins) = self.next();
        if begins != Token::Open {
            return at.fault(Fault::NoList);
        }
        let mut values = BTreeSet::new();
        loop {
            let (mut at, mut token) = self.next();
            let mut value = "";
            if let Token::Word(word) = token {
                check_value(at, word)?;
                value = word;
                (at, token) = self.next();
            }
            values.insert(value);
            match token {
                Token::Comma => {}
                Token::Close => break,
                _ => return at.fault(Fault::List),
            }
        }
        let values: Vec<_> = values.into_iter().collect();
        written.push_str(operator);
        written.push('(');
        written.push_str(&values.join(","));
        written.push(')');
        Ok(())
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_special(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn operator(text: &str) -> Option<(Token<'static>, usize)> {
    const ALL: [(&str, Token<'static>); 9] = [
        ("==", Token::DoubleEquals),
        ("=", Token::Equals),
        ("!=", Token::NotEquals),
        ("!", Token::Not),
        (">", Token::Greater),
        ("<", Token::Less),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    let found = ALL.into_iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((found.1, found.0.len()))
}

/// A qualified name: `name` or `prefix/name`.
fn check_key(at: At, key: &str) -> Result<(), SelectorError> {
    let name = match key.split_once('/') {
        None => key,
        Some((_, name)) if name.contains('/') => return at.fault(Fault::Key(Part::Slashes)),
        Some((prefix, name)) if is_subdomain(prefix) => name,
        Some(_) => return at.fault(Fault::Key(Part::Prefix)),
    };
    if is_label_text(name) {
        Ok(())
    } else {
        at.fault(Fault::Key(Part::Name))
    }
}

fn check_value(at: At, value: &str) -> Result<(), SelectorError> {
    if is_label_text(value) {
        Ok(())
    } else {
        at.fault(Fault::Value)
    }
}

/// The text of a label's name or value, which is not empty.
fn is_label_text(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let at_an_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.len() <= LONGEST_NAME
        && at_an_end(bytes.first())
        && at_an_end(bytes.last())
        && text.bytes().all(inside)
}

#[cfg(test)]
mod tests;
