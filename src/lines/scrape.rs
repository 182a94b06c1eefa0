//! The line about the scrape itself, `kubelet_scrape`: written at every tick, for a failed one too, because a node
//! that falls silent in a database looks just like one that was taken away.
//!
//! A field is one row of [`report!`]: who makes a report has to give it, and the line and the README's table have it.

use super::report::report;

/// Its measurement.
pub const MEASUREMENT: &str = "kubelet_scrape";

report! {
    /// What is told of one scrape. `None` is not written, nor is a tag without a text.
    ScrapeReport
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
