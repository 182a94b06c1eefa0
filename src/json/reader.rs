//! A pull reader over one whole JSON body.
//!
//! Knows JSON and no types. Three things make it ours instead of a library's:
//!
//! * **A wrong value is not a wrong document.** Where a number is wanted and something else stands, the value is
//!   stepped over and counted, and reading goes on behind it. A `Deserialize` that has returned an error can not.
//! * **Numbers stay text.** What the kubelet printed is what is checked and copied into the line: nothing is parsed
//!   and printed again, so no number can come out different, wrapped or rounded.
//! * **Cost.** It runs on every node at every tick. `benches/` measures it beside `serde_json` and `jiter`.
//!
//! It accepts exactly the documents RFC 8259 allows, up to [`MAX_DEPTH`], with two leniences that concern only text:
//! bytes that are not UTF-8 and lone surrogates become U+FFFD, as in Go's decoder.

use super::cursor::Cursor;
use super::malformed::{Malformed, Rejected};
use super::text::Text;
use super::unknown::{Before, LIST, Path, Unknown};

/// How deep objects and lists may nest. A summary needs nine; a hostile body must not exhaust the stack.
pub const MAX_DEPTH: u32 = 128;

/// A position in a body, and what was stepped over on the way.
#[derive(Debug)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    depth: u32,
    rejected: Rejected,
    path: Path,
    unknown: Unknown,
}

/// A position to come back to: what was read from there on can be read again, and what was stepped over meanwhile is
/// forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bookmark {
    at: usize,
    depth: u32,
    rejected: Rejected,
    unknown: Before,
}

/// What was stepped over in a body.
#[derive(Debug, Default)]
pub struct SteppedOver {
    /// Values that are not of the API's type.
    pub rejected: Rejected,
    /// Keys that no type has.
    pub unknown: Unknown,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of a body.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::naming(bytes, 0)
    }

    /// The same, and so many of the keys that no type has are to be named.
    #[must_use]
    pub fn naming(bytes: &'a [u8], most: usize) -> Self {
        Self {
            cursor: Cursor { bytes, at: 0 },
            depth: 0,
            rejected: Rejected::default(),
            path: Path::default(),
            unknown: Unknown::naming(most),
        }
    }

    /// What was stepped over, all in all.
    #[must_use]
    pub fn stepped_over(self) -> SteppedOver {
        SteppedOver {
            rejected: self.rejected,
            unknown: self.unknown,
        }
    }

    /// How many values were stepped over so far because the API does not have them there.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.count
    }

    /// This position.
    #[inline]
    pub(crate) fn bookmark(&self) -> Bookmark {
        Bookmark {
            at: self.cursor.at,
            depth: self.depth,
            rejected: self.rejected,
            unknown: self.unknown.before(),
        }
    }

    /// Back to a position, which must be one of this body; answers how many bytes that is.
    pub(crate) fn back_to(&mut self, bookmark: Bookmark) -> usize {
        let here = std::mem::replace(&mut self.cursor.at, bookmark.at);
        self.depth = bookmark.depth;
        self.rejected = bookmark.rejected;
        self.unknown.back_to(bookmark.unknown);
        here - bookmark.at
    }

    /// The offset of the next byte.
    #[must_use]
    pub fn position(&self) -> usize {
        self.cursor.at
    }

    /// The offset of the value that is next.
    pub(crate) fn value(&mut self) -> usize {
        self.cursor.peek();
        self.cursor.at
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.cursor.bytes[self.cursor.at..]
    }

    /// Steps over so many bytes, which are known to be one value.
    pub(crate) fn jump(&mut self, bytes: usize) {
        self.cursor.at += bytes;
    }

    /// The body from an earlier position up to this one.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.cursor.bytes[start..self.cursor.at]
    }

    /// Whether nothing but white space follows.
    pub fn is_at_end(&mut self) -> bool {
        self.value() == self.cursor.bytes.len()
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Malformed> {
        if self.is_at_end() {
            Ok(())
        } else {
            self.cursor.malformed("the end of the body")
        }
    }

    /// Reads what stands in the object at hand at `place`, where the value of `key` begins that was stepped over, and comes
    /// back.
    pub(crate) fn there_and_back<T>(
        &mut self,
        place: usize,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let here = std::mem::replace(&mut self.cursor.at, place);
        self.depth += 1;
        self.enters(key);
        let found = read(self);
        self.depth -= 1;
        self.cursor.at = here;
        found
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.cursor.malformed("less nesting");
        }
        self.cursor.at += 1;
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
        self.cursor.at += 1;
    }

    /// Steps into an object, to its first key; false if there is none to read: the object is empty, or something else
    /// stood there, which is stepped over (and counted, unless it is `null`).
    #[inline]
    pub(crate) fn begin_object(&mut self) -> Result<bool, Malformed> {
        if self.cursor.peek() != b'{' {
            return self.reject().map(|()| false);
        }
        self.enter()?;
        if self.cursor.peek() == b'}' {
            self.leave();
            return Ok(false);
        }
        Ok(true)
    }

    /// Behind a member's value: steps to the next key, or out of the object and answers false.
    #[inline]
    pub(crate) fn next_member(&mut self) -> Result<bool, Malformed> {
        match self.cursor.peek() {
            b',' => {
                self.cursor.at += 1;
                self.cursor.peek();
                Ok(true)
            }
            b'}' => {
                self.leave();
                Ok(false)
            }
            _ => self.cursor.malformed("`,` or `}`"),
        }
    }

    /// Steps to the value if the next key is `quoted`, which is the key as Go prints it where it indents: `"key": `. Where it
    /// does not, the space is missing.
    ///
    /// The kubelet's keys come in the order of its structs. Asking for the one that is due costs two comparisons;
    /// finding its end, looking it up and stepping over the colon costs five times that.
    #[inline]
    pub(crate) fn at_key(&mut self, quoted: &'static [u8]) -> bool {
        self.cursor.take(quoted) || self.cursor.take(&quoted[..quoted.len() - 1])
    }

    /// The value that is next is that of `key`, and has keys of its own.
    #[inline]
    pub(crate) fn enters(&mut self, key: &'static str) {
        self.path.set(self.depth, key);
    }

    /// Steps over the value of a key that the type at hand does not have.
    pub(crate) fn step_over(&mut self, key: Text<'a>) -> Result<(), Malformed> {
        self.unknown.meet(&self.path, self.depth, key);
        self.skip()
    }

    /// Any key; steps to its value.
    pub(crate) fn key(&mut self) -> Result<Text<'a>, Malformed> {
        if self.cursor.peek() != b'"' {
            return self.cursor.malformed("a key");
        }
        let key = self.cursor.string()?;
        if self.cursor.peek() != b':' {
            return self.cursor.malformed("`:`");
        }
        self.cursor.at += 1;
        Ok(key)
    }

    /// Calls `each` with every key of an object, standing at its value, which `each` must read or step over.
    ///
    /// Anything but an object is stepped over: counted, unless it is `null`.
    pub(crate) fn object<E: From<Malformed>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut more = self.begin_object()?;
        while more {
            let key = self.key()?;
            each(self, key)?;
            more = self.next_member()?;
        }
        Ok(())
    }

    /// Steps over an object. Where the value of each of `keys` stands in it: the last one of a key given twice.
    pub(crate) fn places<const N: usize>(
        &mut self,
        keys: [&'static str; N],
    ) -> Result<[Option<usize>; N], Malformed> {
        let mut places = [None; N];
        self.object(|reader, key| {
            let key = key.word();
            if let Some(which) = keys.iter().position(|wanted| *wanted == key) {
                places[which] = Some(reader.value());
            }
            reader.skip()
        })?;
        Ok(places)
    }

    /// Calls `each` at every element of a list, which `each` must read or step over.
    ///
    /// Anything but a list is stepped over: counted, unless it is `null`.
    #[inline]
    pub(crate) fn list<E: From<Malformed>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.is_at_list() {
            return Ok(self.reject()?);
        }
        self.enter()?;
        if self.cursor.peek() == b']' {
            self.leave();
            return Ok(());
        }
        loop {
            each(self)?;
            match self.cursor.peek() {
                b',' => self.cursor.at += 1,
                b']' => break,
                _ => return Ok(self.cursor.malformed("`,` or `]`")?),
            }
        }
        self.leave();
        Ok(())
    }

    /// Calls `each` at every object of a list. An empty one has nothing to tell, and anything else is stepped over: counted,
    /// unless it is `null`.
    #[inline]
    pub(crate) fn list_of_objects<E: From<Malformed>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.path.set(self.depth + 1, LIST);
        self.list(|reader| {
            if reader.cursor.peek() != b'{' {
                return Ok(reader.reject()?);
            }
            // One with white space in it is read like any other.
            if reader.cursor.take(b"{}") {
                return Ok(());
            }
            each(reader)
        })
    }

    pub(super) fn is_at_object(&mut self) -> bool {
        self.cursor.peek() == b'{'
    }

    pub(super) fn is_at_list(&mut self) -> bool {
        self.cursor.peek() == b'['
    }

    /// The text of a number, as printed; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a [u8], Malformed> {
        match self.cursor.peek() {
            b'-' | b'0'..=b'9' => Ok(self.cursor.number()?.0),
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// The text of a number without fraction and exponent; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn whole_number(&mut self) -> Result<&'a [u8], Malformed> {
        match self.cursor.peek() {
            b'-' | b'0'..=b'9' => match self.cursor.number()? {
                (token, true) => Ok(token),
                (token, false) => {
                    self.count_rejected(self.cursor.at - token.len());
                    Ok(&[])
                }
            },
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// `true` or `false` as printed; empty if something else stood there, which is stepped over.
    pub(super) fn boolean(&mut self) -> Result<&'a [u8], Malformed> {
        match self.cursor.peek() {
            b't' => self.cursor.literal(b"true"),
            b'f' => self.cursor.literal(b"false"),
            _ => self.reject().map(|()| &[][..]),
        }
    }

    /// A string; empty if something else stood there, which is stepped over.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Text<'a>, Malformed> {
        if self.cursor.peek() == b'"' {
            self.cursor.string()
        } else {
            self.reject().map(|()| Text::default())
        }
    }

    /// Steps over a value that may not stand here: counted, unless it is `null`, which is how Go prints absence.
    #[cold]
    pub(super) fn reject(&mut self) -> Result<(), Malformed> {
        if self.cursor.peek() != b'n' {
            self.count_rejected(self.cursor.at);
        }
        self.skip()
    }

    fn count_rejected(&mut self, at: usize) {
        self.rejected.count += 1;
        self.rejected.first_at.get_or_insert(at);
    }

    /// Steps over any value.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        match self.cursor.peek() {
            b'{' => self.skip_object(),
            b'[' => self.list(Self::skip),
            b'"' => self.cursor.string().map(drop),
            b'-' | b'0'..=b'9' => self.cursor.number().map(drop),
            b't' => self.cursor.literal(b"true").map(drop),
            b'f' => self.cursor.literal(b"false").map(drop),
            b'n' => self.cursor.literal(b"null").map(drop),
            _ => self.cursor.malformed("a value"),
        }
    }

    fn skip_object(&mut self) -> Result<(), Malformed> {
        let mut more = self.begin_object()?;
        while more {
            self.key()?;
            self.skip()?;
            more = self.next_member()?;
        }
        Ok(())
    }
}
