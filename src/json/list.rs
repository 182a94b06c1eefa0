//! Lists and free pairs, of which nobody can say how many there are: none of them is ever held, they stay in the body.

use std::marker::PhantomData;

use super::leaf::Read;
use super::malformed::Malformed;
use super::reader::Reader;
use super::text::Text;

/// A list whose elements are handed on as they are read, by whoever reads the object that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Many<T>(PhantomData<T>);

/// A list that is read behind the object that it is in: where it stands.
#[derive(Debug)]
pub struct Place<T> {
    at: Option<usize>,
    /// What it stands behind.
    key: &'static str,
    of: PhantomData<T>,
}

// Derived, these would ask the same of `T`.
impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<T> {}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> Many<T> {
    /// There is nothing to forget.
    #[expect(clippy::unused_self, reason = "as of every member of an object")]
    pub(crate) fn reset(&mut self) {}
}

impl<T> Default for Place<T> {
    fn default() -> Self {
        Self {
            at: None,
            key: "",
            of: PhantomData,
        }
    }
}

impl<T> Place<T> {
    /// Its offset in the body; `None` when it is absent.
    #[must_use]
    pub fn at(&self) -> Option<usize> {
        self.at
    }

    /// Reads it where it stands, if it is there, and comes back to behind the object that it is in.
    pub(crate) fn there_and_back<'a, E>(
        self,
        reader: &mut Reader<'a>,
        read: impl FnOnce(&mut Reader<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(at) = self.at else { return Ok(()) };
        reader.there_and_back(at, self.key, read)
    }
}

impl<'a, T> Read<'a> for Place<T> {
    #[inline]
    fn reset(&mut self) {
        self.at = None;
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.at = None;
        if !reader.is_at_list() {
            return reader.reject();
        }
        self.at = Some(reader.position());
        reader.skip()
    }

    fn read_member(&mut self, key: &'static str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.key = key;
        self.read(reader)
    }
}

/// Free pairs of text: an object, where it stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pairs<'a>(&'a [u8]);

impl<'a> Pairs<'a> {
    /// Calls `each` with key and value of each pair, in the order of the body. A key may come twice: the last counts.
    pub fn each(self, mut each: impl FnMut(Text<'a>, Text<'a>)) {
        // They were read before, so that they are JSON, and values of another type are counted.
        let _ = Self::read_each(&mut Reader::new(self.0), &mut each);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn read_each(
        reader: &mut Reader<'a>,
        each: &mut impl FnMut(Text<'a>, Text<'a>),
    ) -> Result<(), Malformed> {
        reader.object(|reader, key| {
            each(key, reader.text()?);
            Ok(())
        })
    }
}

impl<'a> Read<'a> for Pairs<'a> {
    fn reset(&mut self) {
        self.0 = &[];
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let mut any = false;
        let start = reader.position();
        Self::read_each(reader, &mut |_, _| any = true)?;
        self.0 = if any { reader.since(start) } else { &[] };
        Ok(())
    }
}
