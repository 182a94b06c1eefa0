//! Eight bytes at a time: where a run of some kind of byte ends.
//!
//! A summary is a third white space, and its keys, times and numbers are ten to twenty bytes long: going through them
//! byte by byte took twice as long as all the rest. Each test below marks the high bit of every byte that ends the
//! run; a borrow or carry can only mark bytes behind one that is marked rightly, and only the first mark is used.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first offset from `at` on whose byte is no space; the length if there is none.
#[inline]
pub(super) fn end_of_spaces(bytes: &[u8], at: usize) -> usize {
    // Any bit that differs will do: its byte is what is asked for.
    end_of_run(bytes, at, |word| word ^ (ONES * u64::from(b' ')))
}

/// The first offset from `at` on whose byte is no decimal digit; the length if there is none.
#[inline]
pub(super) fn end_of_digits(bytes: &[u8], at: usize) -> usize {
    end_of_run(bytes, at, |word| {
        let value = word ^ (ONES * u64::from(b'0'));
        (value.wrapping_add(ONES * (0x80 - 10)) | value) & HIGHS
    })
}

/// The first offset from `at` on whose byte is a quote, a backslash or a control character; the length if there is
/// none.
#[inline]
pub(super) fn end_of_plain_text(bytes: &[u8], at: usize) -> usize {
    end_of_run(bytes, at, |word| {
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
        let control = below(word, 0x20);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        (control | quote | backslash) & HIGHS
    })
}

#[inline]
fn end_of_run(bytes: &[u8], mut at: usize, marks: impl Fn(u64) -> u64) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    // The last few bytes, with bytes behind them that end any run.
    let mut last = [b'"'; 8];
    let rest = bytes.get(at..).unwrap_or_default();
    last[..rest.len()].copy_from_slice(rest);
    let length = (marks(u64::from_le_bytes(last)).trailing_zeros() / 8) as usize;
    at + length.min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slowly(bytes: &[u8], at: usize, in_run: impl Fn(u8) -> bool) -> usize {
        at + bytes[at..].iter().take_while(|&&byte| in_run(byte)).count()
    }

    proptest! {
        #[test]
        fn agrees_with_a_loop(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'5'), Just(b'a'), Just(0x80)], 0..40),
            at in any::<proptest::sample::Index>(),
        ) {
            let at = at.index(bytes.len() + 1);
            prop_assert_eq!(end_of_spaces(&bytes, at), slowly(&bytes, at, |byte| byte == b' '));
            prop_assert_eq!(end_of_digits(&bytes, at), slowly(&bytes, at, |byte| byte.is_ascii_digit()));
            prop_assert_eq!(
                end_of_plain_text(&bytes, at),
                slowly(&bytes, at, |byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
            );
        }
    }
}
