//! A member of those that share nodes, for as long as the process lives.

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::RunError;
use crate::client::{Client, Profile, Settings};
use crate::cluster::{Leases, Shares};
use crate::config::{self, ApiServer};
use crate::execd::Ticks;

/// It, and what it is known by to others in the process.
pub struct Sharing {
    shares: Shares,
    work: JoinHandle<()>,
}

impl Sharing {
    /// Begins to share, as soon as anybody wants something of us: who is not prompted, or but once (`--test`), would take
    /// nodes from others and never write of them.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn begin(
        settings: &config::Sharing,
        api_server: ApiServer,
        member: String,
        mut ticks: Ticks,
    ) -> Result<Self, RunError> {
        // Once, so that it is known that it works.
        random()?;
        let name = member.clone();
        let new_id = Box::new(move || format!("{name}-{:016x}", random().unwrap_or_default()));
        let shares = Shares::new(member, settings.lease, new_id);
        let client = Settings {
            // Or one request alone would let the Lease run out.
            response_timeout: (settings.lease / 6).min(api_server.client.response_timeout),
            ..(*api_server.client).clone()
        };
        let client = Client::new(Profile::new(Arc::new(client)), api_server.target);
        let leases = Leases::new(client, &settings.namespace, &settings.group);
        let sharing = shares.clone();
        let work = tokio::spawn(async move {
            if ticks.begun().await {
                sharing.run(leases).await;
            }
        });
        Ok(Self { shares, work })
    }

    /// What others in the process know it by.
    pub fn shares(&self) -> Shares {
        self.shares.clone()
    }

    /// Takes its Lease back, as far as that can be done before the deadline.
    pub async fn leave(self, deadline: Instant) {
        self.shares.leave();
        // Without it the others wait until it runs out.
        let _ = timeout_at(deadline, self.work).await;
    }
}

/// The name of this member, which no other has at the same time: the pod's, which is that of its host as well.
pub fn member_name() -> String {
    let of_pod = std::env::var("POD_NAME").ok();
    let of_host = || plain(&rustix::system::uname().nodename().to_string_lossy());
    let name = of_pod.and_then(|name| plain(&name)).or_else(of_host);
    name.unwrap_or_else(|| "member".to_owned())
}

/// What of it can begin the name of a Lease, if that is anything.
fn plain(name: &str) -> Option<String> {
    let is_plain =
        |character: &char| character.is_ascii_alphanumeric() || *character == '-' || *character == '.';
    let name: String = name.chars().filter(is_plain).take(200).collect();
    let name = name.trim_matches(['-', '.']).to_ascii_lowercase();
    (!name.is_empty()).then_some(name)
}

/// A number that no other member has, as a rule.
pub fn seed() -> u64 {
    random().unwrap_or_default()
}

fn random() -> Result<u64, RunError> {
    let mut bytes = [0; 8];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| RunError::System(std::io::Error::other("it has no random numbers")))?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A variable that is set to nothing names nobody, and two such members would have one name.
    #[test]
    fn a_name_that_says_nothing_is_none() {
        assert_eq!(plain("Telegraf_0.a-"), Some("telegraf0.a".to_owned()));
        for nothing in ["", "-", "_", "."] {
            assert_eq!(plain(nothing), None, "{nothing:?}");
        }
    }
}
