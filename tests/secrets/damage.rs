//! What becomes of files on their way to a machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What happened to a file, and what is in it then.
pub type Mishap = (&'static str, Vec<u8>);

/// What is a secret of its own afterwards.
pub const MAKES_ANOTHER: [&str; 2] = ["other bytes", "Base64 once more"];

/// A PEM file by its parts.
struct Pem<'p> {
    whole: &'p str,
    begin: &'p str,
    body: String,
    end: &'p str,
}

/// A PEM file after each mishap.
pub fn of_pem(whole: &str) -> Vec<Mishap> {
    let lines: Vec<&str> = whole.lines().collect();
    let pem = Pem {
        whole,
        begin: lines[0],
        body: lines[1..lines.len() - 1].join("\n"),
        end: lines[lines.len() - 1],
    };
    [
        pem.line_ends(),
        pem.cuts(),
        pem.marks(),
        pem.kinds(),
        pem.base64(),
        of_text(whole),
    ]
    .concat()
}

fn text(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

fn section(begin: &str, body: &str, end: &str) -> Vec<u8> {
    text(format!("{begin}\n{body}\n{end}\n"))
}

impl Pem<'_> {
    fn line_ends(&self) -> Vec<Mishap> {
        let with = |end: &str| self.whole.replace('\n', end);
        let indented = self.whole.trim_end().replace('\n', "\n    ");
        vec![
            ("no line ends", text(with(""))),
            ("spaces for line ends", text(with(" "))),
            ("\\n for line ends", text(with("\\n"))),
            ("quoted", text(format!("\"{}\"", with("\\n")))),
            ("CR for line ends", text(with("\r"))),
            ("CR LF for line ends", text(with("\r\n"))),
            ("indented", text(format!("    {indented}\n"))),
            ("in YAML", text(format!("key: |\n    {indented}\n"))),
            ("a name before it", text(format!("key: {}", self.whole))),
        ]
    }

    fn cuts(&self) -> Vec<Mishap> {
        let (whole, length) = (self.whole, self.whole.len());
        vec![
            ("none", text(whole)),
            ("cut in its middle", text(&whole[..length / 2])),
            ("cut before its end", text(&whole[..length - self.end.len() - 1])),
            ("cut in its end", text(&whole[..length - 10])),
            ("cut at its front", text(&whole[self.begin.len() / 2..])),
            ("its body alone", text(self.body.as_str())),
            ("its body in one line", text(self.body.replace('\n', ""))),
            (
                "a whole one and a broken one",
                text(format!("{whole}{}", &whole[..length / 2])),
            ),
        ]
    }

    fn marks(&self) -> Vec<Mishap> {
        let Self { begin, body, end, .. } = self;
        let half = body.len() / 2;
        let again = format!("{}\n{begin}\n{}", &body[..half], &body[half..]);
        vec![
            ("BEGIN with four dashes", section(&begin[1..], body, end)),
            (
                "BEGIN with four dashes at its end",
                section(&begin[..begin.len() - 1], body, end),
            ),
            (
                "BEGIN with a word too many",
                section(&format!("{begin} x"), body, end),
            ),
            (
                "BEGIN without its line end",
                text(format!("{begin}{body}\n{end}\n")),
            ),
            ("BEGIN twice", section(&format!("{begin}\n{begin}"), body, end)),
            ("BEGIN in the middle", section(begin, &again, end)),
            ("END with four dashes", section(begin, body, &end[1..])),
            (
                "END without its line end",
                text(format!("{begin}\n{body}{end}\n")),
            ),
            (
                "END of another kind",
                section(begin, body, "-----END PUBLIC KEY-----"),
            ),
        ]
    }

    fn kinds(&self) -> Vec<Mishap> {
        let of = |label: &str| {
            let (begin, end) = (
                format!("-----BEGIN {label}-----"),
                format!("-----END {label}-----"),
            );
            section(&begin, &self.body, &end)
        };
        let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n";
        let old = section(self.begin, &format!("{header}\n{}", self.body), self.end);
        vec![
            ("said to be a certificate", of("CERTIFICATE")),
            ("said to be SEC1", of("EC PRIVATE KEY")),
            ("said to be PKCS#1", of("RSA PRIVATE KEY")),
            ("said to be PKCS#8", of("PRIVATE KEY")),
            ("said to be of OpenSSH", of("OPENSSH PRIVATE KEY")),
            ("said to be anything", of("SOMETHING")),
            ("said to be encrypted", of("ENCRYPTED PRIVATE KEY")),
            ("said to be encrypted, the old way", old),
        ]
    }

    fn base64(&self) -> Vec<Mishap> {
        let of = |body: &str| section(self.begin, body, self.end);
        let (first, second) = self.body.split_at(self.body.len() / 2);
        let der = STANDARD.decode(self.body.replace('\n', "")).expect("Base64");
        let flipped: Vec<u8> = der.iter().map(|byte| byte ^ 0x20).collect();
        vec![
            ("a mark in its Base64", of(&format!("{first}!{second}"))),
            ("a character too few", of(&format!("{first}{}", &second[1..]))),
            ("a character too many", of(&format!("{first}A{second}"))),
            ("padding in its middle", of(&format!("{first}=={second}"))),
            ("other bytes", of(&STANDARD.encode(flipped))),
            (
                "its first half as a whole",
                of(&STANDARD.encode(&der[..der.len() / 2])),
            ),
            (
                "more behind it",
                of(&STANDARD.encode([&der[..], &der[..]].concat())),
            ),
            ("DER", der),
        ]
    }
}

/// What can happen to any text.
fn of_text(whole: &str) -> Vec<Mishap> {
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("Base64 once more", text(STANDARD.encode(whole))),
        ("UTF-16", [&[0xff, 0xfe][..], &utf16].concat()),
        (
            "UTF-8 with its mark",
            [b"\xef\xbb\xbf", whole.as_bytes()].concat(),
        ),
        ("no UTF-8", [whole.as_bytes(), b"\xff"].concat()),
        ("no UTF-8 before it", [b"\xff\xc0", whole.as_bytes()].concat()),
        ("zeros before it", [&[0; 16], whole.as_bytes()].concat()),
        ("zeros behind it", [whole.as_bytes(), &[0; 16]].concat()),
    ]
}

/// A token file after each mishap.
pub fn of_token(token: &str) -> Vec<Mishap> {
    let (first, second) = token.split_at(token.len() / 2);
    let mut mishaps = vec![
        ("none", text(token)),
        ("wrapped", text(format!("{first}\n{second}"))),
        ("a space in it", text(format!("{first} {second}"))),
        ("with its scheme", text(format!("Bearer {token}"))),
        ("as a header", text(format!("Authorization: Bearer {token}"))),
        ("quoted", text(format!("\"{token}\""))),
        ("in JSON", text(format!("{{\"token\": \"{token}\"}}"))),
        ("in YAML", text(format!("token: {token}"))),
        ("twice", text(format!("{token}\n{token}\n"))),
    ];
    mishaps.extend(of_text(token));
    mishaps
}
