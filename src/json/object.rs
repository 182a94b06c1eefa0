//! Types from the keys of their objects: a row a member, and everything else follows from it.
//!
//! A key that has no row is stepped over and counted, so that a newer kubelet costs nothing but its new numbers. Rows
//! stand in the order in which the server prints them: another order is read just as well, but slower.

/// Objects that are read whole: they are small, or hold lists as [`Place`](super::Place)s.
macro_rules! object {
    ($(
        $(#[$about:meta])*
        $name:ident { $( $(#[$field_about:meta])* $field:ident: $type:ty = $key:literal, )* }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub struct $name<'a> { $( $(#[$field_about])* pub $field: $type, )* }

        impl<'a> $crate::json::Read<'a> for $name<'a> {
            #[inline]
            fn reset(&mut self) {
                $( self.$field.reset(); )*
            }

            fn read(&mut self, reader: &mut $crate::json::Reader<'a>) -> Result<(), $crate::json::Malformed> {
                self.reset();
                let mut more = reader.begin_object()?;
                while more {
                    $(
                        if reader.at_key(concat!("\"", $key, "\": ").as_bytes()) {
                            self.$field.read_member($key, reader)?;
                            more = reader.next_member()?;
                            if !more {
                                break;
                            }
                        }
                    )*
                    // A key we do not know, or not in the server's order.
                    let key = reader.key()?;
                    match &*key.word() {
                        $( $key => self.$field.read_member($key, reader)?, )*
                        _ => reader.step_over(key)?,
                    }
                    more = reader.next_member()?;
                }
                Ok(())
            }

            #[inline]
            fn read_member(
                &mut self,
                key: &'static str,
                reader: &mut $crate::json::Reader<'a>,
            ) -> Result<(), $crate::json::Malformed> {
                reader.enters(key);
                self.read(reader)
            }
        }
    )*};
}

/// Objects with parts, marked by `=>`, that are too large to be held: `read_on` stops at each, and whoever calls it reads
/// the part.
macro_rules! parted_object {
    ($(
        $(#[$about:meta])*
        $name:ident in parts $part:ident {
            $( $(#[$field_about:meta])* $field:ident: $type:ty = $key:literal $(=> $variant:ident)?, )*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub struct $name<'a> { $( $(#[$field_about])* pub $field: $type, )* }

        #[doc = concat!("The parts of a [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $part { $($( $variant, )?)* }

        impl $part {
            /// Their keys.
            pub(super) const KEYS: [&'static str; [$($( Self::$variant, )?)*].len()] =
                [$($( $crate::json::key_of!($variant $key), )?)*];
        }

        impl<'a> $name<'a> {
            /// Back to absent.
            pub(super) fn reset(&mut self) {
                $( self.$field.reset(); )*
            }

            /// Reads on to the next part, where it stands before the value; `None` at the object's end. `more` says
            /// whether there is another member, as `begin_object` and `next_member` say it.
            pub(super) fn read_on(
                &mut self,
                reader: &mut $crate::json::Reader<'a>,
                more: &mut bool,
            ) -> Result<Option<$part>, $crate::json::Malformed> {
                while *more {
                    $(
                        if reader.at_key(concat!("\"", $key, "\": ").as_bytes()) {
                            $crate::json::read_or_stop!(self, reader, more, $key, $field $(, $part::$variant)?);
                        }
                    )*
                    let key = reader.key()?;
                    match &*key.word() {
                        $( $key => { $crate::json::read_or_stop!(self, reader, more, $key, $field $(, $part::$variant)?); } )*
                        _ => {
                            reader.step_over(key)?;
                            *more = reader.next_member()?;
                        }
                    }
                }
                Ok(None)
            }
        }
    )*};
}

/// The key of a part.
macro_rules! key_of {
    ($variant:ident $key:literal) => {
        $key
    };
}

/// At a member's value: reads it and steps to the next one, or hands it on to the caller if it is a part.
macro_rules! read_or_stop {
    ($this:ident, $reader:ident, $more:ident, $key:literal, $field:ident) => {
        $this.$field.read_member($key, $reader)?;
        *$more = $reader.next_member()?;
        if !*$more {
            break;
        }
    };
    ($this:ident, $reader:ident, $more:ident, $key:literal, $field:ident, $part:ident::$variant:ident) => {
        $reader.enters($key);
        return Ok(Some($part::$variant));
    };
}

pub(crate) use {key_of, object, parted_object, read_or_stop};
