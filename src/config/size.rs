//! Sizes as Telegraf's users write them: `8MiB` in powers of 1024, `3MB` in powers of 1000, a bare number for bytes.
//!
//! Knows text and numbers; not which option it reads for, and not how much is sensible there.

use std::fmt;

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    // Telegraf takes both, and 1000 for both.
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Why a text or number is no size that its option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeError {
    /// Not a whole number and a unit.
    NotASize,
    /// Less than is of any use, which is for this.
    TooSmall(&'static str),
    /// More than is sensible.
    TooLarge,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASize => {
                f.write_str(r#"not a size; write a whole number and a unit, as in "8MiB" or "3MB""#)
            }
            Self::TooSmall(what) => write!(f, "too small for {what}; write 64KiB or more"),
            Self::TooLarge => f.write_str("more than 1GiB; write less"),
        }
    }
}

impl std::error::Error for SizeError {}

/// Reads a size in bytes. One beyond a u64 is none: nobody means it.
pub(super) fn parse(text: &str) -> Result<u64, SizeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let (Ok(number), Some((_, bytes))) = (number.parse::<u64>(), unit) else {
        return Err(SizeError::NotASize);
    };
    number.checked_mul(*bytes).ok_or(SizeError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_telegraf_reads() {
        for (text, bytes) in [
            ("65536", 65_536),
            ("7B", 7),
            ("64KiB", 65_536),
            ("64kB", 64_000),
            ("64KB", 64_000),
            ("8MiB", 8_388_608),
            ("3MB", 3_000_000),
            ("1GiB", 1_073_741_824),
            ("1GB", 1_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in [
            "", "MiB", "8 MiB", "8mib", "8M", "-1", "1.5.5MiB", "8MiB8", "kiB", "1kiB",
        ] {
            assert_eq!(parse(text), Err(SizeError::NotASize), "{text}");
        }
        assert_eq!(parse("18446744073709551615GiB"), Err(SizeError::TooLarge));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"[-0-9.kKMGiB\PC]{0,30}") {
            let _ = parse(&text);
        }
    }
}
