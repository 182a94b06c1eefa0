//! The line about the scrape itself, `kubelet_scrape`: written at every tick, for a failed one too, because a node
//! that falls silent in a database looks just like one that was taken away.

use super::escape::push_tag;
use super::value::push_i64;

/// What is told of one scrape. `None` is not written.
#[derive(Debug, Clone, Default)]
pub struct ScrapeReport<'a> {
    /// The kubelet's base URL.
    pub url: &'a str,
    /// The node's name where it is known, from this answer or an earlier one.
    pub node_name: &'a str,
    /// `success`, or the cause in a word.
    pub result: &'static str,
    /// The cause as a number, 0 for success.
    pub result_code: u8,
    /// From the request to the last byte.
    pub response_seconds: Option<f64>,
    /// The body's size.
    pub response_bytes: Option<u64>,
    /// The HTTP status.
    pub status_code: Option<u16>,
    /// Lines made from the summary, this one not counted.
    pub lines: u64,
    /// What of the summary was left out of its lines because no field or tag can hold it.
    pub fields_out_of_range: u64,
    /// Entries of the summary that were put aside because another one is the same series.
    pub duplicates: u64,
    /// Prompts that this line stands for, beside its own.
    pub ticks_merged: u64,
    /// Seconds left.
    pub client_certificate_expires_in_seconds: Option<i64>,
    /// Seconds left.
    pub serving_certificate_expires_in_seconds: Option<i64>,
    /// Seconds left.
    pub token_expires_in_seconds: Option<i64>,
}

/// Its measurement.
pub const MEASUREMENT: &str = "kubelet_scrape";

/// Its tags, fields with type and unit, and what they are, for the README.
pub const FIELDS: &[(&str, &str, &str, &str)] = &[
    (
        "result_code",
        "integer",
        "",
        "0 for `success`; the table of results tells the others",
    ),
    (
        "response_seconds",
        "float",
        "s",
        "from the request to the last byte; absent when nothing was asked",
    ),
    (
        "response_bytes",
        "integer",
        "bytes",
        "size of the answer; absent without one",
    ),
    (
        "status_code",
        "integer",
        "",
        "HTTP status; absent without an answer",
    ),
    (
        "lines",
        "integer",
        "",
        "lines made from the summary, this one not counted",
    ),
    (
        "fields_out_of_range",
        "integer",
        "",
        "values left out: above i64::MAX, or of a type the API does not have there; lines with names too long, and labels \
         with another tag's key",
    ),
    (
        "duplicates",
        "integer",
        "",
        "pods, containers, volumes and so on put aside, because another one is the same series and lives",
    ),
    (
        "ticks_merged",
        "integer",
        "",
        "prompts that this line answers beside its own, because they came while a scrape was under way or stdout was \
         not read; lines and these add up to all prompts",
    ),
    (
        "client_certificate_expires_in_seconds",
        "integer",
        "s",
        "only with a client certificate",
    ),
    (
        "serving_certificate_expires_in_seconds",
        "integer",
        "s",
        "of the certificate the kubelet showed last",
    ),
    (
        "token_expires_in_seconds",
        "integer",
        "s",
        "only with a bearer token that says when",
    ),
];

/// Appends the line, without its timestamp.
pub fn push(line: &mut Vec<u8>, report: &ScrapeReport<'_>) {
    line.extend_from_slice(MEASUREMENT.as_bytes());
    for (key, value) in [
        ("node_name", report.node_name),
        ("result", report.result),
        ("url", report.url),
    ] {
        push_pair(line, key, value);
    }
    line.extend_from_slice(b" result_code=");
    push_i64(line, report.result_code.into());
    line.push(b'i');
    if let Some(seconds) = report.response_seconds {
        line.extend_from_slice(format!(",response_seconds={seconds:.6}").as_bytes());
    }
    push_integer(
        line,
        ",response_bytes=",
        report.response_bytes.and_then(|bytes| bytes.try_into().ok()),
    );
    push_integer(line, ",status_code=", report.status_code.map(i64::from));
    push_integer(line, ",lines=", report.lines.try_into().ok());
    push_integer(
        line,
        ",fields_out_of_range=",
        report.fields_out_of_range.try_into().ok(),
    );
    push_integer(line, ",duplicates=", report.duplicates.try_into().ok());
    push_integer(line, ",ticks_merged=", report.ticks_merged.try_into().ok());
    push_integer(
        line,
        ",client_certificate_expires_in_seconds=",
        report.client_certificate_expires_in_seconds,
    );
    push_integer(
        line,
        ",serving_certificate_expires_in_seconds=",
        report.serving_certificate_expires_in_seconds,
    );
    push_integer(
        line,
        ",token_expires_in_seconds=",
        report.token_expires_in_seconds,
    );
}

/// Appends `,key=value`, or nothing for an empty value: Telegraf refuses a line with an empty tag.
pub fn push_pair(line: &mut Vec<u8>, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    line.push(b',');
    push_tag(line, key);
    line.push(b'=');
    push_tag(line, value);
}

fn push_integer(line: &mut Vec<u8>, key: &str, value: Option<i64>) {
    if let Some(value) = value {
        line.extend_from_slice(key.as_bytes());
        push_i64(line, value);
        line.push(b'i');
    }
}
