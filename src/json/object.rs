//! Types from the keys of their objects: a row a member, and everything else follows from it.
//!
//! A key that has no row is stepped over, so that a newer kubelet costs nothing but its new numbers. Rows stand in the
//! order in which the server prints them: another order is read just as well, but slower.

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
                            self.$field.read(reader)?;
                            more = reader.next_member()?;
                            if !more {
                                break;
                            }
                        }
                    )*
                    // A key we do not know, or not in the server's order.
                    match &*reader.key()?.word() {
                        $( $key => self.$field.read(reader)?, )*
                        _ => reader.skip()?,
                    }
                    more = reader.next_member()?;
                }
                Ok(())
            }
        }

        $crate::json::knows! { $name { $( $type = $key, )* } }
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
                            $crate::json::read_or_stop!(self, reader, more, $field $(, $part::$variant)?);
                        }
                    )*
                    match &*reader.key()?.word() {
                        $( $key => { $crate::json::read_or_stop!(self, reader, more, $field $(, $part::$variant)?); } )*
                        _ => {
                            reader.skip()?;
                            *more = reader.next_member()?;
                        }
                    }
                }
                Ok(None)
            }
        }

        $crate::json::knows! { $name { $( $type = $key, )* } }
    )*};
}

/// Of a type: the keys that it has.
macro_rules! knows {
    ($name:ident { $( $type:ty = $key:literal, )* }) => {
        impl<'a> $crate::json::Known for $name<'a> {
            fn unknown(
                value: &serde_json::Value,
                path: &str,
                found: &mut std::collections::BTreeSet<String>,
            ) {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let path = format!("{path}.{key}");
                    match key.as_str() {
                        $( $key => <$type as $crate::json::Known>::unknown(value, &path, found), )*
                        _ => {
                            found.insert(path);
                        }
                    }
                }
            }
        }
    };
}

/// The key of a part.
macro_rules! key_of {
    ($variant:ident $key:literal) => {
        $key
    };
}

/// At a member's value: reads it and steps to the next one, or hands it on to the caller if it is a part.
macro_rules! read_or_stop {
    ($this:ident, $reader:ident, $more:ident, $field:ident) => {
        $this.$field.read($reader)?;
        *$more = $reader.next_member()?;
        if !*$more {
            break;
        }
    };
    ($this:ident, $reader:ident, $more:ident, $field:ident, $part:ident::$variant:ident) => {
        return Ok(Some($part::$variant));
    };
}

pub(crate) use {key_of, knows, object, parted_object, read_or_stop};
