//! PEM files: what is in them, and where they are damaged.
//!
//! They are read by rustls' own reader, whose errors quote what they could not read: of a key that lost its line ends, all
//! of it. So nothing of an error is used but that there is one; the file is then looked through once more, for a fault
//! that is told by its kind and its line. Must never tell a byte of a file: a label that is told is one of [`LABELS`].

use std::fmt;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What is looked for in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `CERTIFICATE`.
    Certificate,
    /// `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`.
    PrivateKey,
}

/// Why a file holds nothing that is wanted. Lines are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PemFault {
    /// No section of that kind.
    Missing {
        /// Of which.
        wanted: Wanted,
        /// What its first section is instead, and in which line that begins.
        instead: Option<(&'static str, usize)>,
    },
    /// Whole sections, in the binary form.
    Der(Wanted),
    /// Text in two bytes a character.
    Utf16,
    /// PEM in Base64 once more.
    Twice,
    /// A key that needs a password.
    Encrypted,
    /// A section's first line goes on behind its last dashes.
    LineEnds(usize),
    /// Something stands before a section's first line.
    NotAtStart(usize),
    /// It looks like a section's first or last line.
    Mark(usize),
    /// The section that begins in this line.
    NotEnded(usize),
    /// A line in a section.
    NotBase64(usize),
    /// The section that begins in this line is Base64 without a part of it.
    Incomplete(usize),
    /// Somewhere.
    Damaged,
}

/// The sections that people have. Others are told as such.
const LABELS: [&str; 15] = [
    "CERTIFICATE",
    "CERTIFICATE REQUEST",
    "DH PARAMETERS",
    "DSA PRIVATE KEY",
    "EC PARAMETERS",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PKCS7",
    "PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PRIVATE KEY",
    "RSA PUBLIC KEY",
    "TRUSTED CERTIFICATE",
    "X509 CRL",
];

/// All certificates of a file, at least one.
pub fn certificates(content: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    match CertificateDer::pem_slice_iter(content).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(fault(content, Wanted::Certificate)),
    }
}

/// The first key of a file.
pub fn private_key(content: &[u8]) -> Result<PrivateKeyDer<'static>, PemFault> {
    PrivateKeyDer::from_pem_slice(content).map_err(|_| fault(content, Wanted::PrivateKey))
}

/// Whether there is a key in it that needs a password: PKCS#8 says it in the label, PKCS#1 and SEC1 in a header.
pub fn is_encrypted(content: &[u8]) -> bool {
    ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| holds(content, mark.as_bytes()))
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// What is wrong with a file in which nothing was found.
fn fault(content: &[u8], wanted: Wanted) -> PemFault {
    if wanted == Wanted::PrivateKey && is_encrypted(content) {
        return PemFault::Encrypted;
    }
    not_pem(content, wanted).unwrap_or_else(|| match Sections::read(content) {
        Err(fault) => fault,
        Ok(sections) => sections.fault(wanted),
    })
}

/// Files that are no text, or not this one.
fn not_pem(content: &[u8], wanted: Wanted) -> Option<PemFault> {
    if is_whole_der(content) {
        return Some(PemFault::Der(wanted));
    }
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return Some(PemFault::Utf16);
    }
    // The Base64 of `-----BEGIN `, as far as it is the same whatever follows.
    content
        .trim_ascii()
        .starts_with(b"LS0tLS1CRUdJTi")
        .then_some(PemFault::Twice)
}

/// Whether it is one DER sequence from its first byte to its last.
pub fn is_whole_der(bytes: &[u8]) -> bool {
    let (length, header) = match bytes {
        [0x30, 0x81, one, ..] => (usize::from(*one), 3),
        [0x30, 0x82, one, two, ..] => (usize::from(u16::from_be_bytes([*one, *two])), 4),
        [0x30, short, ..] if *short < 0x80 => (usize::from(*short), 2),
        _ => return false,
    };
    bytes.len() == header + length
}

/// A section, as far as it has been read.
struct Section {
    /// `None` for one that is not in [`LABELS`].
    label: Option<&'static str>,
    /// In which line it begins.
    line: usize,
    /// How many characters of Base64 it has, padding among them.
    length: usize,
}

/// The sections of a file, each of which begins and ends.
struct Sections(Vec<Section>);

impl Sections {
    /// The first fault of lines, if there is one.
    fn read(content: &[u8]) -> Result<Self, PemFault> {
        let (mut whole, mut open) = (Vec::new(), None::<Section>);
        for (number, line) in (1..).zip(lines(content)) {
            if let Some(label) = label(line, b"-----BEGIN ") {
                if let Some(open) = open {
                    return Err(PemFault::NotEnded(open.line));
                }
                open = Some(Section {
                    label: known(label),
                    line: number,
                    length: 0,
                });
            } else if let Some(label) = label(line, b"-----END ") {
                // An end without a beginning is what a cut leaves.
                let section = open.take().ok_or(PemFault::Mark(number))?;
                if section.label != known(label) {
                    return Err(PemFault::NotEnded(section.line));
                }
                whole.push(section);
            } else if let Some(fault) = mark(line, number) {
                return Err(fault);
            } else if let Some(section) = &mut open {
                if !line.iter().copied().all(is_base64) {
                    return Err(PemFault::NotBase64(number));
                }
                section.length += line.len();
            }
        }
        match open {
            Some(section) => Err(PemFault::NotEnded(section.line)),
            None => Ok(Self(whole)),
        }
    }

    /// What else there may be.
    fn fault(&self, wanted: Wanted) -> PemFault {
        let damaged = self
            .0
            .iter()
            .find(|section| section.length % 4 != 0 || section.length == 0);
        if let Some(section) = damaged {
            return PemFault::Incomplete(section.line);
        }
        if self
            .0
            .iter()
            .any(|section| section.label.is_some_and(|label| wanted.is(label)))
        {
            return PemFault::Damaged;
        }
        let first = self.0.first();
        PemFault::Missing {
            wanted,
            instead: first.map(|section| (section.label.unwrap_or("section of another kind"), section.line)),
        }
    }
}

/// The lines as editors count them, without white space at their ends.
fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if content.contains(&b'\n') { b'\n' } else { b'\r' };
    content
        .split(move |byte| *byte == end)
        .map(<[u8]>::trim_ascii_end)
}

/// The label in a section's first or last line that has nothing wrong.
fn label<'l>(line: &'l [u8], mark: &[u8]) -> Option<&'l [u8]> {
    let label = line.strip_prefix(mark)?.strip_suffix(b"-----")?;
    (!label.contains(&b'-')).then_some(label)
}

fn known(label: &[u8]) -> Option<&'static str> {
    LABELS.into_iter().find(|known| known.as_bytes() == label)
}

/// The fault of a line that seems to be meant as a section's first or last.
fn mark(line: &[u8], number: usize) -> Option<PemFault> {
    if !holds(line, b"--") || !(holds(line, b"BEGIN") || holds(line, b"END")) {
        return None;
    }
    if let Some(rest) = line.strip_prefix(b"-----BEGIN ")
        && holds(rest, b"-----")
    {
        return Some(PemFault::LineEnds(number));
    }
    if holds(line, b"-----BEGIN ") && !line.starts_with(b"-") {
        return Some(PemFault::NotAtStart(number));
    }
    Some(PemFault::Mark(number))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

impl Wanted {
    fn is(self, label: &str) -> bool {
        match self {
            Self::Certificate => label == "CERTIFICATE",
            Self::PrivateKey => ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].contains(&label),
        }
    }
}

impl fmt::Display for PemFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BROKEN: &str = "is not whole PEM";
        match self {
            Self::Missing { wanted, instead } => {
                f.write_str(match wanted {
                    Wanted::Certificate => "holds no CERTIFICATE in PEM",
                    Wanted::PrivateKey => "holds no private key in PEM",
                })?;
                match instead {
                    Some((label, line)) => write!(f, ", but a {label} in line {line}"),
                    None => Ok(()),
                }
            }
            Self::Der(Wanted::Certificate) => f.write_str(
                "is DER, not PEM: convert it with `openssl x509 -inform der -in FILE -out PEM`",
            ),
            Self::Der(Wanted::PrivateKey) => f.write_str(
                "is DER, not PEM: convert it with `openssl pkey -inform der -in FILE -out PEM`",
            ),
            Self::Utf16 => f.write_str("is UTF-16: save it as ASCII or UTF-8"),
            Self::Twice => f.write_str("is PEM in Base64 once more, as a Secret's `data` has it: decode it with `base64 -d`"),
            Self::Encrypted => f.write_str(
                "holds an encrypted key; decrypt it with `openssl pkey -in KEY -out PLAIN` and protect the file by its mode",
            ),
            Self::LineEnds(line) => write!(
                f,
                "{BROKEN}: line {line} goes on behind the section's first line: its line ends were lost, perhaps to \
                 spaces or to \\n in two characters"
            ),
            Self::NotAtStart(line) => write!(
                f,
                "{BROKEN}: in line {line} something stands before the section's first line, perhaps its indentation"
            ),
            Self::Mark(line) => write!(
                f,
                "{BROKEN}: line {line} is damaged: a section begins with -----BEGIN and its kind, and ends with \
                 -----END and the same, each with five dashes behind it and in a line of its own"
            ),
            Self::NotEnded(line) => write!(f, "{BROKEN}: the section that begins in line {line} does not end"),
            Self::NotBase64(line) => write!(f, "{BROKEN}: line {line} is not Base64"),
            Self::Incomplete(line) => {
                write!(f, "{BROKEN}: a part of the section that begins in line {line} is missing")
            }
            Self::Damaged => write!(f, "{BROKEN}: what is in its sections is damaged"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn section(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    fn of_key(content: &str) -> PemFault {
        private_key(content.as_bytes()).unwrap_err()
    }

    #[test]
    fn each_fault_is_told_by_its_line() {
        use PemFault::{Damaged, Incomplete, LineEnds, Mark, NotAtStart, NotBase64, NotEnded};
        let good = section("PRIVATE KEY", "AAAA\nAAAA");
        let of = |from: &str, to: &str| {
            let content = format!("# a note\n{}", good.replacen(from, to, 1));
            assert!(private_key(content.as_bytes()).is_err(), "{content}");
            of_key(&content)
        };
        assert!(private_key(good.as_bytes()).is_ok());
        for (fault, want) in [
            (of("\n", ""), LineEnds(2)),
            (of("\n", " "), LineEnds(2)),
            (of("\n", "\\n"), LineEnds(2)),
            (of_key(&good.replace('\n', "")), LineEnds(1)),
            (of("-----BEGIN", "  -----BEGIN"), NotAtStart(2)),
            (of("-----BEGIN", "key: -----BEGIN"), NotAtStart(2)),
            (of("-----BEGIN", "----BEGIN"), Mark(2)),
            (of("KEY-----\n", "KEY----\n"), Mark(2)),
            (of("-----BEGIN PRIVATE KEY-----\n", ""), Mark(4)),
            (of("-----END", "----END"), Mark(5)),
            (of("-----END PRIVATE KEY-----\n", ""), NotEnded(2)),
            (of("END PRIVATE", "END EC PRIVATE"), NotEnded(2)),
            (of("AAAA\n-----END", "AA!A\n-----END"), NotBase64(4)),
            (of("AAAA\n-----END", "A\n-----END"), Incomplete(2)),
            (of("AAAA\n", "A==A\n"), Damaged),
        ] {
            assert_eq!(fault, want, "{fault}");
        }
    }

    #[test]
    fn what_is_there_instead_is_told_if_it_is_one_of_a_few() {
        for (content, instead) in [
            ("text".to_owned(), None),
            (section("CERTIFICATE", "AAAA"), Some(("CERTIFICATE", 1))),
            (section("A SECRET", "AAAA"), Some(("section of another kind", 1))),
            (
                format!(
                    "\n{}{}",
                    section("EC PARAMETERS", "AAAA"),
                    section("CERTIFICATE", "AAAA")
                ),
                Some(("EC PARAMETERS", 2)),
            ),
        ] {
            let wanted = Wanted::PrivateKey;
            assert_eq!(of_key(&content), PemFault::Missing { wanted, instead });
        }
    }

    #[test]
    fn an_encrypted_key_is_told_as_such() {
        let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA";
        for content in [
            section("ENCRYPTED PRIVATE KEY", "AAAA"),
            section("RSA PRIVATE KEY", header),
        ] {
            assert_eq!(of_key(&content), PemFault::Encrypted);
        }
    }

    #[test]
    fn other_forms_are_told_as_what_they_are() {
        let wanted = Wanted::Certificate;
        let of = |content: &[u8]| certificates(content).unwrap_err();
        assert_eq!(of(&[0x30, 2, 5, 0]), PemFault::Der(wanted));
        assert_eq!(
            of(&[&[0x30, 0x82, 1, 0][..], &[0; 256]].concat()),
            PemFault::Der(wanted)
        );
        assert_eq!(of(b"\xff\xfe-\0"), PemFault::Utf16);
        assert_eq!(of(b"\nLS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="), PemFault::Twice);
        assert_eq!(
            of(b"0text"),
            PemFault::Missing {
                wanted,
                instead: None
            }
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_fault_is_one_of_a_few_whatever_is_in_the_file(lines in prop::collection::vec(line(), 0..12), end in "\r?\n|\r| ") {
            let content = lines.join(&end);
            for wanted in [Wanted::Certificate, Wanted::PrivateKey] {
                let found = match wanted {
                    Wanted::Certificate => certificates(content.as_bytes()).map(drop),
                    Wanted::PrivateKey => private_key(content.as_bytes()).map(drop),
                };
                let said = found.err().map(|fault| format!("{fault} {fault:?}")).unwrap_or_default();
                prop_assert!(!said.contains("Secret"), "{}", said);
            }
        }
    }

    /// Whole ones and damaged ones, with what must not be told in all of them.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "-{4,6}(BEGIN|END|begin) (PRIVATE KEY|CERTIFICATE|EC PRIVATE KEY|Secret)-{4,6}( Secret)?",
            "[A-Za-z0-9+/]{0,8}Secret[A-Za-z0-9+/]{0,8}={0,2}",
            " {0,2}Secret: [!-~]{0,8}",
        ]
    }
}
