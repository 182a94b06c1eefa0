//! The line about the scrape itself, `kubelet_scrape`: written at every tick, for a failed one too, because a node
//! that falls silent in a database looks just like one that was taken away.
//!
//! A field is one row of [`scrape!`]: who makes a report has to give it, and the line and the README's table have it.

use super::escape::push_tag;
use super::measurement::Kind;
use super::value::push_number;

/// Its measurement.
pub const MEASUREMENT: &str = "kubelet_scrape";

/// A field of it, for the README.
#[derive(Debug, Clone, Copy)]
pub struct ScrapeField {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The unit, for people.
    pub unit: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// Makes of rows in the order in which they are written the report, [`TAGS`], [`FIELDS`] and [`push`]. The first field is one that is
/// always there.
macro_rules! scrape {
    (
        tags { $($tag:ident: $tag_what:literal;)* }
        fields { $($field:ident: $of:ty, $unit:literal, $what:literal;)* }
    ) => {
        /// What is told of one scrape. `None` is not written, nor is a tag without a text.
        #[derive(Debug, Clone, Default)]
        pub struct ScrapeReport<'a> {
            $(#[doc = $tag_what] pub $tag: &'a str,)*
            $(#[doc = $what] pub $field: $of,)*
        }

        /// Its tags, in the order in which they are written.
        pub const TAGS: &[&str] = &[$(stringify!($tag),)*];

        /// Its fields, in the order in which they are written.
        pub const FIELDS: &[ScrapeField] = &[$(ScrapeField {
            name: stringify!($field),
            kind: <$of as Value>::KIND,
            unit: $unit,
            what: $what,
        },)*];

        /// Appends the line, without its timestamp.
        pub fn push(line: &mut Vec<u8>, report: &ScrapeReport<'_>) {
            line.extend_from_slice(MEASUREMENT.as_bytes());
            $(push_pair(line, stringify!($tag), report.$tag);)*
            let mut before = b' ';
            $(push_field(line, &mut before, stringify!($field), report.$field);)*
        }
    };
}

scrape! {
    tags {
        node_name: "the node's name where it is known, from this answer or an earlier one";
        result: "`success`, or the cause in a word";
        url: "the kubelet's base URL";
    }
    fields {
        result_code: u8, "", "0 for `success`; the table of results tells the others";
        response_seconds: Option<f64>, "s", "from the request to the last byte; absent when nothing was asked";
        response_bytes: Option<u64>, "bytes", "size of the answer; absent without one";
        status_code: Option<u16>, "", "HTTP status; absent without an answer";
        lines: u64, "", "lines made from the summary, this one not counted";
        fields_out_of_range: u64, "", "values left out: above i64::MAX, or of a type the API does not have there; lines \
            with names too long, and labels with another tag's key; of the answer to /pods that is in use the same, and quantities \
            and times that are none";
        duplicates: u64, "", "pods, containers, volumes and so on put aside, because another one is the same series and \
            lives";
        ticks_merged: u64, "", "prompts that this line answers beside its own, because they came while a scrape was under way or \
            stdout was not read; lines and these add up to all prompts";
        client_certificate_expires_in_seconds: Option<i64>, "s", "only with a client certificate";
        serving_certificate_expires_in_seconds: Option<i64>, "s", "of the certificate the kubelet showed last";
        token_expires_in_seconds: Option<i64>, "s", "only with a bearer token that says when";
        metadata_result_code: Option<u8>, "", "only where metadata is asked for: as `result_code`, of the last answer to /pods; absent before the first";
        metadata_age_seconds: Option<u64>, "s", "since the last good answer to /pods; absent before the first";
        metadata_pods: Option<u64>, "", "pods in the last good answer to /pods; absent before the first";
    }
}

/// What a field of it may be: then how it is written follows.
trait Value {
    const KIND: Kind;

    /// `None` if it is not there, or no field can hold it.
    fn written(self) -> Option<Written>;
}

enum Written {
    Integer(i64),
    Seconds(f64),
}

impl<V: Value> Value for Option<V> {
    const KIND: Kind = V::KIND;

    fn written(self) -> Option<Written> {
        self.and_then(V::written)
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Float;

    fn written(self) -> Option<Written> {
        Some(Written::Seconds(self))
    }
}

impl Value for u64 {
    const KIND: Kind = Kind::Unsigned;

    fn written(self) -> Option<Written> {
        self.try_into().ok().map(Written::Integer)
    }
}

macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl Value for $integer {
            const KIND: Kind = Kind::Signed;

            fn written(self) -> Option<Written> {
                Some(Written::Integer(self.into()))
            }
        }
    )*};
}

integers! { u8 u16 i64 }

/// Appends `key=value` behind what has to stand before it, which is a comma from the second field on.
fn push_field(line: &mut Vec<u8>, before: &mut u8, key: &str, value: impl Value) {
    let Some(value) = value.written() else { return };
    line.push(std::mem::replace(before, b','));
    line.extend_from_slice(key.as_bytes());
    line.push(b'=');
    match value {
        Written::Integer(integer) => {
            push_number(line, integer);
            line.push(b'i');
        }
        Written::Seconds(seconds) => line.extend_from_slice(format!("{seconds:.6}").as_bytes()),
    }
}

/// Appends `,key=value`, or nothing for an empty value: Telegraf refuses a line with an empty tag.
fn push_pair(line: &mut Vec<u8>, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    line.push(b',');
    push_tag(line, key);
    line.push(b'=');
    push_tag(line, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(report: &ScrapeReport<'_>) -> String {
        let mut line = Vec::new();
        push(&mut line, report);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let least = ScrapeReport {
            result: "timeout",
            url: "https://a b",
            lines: u64::MAX,
            ..ScrapeReport::default()
        };
        assert_eq!(
            line(&least),
            "kubelet_scrape,result=timeout,url=https://a\\ b \
             result_code=0i,fields_out_of_range=0i,duplicates=0i,ticks_merged=0i"
        );
        let some = ScrapeReport {
            node_name: "n",
            result_code: 2,
            response_seconds: Some(1.5),
            status_code: Some(200),
            token_expires_in_seconds: Some(-3),
            ..least
        };
        assert_eq!(
            line(&some),
            "kubelet_scrape,node_name=n,result=timeout,url=https://a\\ b result_code=2i,response_seconds=1.500000,\
             status_code=200i,fields_out_of_range=0i,duplicates=0i,ticks_merged=0i,token_expires_in_seconds=-3i"
        );
    }
}
