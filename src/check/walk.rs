//! One kubelet's way, step by step: the way of a tick, told aloud.

use super::authorization::Probe;
use std::net::IpAddr;
use std::sync::Arc;

use super::finding::{Finding, Level, Mend, Step};
use super::handshake::Handshake;
use super::report::Walked;
use super::series::Series;
use super::text::toml;
use super::{
    Diagnosis, answer, authentication, authorization, clock, files, identity, lines, listed, pods, reach,
    series, setting, tls,
};
use crate::client::inspect::Who;
use crate::client::{Anchors, Phase, Profile, Scheme};
use crate::config::{Kubelet, NODE_ADDRESS, Ticking};
use crate::date::now;
use crate::kubelet::{Answer, Cause, Refusal, ScrapeError, Scraper, TlsFault, What, authenticated};
use crate::lines::metadata::Known;
use crate::redact::Secrets;

/// The variables of the environment.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Walks as far as one gets.
pub async fn walk(kubelet: &Kubelet, ticking: Ticking, env: Env<'_>) -> Walked {
    let now = now();
    let mut way = Way {
        kubelet,
        ticking,
        env,
        now,
        secrets: Secrets::default(),
        findings: settings(kubelet),
        probed: None,
        series: None,
    };
    let in_pod = env("KUBERNETES_SERVICE_HOST").is_some();
    let (files, who) = files::look(kubelet, now, in_pod, &way.secrets);
    way.findings.extend(files);
    way.go(who).await;
    Walked {
        url: Some(kubelet.target.url.to_string()),
        node: None,
        asks_pods: kubelet.metadata.is_some(),
        findings: way.findings,
        series: way.series,
    }
}

/// What the configuration allows, and should not.
fn settings(kubelet: &Kubelet) -> Vec<Finding> {
    if kubelet.target.url.scheme == Scheme::Http {
        let said =
            "the read-only port is deprecated, and shows the node's metrics to everyone who can reach it";
        return vec![
            Finding::warning(Step::Config, Diagnosis::ReadOnlyPort, said)
                .mend(Mend::configure(
                    "ask the authenticated port",
                    format!(
                        "url = {}\n",
                        toml(&authenticated(&kubelet.target.url).to_string())
                    ),
                ))
                .mends(setting::no_read_only_port(
                    "then close the other one in the kubelet's configuration, and restart the kubelet",
                )),
        ];
    }
    if kubelet.client.trust.anchors == Anchors::Unverified {
        let said = "insecure_skip_verify is set: whoever can answer at that address is believed, and gets our token if \
                    one is shown";
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
    ticking: Ticking,
    env: Env<'k>,
    now: i64,
    /// What no finding may tell.
    secrets: Secrets,
    findings: Vec<Finding>,
    /// What became of the question whether we may too much, once it is asked.
    probed: Option<Probe>,
    series: Option<Series>,
}

impl Way<'_> {
    /// Adds a finding; whether one can go on behind it.
    fn add(&mut self, finding: Finding) -> bool {
        let on = finding.level < Level::Failure;
        self.findings.push(finding);
        on
    }

    async fn go(&mut self, who: Option<Who>) {
        let files_are_good = self.findings.iter().all(|finding| finding.level < Level::Failure);
        if !self.reach().await || !files_are_good {
            self.identify(who.as_ref());
            return;
        }
        // Where the files are good, it is known whose they are.
        let who = who.unwrap_or(Who::Nobody);
        let profile = Profile::with_secrets(Arc::clone(&self.kubelet.client), self.secrets.clone());
        let mut scraper = Scraper::new(profile, self.kubelet.target.clone(), self.kubelet.question);
        let mut body = Vec::new();
        let outcome = scraper.scrape(&mut body).await;
        if !self.handshake(&scraper, outcome.as_ref().err(), &who).await {
            self.identify(Some(&who));
            return;
        }
        self.add(identity::describe(&who, self.now));
        let refused = matches!(&outcome, Err(error) if error.cause() == Cause::Unauthorized);
        for reminder in scraper.expiries().soon() {
            // What has expired and is refused for it is told once, where the refusal is.
            if !(refused && reminder.has_expired() && reminder.what != What::ServingCertificate) {
                self.add(identity::runs_out(&reminder));
            }
        }
        if self.let_in(&mut scraper, &outcome, &who).await {
            self.answer(&scraper, outcome, &body, &who).await;
        }
    }

    async fn reach(&mut self) -> bool {
        let proxies = reach::proxies(self.env);
        let (finding, addresses) = reach::address(self.kubelet).await;
        if !self.add(finding) {
            return false;
        }
        self.findings.extend(reach::ignored(&proxies));
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

    async fn handshake(&mut self, scraper: &Scraper, error: Option<&ScrapeError>, who: &Who) -> bool {
        let shown = match error {
            Some(ScrapeError::Tls(TlsFault::NothingInCommon)) => {
                scraper.serving_certificate_for_anyone().await
            }
            _ => scraper.serving_certificate(),
        };
        let way = Handshake {
            kubelet: self.kubelet,
            shown: shown.as_ref(),
            who,
            now: self.now,
            env: self.env,
        };
        let past = scraper.has_seen_certificate() || self.kubelet.target.url.scheme == Scheme::Http;
        let failure = match error {
            Some(ScrapeError::Tls(fault)) => Some(tls::fault(&way, fault)),
            // Looked at by themselves the files were good, and together they are not: CAs that are none, say.
            Some(ScrapeError::File(error)) => Some(files::unusable(error)),
            Some(error) if error.cause() == Cause::Tls => {
                Some(tls::plain_http(self.kubelet, &error.to_string()))
            }
            Some(error) if !past => Some(tls::silent(&error.to_string())),
            _ => None,
        };
        if let Some(failure) = failure {
            return self.add(failure);
        }
        self.add(match &shown {
            Some(shown) => tls::good(self.kubelet, shown, self.now),
            None if self.kubelet.target.url.scheme == Scheme::Http => Finding::ok(
                Step::Tls,
                "none over http: what is asked and answered can be read on the way",
            ),
            None => Finding::ok(
                Step::Tls,
                "a certificate that is believed, and cannot be described",
            ),
        });
        if let Some(evidence) = clock::wrong(shown.as_ref(), who, self.now) {
            self.add(tls::clock(&evidence));
        }
        true
    }

    /// Authentication and authorization.
    async fn let_in(
        &mut self,
        scraper: &mut Scraper,
        outcome: &Result<Answer, ScrapeError>,
        who: &Who,
    ) -> bool {
        let (cause, refusal) = match outcome {
            Ok(_) => (Cause::Success, None),
            Err(error) => (error.cause(), error.refusal()),
        };
        match (cause, outcome) {
            (Cause::Unauthorized, _) if refusal == Some(&Refusal::Unauthorized) => {
                let cas = scraper.client_cas();
                let finding =
                    authentication::refused(self.kubelet, who, cas.as_deref(), self.now, self.env).await;
                self.add(finding)
            }
            (Cause::Forbidden, Err(ScrapeError::Status(_, refusal @ Refusal::Forbidden(attributes)))) => {
                if attributes.is_of_nobody() {
                    return self.add(authentication::anonymous(who));
                }
                self.add(known(refusal.user(), who));
                self.add(authorization::forbidden(self.kubelet, refusal, who))
            }
            (Cause::ApiServerUnreachable, Err(ScrapeError::Status(_, refusal))) => {
                self.add(known(refusal.user(), who));
                self.add(authorization::api_server_away(refusal))
            }
            // The handler speaks, so both were passed.
            (Cause::Success | Cause::NotReady, _)
            | (
                _,
                Err(
                    ScrapeError::BrokeOff(_)
                    | ScrapeError::TooLarge(_)
                    | ScrapeError::Timeout {
                        phase: Phase::Reading(_),
                        ..
                    },
                ),
            ) => {
                let probed = authorization::probe(scraper, who).await;
                self.passed(probed, who)
            }
            (Cause::Timeout, Err(error)) if *who != Who::Nobody => {
                match authorization::probe(scraper, who).await {
                    Probe::Silent => self.add(authentication::silent(error)),
                    probed => self.passed(probed, who),
                }
            }
            // Nothing came that would tell.
            _ => true,
        }
    }

    fn passed(&mut self, probed: Probe, who: &Who) -> bool {
        self.probed = Some(probed);
        self.add(known(None, who));
        self.add(authorization::granted(self.kubelet, probed, who))
    }

    /// Whether we are in a pod of that node: in a cluster, and it is asked at this machine's address or by its name.
    fn runs_us(&self, node: &str) -> bool {
        let is = |variable, value: &str| (self.env)(variable).is_some_and(|set| set == value);
        let host = self.kubelet.target.url.host.as_str();
        let is_here = NODE_ADDRESS.iter().any(|variable| is(variable, host))
            || is("NODE_NAME", node)
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        (self.env)("KUBERNETES_SERVICE_HOST").is_some() && is_here
    }

    async fn answer(
        &mut self,
        scraper: &Scraper,
        outcome: Result<Answer, ScrapeError>,
        body: &[u8],
        who: &Who,
    ) {
        if let Err(error) = outcome {
            self.add(answer::missing(&error, self.ticking));
            return;
        }
        let (listed, known, of_pods) = self.pods(scraper, body, who).await;
        let told = |text: &str| scraper.redact(text);
        match lines::make(self.kubelet, body, known, self.now, told) {
            Ok(made) => {
                let has_us = self.runs_us(&made.node);
                self.findings
                    .extend(answer::tell(&made, body.len(), has_us, told));
                self.findings.extend(of_pods);
                self.findings.extend(made.findings);
                let at = lines::nanoseconds(self.now);
                let counted = series::count(&self.kubelet.lines, body, listed.as_deref(), at, told);
                if let Some((series, findings)) = counted.filter(|_| made.counted.lines > 0) {
                    self.findings.extend(findings);
                    self.series = Some(series);
                }
            }
            Err(error) => {
                self.add(answer::unusable(&error));
                self.findings.extend(of_pods);
            }
        }
    }

    /// What there is of `/pods`, where it is wanted: the answer, what is taken of it, and what is to be said.
    async fn pods(&self, scraper: &Scraper, summary: &[u8], who: &Who) -> OfPods {
        if self.kubelet.metadata.is_none() {
            return (None, None, Vec::new());
        }
        let body = match pods::ask(scraper).await {
            Ok(body) => body,
            Err(error) => {
                let finding = pods::missing(self.kubelet, &error, who, self.ticking);
                return (None, None, vec![finding]);
            }
        };
        let learned = match pods::learn(self.kubelet, &body) {
            Ok(learned) => learned,
            Err(finding) => return (None, None, vec![finding]),
        };
        let told = |text: &str| scraper.redact(text);
        let mut findings = pods::tell(self.probed, &learned, body.len(), told);
        let left_out = learned.others_left_out();
        findings.extend(listed::compare(self.kubelet, [summary, &body], left_out, told));
        (Some(body), Some(learned.known), findings)
    }
}

/// An answer to `/pods`, what is taken of it, and what is to be said.
type OfPods = (Option<Vec<u8>>, Option<Arc<Known>>, Vec<Finding>);

/// `user` is the kubelet's own word, which it says with a no only.
fn known(user: Option<&str>, who: &Who) -> Finding {
    let said = match (user, who) {
        (_, Who::Nobody) => "the read-only port asks nobody who he is".to_owned(),
        (Some(user), _) => format!("the kubelet knows {user}"),
        (None, _) => match identity::user(who) {
            Some(user) => format!("the kubelet lets us in, as {user} by our own word"),
            None => "the kubelet lets us in".to_owned(),
        },
    };
    Finding::ok(Step::Authentication, said)
}
