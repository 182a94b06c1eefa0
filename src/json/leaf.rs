//! The leaves of types: numbers, flags, text and times, each absent until the body says otherwise.

use super::malformed::Malformed;
use super::reader::Reader;
use super::text::Text;

/// Something that can be read from a body, into a place that is used again.
pub trait Read<'a> {
    /// Back to absent.
    fn reset(&mut self);

    /// Reads one value over whatever was here before: of a key given twice the last counts, as in Go and `serde_json`.
    ///
    /// A value of another type is stepped over and counted, and leaves this absent; `null` is absent and not counted.
    ///
    /// # Errors
    /// The body ends or is not JSON.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed>;

    /// The same for what stands behind `key`. Whatever has keys of its own says so to the reader, which names unknown ones
    /// by their path.
    ///
    /// # Errors
    /// As there.
    #[inline]
    fn read_member(&mut self, _key: &'static str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.read(reader)
    }
}

/// A token, kept as the kubelet printed it: each is copied or left out, never computed with.
macro_rules! token {
    ($(#[$about:meta])* $name:ident, $read:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name<'a>(&'a [u8]);

        impl<'a> $name<'a> {
            /// As printed; empty when absent.
            #[must_use]
            #[inline]
            pub fn token(self) -> &'a [u8] {
                self.0
            }
        }

        impl<'a> Read<'a> for $name<'a> {
            #[inline]
            fn reset(&mut self) {
                self.0 = &[];
            }

            #[inline]
            fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
                self.0 = reader.$read()?;
                Ok(())
            }
        }
    };
}

token! {
    /// A whole number, of the API's u64 or int64, of any length: some are wrapped below zero into 1.8e19
    /// (elastic/beats#19475). A fraction or an exponent is not of the API's type, for Go's decoder neither.
    Whole, whole_number
}

token! {
    /// A float64, also when printed `0` or `1e+21`.
    Real, number
}

token! {
    /// `true` or `false`.
    Flag, boolean
}

/// A `metav1.Time`: RFC 3339, in practice UTC with whole seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Time<'a>(Text<'a>);

impl<'a> Time<'a> {
    /// As printed, escapes and all; empty when absent.
    #[must_use]
    #[inline]
    pub fn token(self) -> &'a [u8] {
        self.0.raw()
    }

    /// Nanoseconds since 1970; `None` when absent, not a time, or outside of what 64 bits hold (1678 to 2262).
    #[must_use]
    pub fn unix_nanoseconds(self) -> Option<i64> {
        super::time::unix_nanoseconds(self.token())
    }
}

impl<'a> Read<'a> for Time<'a> {
    #[inline]
    fn reset(&mut self) {
        self.0 = Text::default();
    }

    #[inline]
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.0 = reader.text()?;
        Ok(())
    }
}

impl<'a> Read<'a> for Text<'a> {
    #[inline]
    fn reset(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        *self = reader.text()?;
        Ok(())
    }
}
