//! Where the lines go, if that is a socket: whether a Telegraf reads there now.

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use crate::execd::{self, Destination};

/// `None` for stdout, whose reader is whoever runs the program.
pub fn look(output: &Destination) -> Option<Finding> {
    let Destination::Socket { path, .. } = output else {
        return None;
    };
    let address = format!("unixgram://{}", path.display());
    Some(match execd::reach(path) {
        Ok(()) => Finding::ok(Step::Output, format!("{address} takes datagrams")),
        Err(why) => Finding::warning(Step::Output, Diagnosis::OutputAway, format!("{address}: {why}")).mend(
            Mend::say(format!(
                "in telegraf.conf, let an [[inputs.socket_listener]] have service_address = \"{address}\" and \
                 data_format = \"influx\", and share the directory between the two containers"
            )),
        ),
    })
}
