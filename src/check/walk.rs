//! One kubelet's way, step by step: the way of a tick, told aloud.

use std::time::{SystemTime, UNIX_EPOCH};

use super::finding::{Finding, Level, Mend, Step};
use super::report::Walked;
use super::{Diagnosis, answer, authentication, authorization, files, identity, lines, reach, tls};
use crate::config::{Anchors, Kubelet, Scheme};
use crate::kubelet::inspect::Who;
use crate::kubelet::{Answer, Phase, ScrapeError, Scraper};

/// The variables of the environment.
type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Walks as far as one gets.
pub async fn walk(kubelet: &Kubelet, env: Env<'_>) -> Walked {
    let now = seconds_since_1970();
    let mut way = Way {
        kubelet,
        env,
        now,
        findings: settings(kubelet),
    };
    let (files, who) = files::look(kubelet, now);
    way.findings.extend(files);
    way.go(who).await;
    Walked {
        url: Some(kubelet.url.to_string()),
        findings: way.findings,
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// What the configuration allows, and should not.
fn settings(kubelet: &Kubelet) -> Vec<Finding> {
    if kubelet.url.scheme == Scheme::Http {
        let said =
            "the read-only port is deprecated, and shows the node's metrics to everyone who can reach it";
        return vec![
            Finding::warning(Step::Config, Diagnosis::ReadOnlyPort, said)
                .mend(Mend::configure(
                    "ask the authenticated port",
                    "url = \"https://$NODE_IP:10250\"\n",
                ))
                .mend(Mend::apply(
                    "then close the other one in the kubelet's configuration",
                    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 0\n",
                )),
        ];
    }
    if kubelet.trust.anchors == Anchors::Unverified {
        let said = "insecure_skip_verify is set: whoever can answer at that address gets our token";
        return vec![
            Finding::warning(Step::Config, Diagnosis::Unverified, said).mend(Mend::say(
                "take it out; the step tls then says what the kubelet's certificate needs, be it a CA, a name or a pin",
            )),
        ];
    }
    vec![Finding::ok(Step::Config, "good")]
}

struct Way<'k> {
    kubelet: &'k Kubelet,
    env: Env<'k>,
    now: i64,
    findings: Vec<Finding>,
}

impl Way<'_> {
    /// Adds a finding; whether one can go on behind it.
    fn add(&mut self, finding: Finding) -> bool {
        let on = finding.level < Level::Failure;
        self.findings.push(finding);
        on
    }

    async fn go(&mut self, who: Option<Who>) {
        let reachable = self.reach().await;
        let files_are_good = self
            .findings
            .iter()
            .all(|finding| finding.level < Level::Failure || finding.step > Step::Files);
        if !reachable || !files_are_good {
            self.identify(who.as_ref());
            return;
        }
        // Where the files are good, it is known whose they are.
        let who = who.unwrap_or(Who::Nobody);
        let mut scraper = Scraper::new(self.kubelet);
        let mut body = Vec::new();
        let outcome = scraper.scrape(&mut body).await;
        if !self.handshake(&scraper, outcome.as_ref().err(), &who) {
            self.identify(Some(&who));
            return;
        }
        self.add(identity::describe(&who, self.now));
        for reminder in scraper.expiries().soon() {
            self.add(identity::soon(&reminder));
        }
        if self.let_in(&mut scraper, &outcome, &who).await {
            self.answer(outcome, &body);
        }
    }

    async fn reach(&mut self) -> bool {
        let proxies = reach::proxies(self.env);
        let (finding, addresses) = reach::address(self.kubelet, &proxies).await;
        if !self.add(finding) {
            return false;
        }
        let finding = reach::tcp(self.kubelet, &addresses, &proxies).await;
        self.add(finding)
    }

    /// Who we are, where nobody was asked: what is wrong with it already is said all the same.
    fn identify(&mut self, who: Option<&Who>) {
        let Some(who) = who else { return };
        self.add(identity::describe(who, self.now));
        if let Some((diagnosis, why, mends)) = identity::flaw(who, self.now) {
            self.add(Finding::warning(Step::Identity, diagnosis, why).mends(mends));
        }
    }

    fn handshake(&mut self, scraper: &Scraper, error: Option<&ScrapeError>, who: &Who) -> bool {
        let shown = scraper.serving_certificate();
        let failure = match error {
            Some(ScrapeError::Tls(fault)) => Some(tls::fault(
                self.kubelet,
                fault,
                shown.as_ref(),
                Some(who),
                self.now,
            )),
            Some(error @ ScrapeError::Status(400, _)) if self.kubelet.url.scheme == Scheme::Http => {
                Some(tls::plain_http(self.kubelet, &error.to_string()))
            }
            Some(
                error @ (ScrapeError::Timeout {
                    phase: Phase::Connecting,
                    ..
                }
                | ScrapeError::Closed(_)
                | ScrapeError::Connect(_)
                | ScrapeError::File(_)),
            ) if shown.is_none() && self.kubelet.url.scheme == Scheme::Https => {
                Some(tls::silent(&error.to_string()))
            }
            _ => None,
        };
        if let Some(failure) = failure {
            return self.add(failure);
        }
        match &shown {
            Some(shown) => self.add(tls::good(self.kubelet, shown, self.now)),
            None => self.add(Finding::ok(
                Step::Tls,
                "none over http: what is asked and answered can be read on the way",
            )),
        }
    }

    /// Authentication and authorization.
    async fn let_in(
        &mut self,
        scraper: &mut Scraper,
        outcome: &Result<Answer, ScrapeError>,
        who: &Who,
    ) -> bool {
        match outcome {
            Err(ScrapeError::Status(401, _)) => {
                let cas = scraper.client_cas();
                let finding = authentication::refused(self.kubelet, who, &cas, self.now, self.env).await;
                self.add(finding)
            }
            Err(ScrapeError::Status(403, body))
                if authorization::user_in(body) == Some("system:anonymous") =>
            {
                self.add(authentication::anonymous(who))
            }
            Err(ScrapeError::Status(403, body)) => {
                self.add(known(authorization::user_in(body), who));
                self.add(authorization::forbidden(self.kubelet, body, who))
            }
            Err(ScrapeError::Status(500, body)) if body.starts_with("Authorization error") => {
                self.add(known(authorization::user_in(body), who));
                self.add(authorization::api_server_away(body))
            }
            // The handler speaks, so both were passed.
            Err(ScrapeError::Status(500, body)) if body.starts_with("Internal Error") => {
                self.passed(scraper, who).await
            }
            Ok(_)
            | Err(
                ScrapeError::Body(_)
                | ScrapeError::Timeout {
                    phase: Phase::Reading(_),
                    ..
                },
            ) => self.passed(scraper, who).await,
            // Nothing came that would tell.
            Err(_) => true,
        }
    }

    async fn passed(&mut self, scraper: &mut Scraper, who: &Who) -> bool {
        self.add(known(None, who));
        let finding = authorization::granted(scraper, who).await;
        self.add(finding)
    }

    fn answer(&mut self, outcome: Result<Answer, ScrapeError>, body: &[u8]) {
        if let Err(error) = outcome {
            self.add(answer::missing(&error));
            return;
        }
        match lines::make(self.kubelet, body, self.now) {
            Ok((lines, node)) => {
                self.findings.extend(answer::tell(body, &node));
                self.findings.extend(lines);
            }
            Err(error) => {
                let said = format!("the kubelet answers 200, and what it sends cannot be used: {error}");
                self.add(Finding::failure(Step::Answer, Diagnosis::BadAnswer, said).mend(Mend::say(
                    "make sure that url points to a kubelet; an empty body is a kubelet that could not print its own \
                     numbers, and passes",
                )));
            }
        }
    }
}

fn known(user: Option<&str>, who: &Who) -> Finding {
    let said = match (user.or(identity::user(who)), who) {
        (_, Who::Nobody) => "the read-only port asks nobody who he is".to_owned(),
        (Some(user), _) => format!("the kubelet knows {user}"),
        (None, _) => "the kubelet knows whose it is".to_owned(),
    };
    Finding::ok(Step::Authentication, said)
}
