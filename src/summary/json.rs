//! A pull reader over one whole JSON body.
//!
//! Knows JSON and nothing of kubelets. Three things make it ours instead of a library's:
//!
//! * **A wrong value is not a wrong document.** Where a number is wanted and something else stands, the value is
//!   stepped over and counted, and reading goes on behind it. A `Deserialize` that has returned an error can not.
//! * **Numbers stay text.** What the kubelet printed is what is checked and copied into the line: nothing is parsed
//!   and printed again, so no number can come out different, wrapped or rounded.
//! * **Cost.** It runs on every node at every tick. `benches/` measures it beside `serde_json` and `jiter`.
//!
//! It accepts exactly the documents RFC 8259 allows, up to [`MAX_DEPTH`], with two leniences that concern only text:
//! bytes that are not UTF-8 and lone surrogates become U+FFFD, as in Go's decoder.

use std::borrow::Cow;
use std::fmt;

use super::swar;
use super::token::StringToken;

/// How deep objects and lists may nest. A summary needs nine; a hostile body must not exhaust the stack.
pub const MAX_DEPTH: u32 = 128;

/// The body is not JSON: where it stops being so, and what was wanted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset into the body.
    pub at: usize,
    /// What should have stood there.
    pub wanted: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON at byte {}: {} expected", self.at, self.wanted)
    }
}

impl std::error::Error for Malformed {}

/// Values that were stepped over because the API does not allow them where they stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many, in this body.
    pub count: u64,
    /// Where the first one stands, as a byte offset.
    pub first_at: Option<usize>,
}

/// A position in a body.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    depth: u32,
    rejected: Rejected,
}

/// Something that can be read from a body, into a place that is used again.
pub trait Read<'a> {
    /// Back to absent, keeping what memory it holds.
    fn reset(&mut self);

    /// Reads one value over whatever was here before: of a key given twice the last counts, as in Go and `serde_json`.
    ///
    /// A value of another type is stepped over and counted, and leaves this absent; `null` is absent and not counted.
    ///
    /// # Errors
    /// The body ends or is not JSON.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed>;
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of a body.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            depth: 0,
            rejected: Rejected::default(),
        }
    }

    /// What was stepped over so far.
    #[must_use]
    pub fn rejected(&self) -> Rejected {
        self.rejected
    }

    /// The offset of the next byte.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes to where a value begins that was stepped over before.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
        self.depth = 1;
    }

    pub(super) fn malformed<T>(&self, wanted: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, wanted })
    }

    /// Steps over white space; the next byte, or 0 at the end (which no JSON value begins with).
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => byte,
            _ => self.peek_behind_space(),
        }
    }

    fn peek_behind_space(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\r' | b'\t') => self.at += 1,
                // The kubelet indents its answer: a line begins with a run of spaces.
                Some(b'\n') => self.at = swar::end_of_spaces(self.bytes, self.at + 1),
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        self.peek();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            self.malformed("the end of the body")
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.malformed("less nesting");
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Steps into an object, to its first key; false if there is none to read: the object is empty, or something else
    /// stood there, which is stepped over (and counted, unless it is `null`).
    #[inline]
    pub(super) fn begin_object(&mut self) -> Result<bool, Malformed> {
        if self.peek() != b'{' {
            return self.reject().map(|()| false);
        }
        self.enter()?;
        if self.peek() == b'}' {
            self.leave();
            return Ok(false);
        }
        Ok(true)
    }

    /// Behind a member's value: steps to the next key, or out of the object and answers false.
    #[inline]
    pub(super) fn next_member(&mut self) -> Result<bool, Malformed> {
        match self.peek() {
            b',' => {
                self.at += 1;
                self.peek();
                Ok(true)
            }
            b'}' => {
                self.leave();
                Ok(false)
            }
            _ => self.malformed("`,` or `}`"),
        }
    }

    /// Steps to the value if the next key is `quoted`, which is the key as Go prints it: `"key": `.
    ///
    /// The kubelet's keys come in the order of its structs. Asking for the one that is due costs two comparisons;
    /// finding its end, looking it up and stepping over the colon costs five times that.
    #[inline]
    pub(super) fn at_key(&mut self, quoted: &'static [u8]) -> bool {
        let here = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(quoted));
        if here {
            self.at += quoted.len();
        }
        here
    }

    /// Any key, unescaped; steps to its value.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.key_token().map(StringToken::text)
    }

    fn key_token(&mut self) -> Result<StringToken<'a>, Malformed> {
        if self.peek() != b'"' {
            return self.malformed("a key");
        }
        let key = self.string_token()?;
        if self.peek() != b':' {
            return self.malformed("`:`");
        }
        self.at += 1;
        Ok(key)
    }

    /// Calls `each` with every key of an object, standing at its value, which `each` must read or step over.
    ///
    /// Anything but an object is stepped over: counted, unless it is `null`.
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut more = self.begin_object()?;
        while more {
            let key = self.key()?;
            each(self, key)?;
            more = self.next_member()?;
        }
        Ok(())
    }

    /// Calls `each` at every element of a list, which `each` must read or step over.
    ///
    /// Anything but a list is stepped over: counted, unless it is `null`.
    #[inline]
    pub(super) fn list(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.peek() != b'[' {
            return self.reject();
        }
        self.enter()?;
        if self.peek() == b']' {
            self.leave();
            return Ok(());
        }
        loop {
            each(self)?;
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return self.malformed("`,` or `]`"),
            }
        }
        self.leave();
        Ok(())
    }

    /// The text of a number, as printed; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a [u8], Malformed> {
        match self.peek() {
            b'-' | b'0'..=b'9' => Ok(self.number_token()?.0),
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// The text of a number without fraction and exponent; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn whole_number(&mut self) -> Result<&'a [u8], Malformed> {
        match self.peek() {
            b'-' | b'0'..=b'9' => match self.number_token()? {
                (token, true) => Ok(token),
                (token, false) => {
                    self.count_rejected(self.at - token.len());
                    Ok(&[])
                }
            },
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// `true` or `false` as printed; empty if something else stood there, which is stepped over.
    pub(super) fn boolean(&mut self) -> Result<&'a [u8], Malformed> {
        match self.peek() {
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// A string, unescaped; `None` if something else stood there, which is stepped over.
    pub(super) fn text(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        if self.peek() == b'"' {
            Ok(Some(self.string_token()?.text()))
        } else {
            self.reject().map(|()| None)
        }
    }

    /// What stands between the quotes, escapes and all; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn raw_text(&mut self) -> Result<&'a [u8], Malformed> {
        if self.peek() == b'"' {
            Ok(self.string_token()?.raw)
        } else {
            self.reject().map(|()| &[][..])
        }
    }

    /// Steps over a value that may not stand here: counted, unless it is `null`, which is how Go prints absence.
    #[cold]
    pub(super) fn reject(&mut self) -> Result<(), Malformed> {
        if self.peek() != b'n' {
            self.count_rejected(self.at);
        }
        self.skip()
    }

    fn count_rejected(&mut self, at: usize) {
        self.rejected.count += 1;
        self.rejected.first_at.get_or_insert(at);
    }

    /// Steps over any value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'{' => self.skip_object(),
            b'[' => self.list(Self::skip),
            b'"' => self.string_token().map(drop),
            b'-' | b'0'..=b'9' => self.number_token().map(drop),
            b't' => self.literal(b"true").map(drop),
            b'f' => self.literal(b"false").map(drop),
            b'n' => self.literal(b"null").map(drop),
            _ => self.malformed("a value"),
        }
    }

    fn skip_object(&mut self) -> Result<(), Malformed> {
        let mut more = self.begin_object()?;
        while more {
            self.key_token()?;
            self.skip()?;
            more = self.next_member()?;
        }
        Ok(())
    }
}
