//! JSON on one line as Go prints it, key by key in the order in which it is written here.

use std::fmt::{Display, Write as _};

/// An object or list that is being written.
pub(crate) struct Json {
    out: String,
    /// Nothing stands in the object or list at hand yet.
    first: bool,
}

impl Json {
    /// An object by itself.
    pub(crate) fn of(content: impl FnOnce(&mut Self)) -> String {
        let mut json = Self {
            out: String::new(),
            first: true,
        };
        json.nested(['{', '}'], content);
        json.out
    }

    fn next(&mut self) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
    }

    fn key(&mut self, key: &str) {
        self.next();
        quote(&mut self.out, key);
        self.out.push(':');
    }

    fn nested(&mut self, brackets: [char; 2], content: impl FnOnce(&mut Self)) {
        self.out.push(brackets[0]);
        self.first = true;
        content(self);
        self.out.push(brackets[1]);
        self.first = false;
    }

    pub(crate) fn object(&mut self, key: &str, content: impl FnOnce(&mut Self)) {
        self.key(key);
        self.nested(['{', '}'], content);
    }

    pub(crate) fn objects<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.nested(['[', ']'], |json| {
            for item in items {
                json.next();
                json.nested(['{', '}'], |json| each(json, item));
            }
        });
    }

    pub(crate) fn texts(&mut self, key: &str, texts: &[&str]) {
        self.key(key);
        self.nested(['[', ']'], |json| {
            for text in texts {
                json.next();
                quote(&mut json.out, text);
            }
        });
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        quote(&mut self.out, text);
    }

    /// A number, a truth value, or what is JSON already.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) {
        self.key(key);
        let _ = write!(self.out, "{value}");
    }

    /// `{}` under each of these keys.
    pub(crate) fn marks(&mut self, keys: &[&str]) {
        for key in keys {
            self.plain(key, "{}");
        }
    }
}

/// As Go's `encoding/json`: it escapes what HTML would take for its own.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn as_go_prints_it() {
        let json = Json::of(|j| {
            j.text("b", "x && y\n");
            j.object("a", |j| j.marks(&[".", "k:{\"ip\":\"::1\"}"]));
            j.objects("list", [1, 2], |j, n| j.plain("n", n));
            j.texts("words", &["one", "<two>"]);
            j.objects("none", [(); 0], |_, ()| {});
        });
        let expected = r#"{"b":"x \u0026\u0026 y\n","a":{".":{},"k:{\"ip\":\"::1\"}":{}},"list":[{"n":1},{"n":2}],"words":["one","\u003ctwo\u003e"],"none":[]}"#;
        assert_eq!(json, expected);
    }
}
