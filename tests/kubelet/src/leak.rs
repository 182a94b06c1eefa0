//! Whether an output holds a piece of a secret, in whatever form: the one search that all tests use.
//!
//! It does not share a line with the program, which has a search of its own. This one writes each piece in each form and
//! looks whether that is there; numbers alone are read back, because too much can stand between them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// So many bytes in a row are a piece.
const PIECE: usize = 8;

/// So many characters of Base64 are made by a piece alone, wherever it stands among other bytes.
const BASE64_PIECE: usize = 10;

/// Secrets to look for.
#[derive(Default)]
pub struct Leaks {
    plain: Pieces,
    base64: Pieces,
    hexadecimal: Pieces,
}

/// Pieces of one length, in one form.
struct Pieces {
    /// Of which secret each is.
    whose: HashMap<Vec<u8>, Arc<str>>,
    /// Whether any begins with these two bytes: most of a text is none.
    begun: Vec<bool>,
}

impl Default for Pieces {
    fn default() -> Self {
        Self {
            whose: HashMap::new(),
            begun: vec![false; 1 << 16],
        }
    }
}

impl Pieces {
    fn insert(&mut self, piece: &[u8], name: &Arc<str>) {
        self.begun[Self::beginning(piece)] = true;
        self.whose.insert(piece.to_vec(), Arc::clone(name));
    }

    fn beginning(piece: &[u8]) -> usize {
        usize::from(piece[0]) << 8 | usize::from(piece[1])
    }

    /// The first that is in the text, if it is so long.
    fn find(&self, text: &[u8], length: usize, form: &str) -> Option<String> {
        let is_begun = |at: &usize| self.begun[Self::beginning(&text[*at..])];
        let starts = (0..(text.len() + 1).saturating_sub(length)).filter(is_begun);
        let mut found = starts.filter_map(|at| Some((at, self.whose.get(&text[at..at + length])?)));
        let (at, name) = found.next()?;
        let piece = String::from_utf8_lossy(&text[at..at + length]);
        Some(format!("{name}: {piece:?} at {at}, {form}"))
    }
}

impl Leaks {
    /// With this secret too; of PEM, with its private keys, and what their Base64 stands for.
    #[must_use]
    pub fn secret(mut self, name: &str, content: &[u8]) -> Self {
        let text = String::from_utf8_lossy(content);
        if !text.contains("-----BEGIN ") {
            self.add(name, content.trim_ascii());
            self.add_decoded(name, text.trim());
        }
        let keys = text.split("-----BEGIN ").filter_map(|section| {
            let (label, rest) = section.split_once('\n')?;
            let body = rest.split("-----END").next()?;
            label
                .contains("PRIVATE KEY")
                .then(|| body.lines().map(str::trim).collect::<String>())
        });
        for key in keys {
            self.add(name, key.as_bytes());
            self.add_decoded(name, &key);
        }
        self
    }

    /// With the bytes behind a text, or behind its parts between dots, where it is the Base64 of something. Not of claims,
    /// which are text and are told.
    fn add_decoded(&mut self, name: &str, text: &str) {
        for part in text.split('.') {
            let standard = part.replace('-', "+").replace('_', "/");
            let standard = standard.trim_end_matches('=');
            let padding = &"==="[..(4 - standard.len() % 4) % 4];
            if let Ok(bytes) = STANDARD.decode(format!("{standard}{padding}"))
                && !bytes.is_ascii()
                && bytes.len() >= 2 * PIECE
            {
                self.add(name, &bytes);
            }
        }
    }

    /// With all keys and tokens in the files of a directory, by their names' ends.
    ///
    /// # Panics
    /// As everything here: without it there is no test.
    #[must_use]
    pub fn in_dir(mut self, dir: &Path) -> Self {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("a readable directory").path();
            let is_secret =
                path.extension().is_some_and(|end| end == "key" || end == "token") || path.ends_with("token");
            if is_secret {
                let content = std::fs::read(&path).expect("a readable file");
                self = self.secret(&path.display().to_string(), &content);
            }
        }
        self
    }

    fn add(&mut self, name: &str, secret: &[u8]) {
        if secret.len() < PIECE {
            return;
        }
        let name: Arc<str> = name.into();
        let hexadecimal: Vec<_> = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let hexadecimal = hexadecimal.concat();
        for (at, piece) in secret.windows(PIECE).enumerate() {
            self.plain.insert(piece, &name);
            let digits = &hexadecimal.as_bytes()[2 * at..2 * (at + PIECE)];
            self.hexadecimal.insert(digits, &name);
        }
        for before in 0..3 {
            let encoded = STANDARD_NO_PAD.encode([&[0; 2][..before], secret].concat());
            // Without the characters that other bytes have a part in, those before or those that may come behind.
            let alone = (8 * before).div_ceil(6)..8 * (before + secret.len()) / 6;
            for piece in encoded.as_bytes()[alone].windows(BASE64_PIECE) {
                self.base64.insert(piece, &name);
            }
        }
    }

    /// The first piece that is found: of which secret, and in which form.
    #[must_use]
    pub fn found(&self, said: &str) -> Option<String> {
        let once = unescaped(said.as_bytes());
        let twice = unescaped(&once);
        for (text, escape) in [
            (said.as_bytes(), ""),
            (&once, ", escaped"),
            (&twice, ", escaped twice"),
        ] {
            let dense: Vec<u8> = text
                .iter()
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            let standard: Vec<u8> = dense
                .iter()
                .map(|byte| match byte {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => *other,
                })
                .collect();
            let found = self
                .plain
                .find(text, PIECE, "plain")
                .or_else(|| self.plain.find(&dense, PIECE, "plain, wrapped"))
                .or_else(|| self.plain.find(&decimal(text), PIECE, "decimal"))
                .or_else(|| self.hexadecimal.find(&digits(text), 2 * PIECE, "hexadecimal"))
                .or_else(|| self.base64.find(&standard, BASE64_PIECE, "Base64"));
            if let Some(found) = found {
                return Some(format!("{found}{escape}"));
            }
        }
        None
    }

    /// There is none.
    ///
    /// # Panics
    /// Where there is one.
    pub fn assert_none(&self, said: &str) {
        if let Some(found) = self.found(said) {
            let lines: Vec<_> = said
                .lines()
                .filter(|line| self.found(line).is_some())
                .take(3)
                .collect();
            panic!("a piece of a secret is told: {found}\n{lines:#?}");
        }
    }
}

/// All numbers that are bytes, one behind the other.
fn decimal(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    text.split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

/// In small letters, without what is put between hexadecimal digits.
fn digits(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let text = text.replace("0x", "").replace("\\x", "");
    text.bytes()
        .filter(|byte| !b" \t\r\n:,;-".contains(byte))
        .collect()
}

/// With all escapes undone.
fn unescaped(text: &[u8]) -> Vec<u8> {
    static ESCAPES: LazyLock<HashMap<Vec<u8>, u8>> = LazyLock::new(escapes);
    let longest = ESCAPES.keys().map(Vec::len).max().unwrap_or_default();
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let is_one = b"%&\\".contains(&text[at]);
        let lengths = (2..=longest.min(text.len() - at)).filter(|_| is_one);
        let escape = lengths
            .rev()
            .find_map(|length| Some((length, *ESCAPES.get(&text[at..at + length])?)));
        let (length, byte) = escape.unwrap_or((1, text[at]));
        out.push(byte);
        at += length;
    }
    out
}

/// Each way to write each character that can be seen.
fn escapes() -> HashMap<Vec<u8>, u8> {
    let mut escapes = HashMap::new();
    for byte in 0x20..0x7f_u8 {
        for form in [
            format!("%{byte:02x}"),
            format!("%{byte:02X}"),
            format!("&#{byte};"),
            format!("&#x{byte:x};"),
            format!("&#x{byte:X};"),
            format!("\\u{byte:04x}"),
            format!("\\u{byte:04X}"),
            format!("\\u{{{byte:x}}}"),
            format!("\\x{byte:02x}"),
            format!("\\x{byte:02X}"),
            format!("\\{byte:03o}"),
        ] {
            escapes.insert(form.into_bytes(), byte);
        }
        if byte.is_ascii_punctuation() {
            escapes.insert(vec![b'\\', byte], byte);
        }
    }
    let named = [
        ("\\n", b'\n'),
        ("\\r", b'\r'),
        ("&plus;", b'+'),
        ("&sol;", b'/'),
        ("&equals;", b'='),
        ("&period;", b'.'),
        ("&lowbar;", b'_'),
        ("&amp;", b'&'),
    ];
    escapes.extend(named.map(|(form, byte)| (form.as_bytes().to_vec(), byte)));
    escapes
}
