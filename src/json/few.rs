//! Short lists that are held, because what is in them belongs together: the containers of a pod, say.

use super::leaf::Read;
use super::malformed::Malformed;
use super::reader::Reader;

/// A list of which the first `MOST` elements are held; what is beyond them is stepped over and counted, like any value
/// that the API does not have there.
#[derive(Debug, Clone)]
pub struct Few<T, const MOST: usize> {
    held: Vec<T>,
    /// Some of the list are not held.
    more: bool,
}

// Derived, this would ask the same of `T`.
impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            more: false,
        }
    }
}

impl<T, const MOST: usize> Few<T, MOST> {
    /// Whether all of the list is held.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.more
    }
}

impl<T, const MOST: usize> std::ops::Deref for Few<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.held
    }
}

impl<'a, T: Read<'a> + Default, const MOST: usize> Read<'a> for Few<T, MOST> {
    fn reset(&mut self) {
        self.held.clear();
        self.more = false;
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.reset();
        reader.list_of_objects(|reader| {
            if self.held.len() == MOST {
                self.more = true;
                return reader.reject();
            }
            let mut element = T::default();
            element.read(reader)?;
            self.held.push(element);
            Ok(())
        })
    }

    fn read_member(&mut self, key: &'static str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.enters(key);
        self.read(reader)
    }
}

/// An object of which it matters that it is there, whatever is in it.
#[derive(Debug, Clone, Default)]
pub struct Given<T> {
    given: bool,
    of: T,
}

impl<T> Given<T> {
    /// What is in it, if it is there.
    pub fn get(&self) -> Option<&T> {
        self.given.then_some(&self.of)
    }
}

impl<'a, T: Read<'a>> Read<'a> for Given<T> {
    fn reset(&mut self) {
        self.given = false;
        self.of.reset();
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.given = reader.is_at_object();
        self.of.read(reader)
    }

    fn read_member(&mut self, key: &'static str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.given = reader.is_at_object();
        self.of.read_member(key, reader)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pairs, Reader};
    use super::*;

    fn read<T: for<'a> Read<'a> + Default>(text: &'static str) -> (T, u64) {
        let (mut of, mut reader) = (T::default(), Reader::new(text.as_bytes()));
        of.read(&mut reader).unwrap();
        reader.end().unwrap();
        (of, reader.stepped_over().rejected.count)
    }

    #[derive(Debug, Default)]
    struct Owned(bool);

    impl<'a> Read<'a> for Owned {
        fn reset(&mut self) {
            self.0 = false;
        }

        fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
            let mut pairs = Pairs::default();
            pairs.read(reader)?;
            self.0 = !pairs.is_empty();
            Ok(())
        }
    }

    #[test]
    fn no_more_are_held_than_may_be() {
        let (few, rejected) = read::<Few<Owned, 2>>(r#"[{"a":""},{"b":""},{"c":""},{"d":[]}]"#);
        assert_eq!((few.len(), few.is_whole(), rejected), (2, false, 2));
        assert!(read::<Few<Owned, 2>>(r#"[{"a":""},{"b":""}]"#).0.is_whole());
        for (text, want) in [("[]", 0), ("null", 0), ("5", 1), (r#"[5,{"a":""}]"#, 1)] {
            assert_eq!(read::<Few<Owned, 2>>(text).1, want, "{text}");
        }
    }

    #[test]
    fn an_empty_object_is_there() {
        assert!(read::<Given<Owned>>("{}").0.get().is_some());
        for text in ["null", "5", "[]"] {
            assert!(read::<Given<Owned>>(text).0.get().is_none(), "{text}");
        }
    }
}
