//! Which characters may be shown to people, for whoever shows text that others wrote.
//!
//! A terminal obeys some characters, some turn the direction of writing around or break a line where Telegraf sees none,
//! and some are not to be seen at all, so that two texts look the same. None of them is ever there for anyone's good.

/// Whether a character steers what shows it, or hides: whatever is no letter, mark, number, sign or plain space. Those of
/// a private use and those that Unicode does not have yet are shown differently everywhere, and count as well.
#[must_use]
pub fn is_steering(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    is_blank(character) || is_escaped_by_rust(character)
}

/// Letters and marks that show nothing: Unicode's `Default_Ignorable_Code_Point` beyond its format characters, and Braille
/// without a dot.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Rust's own tables know the categories Cc, Cf, Cn, Co, Zl, Zp and Zs: it escapes those for debugging. So it does a mark
/// at a text's beginning, therefore there is a letter in front.
fn is_escaped_by_rust(character: char) -> bool {
    let mut letter_and_it = [b'a'; 5];
    character.encode_utf8(&mut letter_and_it[1..]);
    let length = 1 + character.len_utf8();
    let shown = str::from_utf8(&letter_and_it[..length]).map(|text| text.escape_debug().count());
    shown != Ok(2)
}

/// The text in one line, with a space in the place of each character that steers.
#[must_use]
pub fn printable(text: &str) -> String {
    let shown = |character: char| if is_steering(character) { ' ' } else { character };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_language_is_shown() {
        let text = "a b\"c'd\\e ä e\u{301} नमस्ते ไทย 東京 עברית العربية 🦀 Ω → …";
        assert_eq!(printable(text), text);
    }

    #[test]
    fn what_steers_or_hides_is_not() {
        for character in [
            '\0',
            '\n',
            '\r',
            '\t',
            '\x1b',
            '\x7f',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{600}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{110bd}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e000}',
            '\u{f0000}',
            '\u{10fffd}',
            '\u{fdd0}',
            '\u{ffff}',
            '\u{378}',
            '\u{50000}',
            '\u{34f}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0100}',
            '\u{2800}',
            '\u{a0}',
            '\u{3000}',
        ] {
            assert!(is_steering(character), "{character:?}");
            assert_eq!(printable(&format!("a{character}b")), "a b");
        }
    }
}
