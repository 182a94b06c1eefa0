//! What runs out, and when the log is to be told.
//!
//! Knows times only: who looks at a clock hands it in.

use std::fmt;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;

/// From here on it is said.
const SOON: i64 = 7 * DAY;

/// How often the same is said again.
const AGAIN: Duration = Duration::from_secs(DAY.unsigned_abs());

/// Seconds left, from now; negative when over, `None` where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expiries {
    /// Of the bearer token, by its own word.
    pub token: Option<i64>,
    /// How long the token was to live in all, by its own word.
    pub token_lifetime: Option<i64>,
    /// Of the client certificate in use.
    pub client_certificate: Option<i64>,
    /// Of the certificate the kubelet showed last.
    pub serving_certificate: Option<i64>,
}

/// What is running out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    what: What,
    left: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Token,
    ClientCertificate,
    ServingCertificate,
}

impl Expiries {
    /// A token of an hour is renewed when a fifth of it is left (kubelet `token_manager.go`): that one is late with less
    /// than a tenth, not with less than a week.
    fn token_is_late_at(&self) -> i64 {
        self.token_lifetime
            .map_or(SOON, |lifetime| (lifetime / 10).clamp(0, SOON))
    }

    fn all(&self) -> [(What, Option<i64>, i64); 3] {
        [
            (What::Token, self.token, self.token_is_late_at()),
            (What::ClientCertificate, self.client_certificate, SOON),
            (What::ServingCertificate, self.serving_certificate, SOON),
        ]
    }

    /// All that is running out now.
    pub fn soon(&self) -> impl Iterator<Item = Reminder> + use<> {
        self.all().into_iter().filter_map(|(what, left, late)| {
            Some(Reminder { what, left: left? }).filter(|due| due.left < late)
        })
    }
}

/// What was said of each, and when.
#[derive(Debug, Default)]
pub struct Reminders {
    said: [Option<Instant>; 3],
}

impl Reminders {
    /// What is to be said now: what runs out, unless that was said less than a day ago. What was renewed begins anew.
    pub fn due(&mut self, expiries: &Expiries, now: Instant) -> Vec<Reminder> {
        let soon: Vec<_> = expiries.soon().collect();
        for (slot, (what, ..)) in self.said.iter_mut().zip(expiries.all()) {
            if !soon.iter().any(|due| due.what == what) {
                *slot = None;
            }
        }
        let mut due = soon;
        due.retain(|due| {
            let slot = &mut self.said[due.what as usize];
            let fresh = slot.is_some_and(|said| now.saturating_duration_since(said) < AGAIN);
            if !fresh {
                *slot = Some(now);
            }
            !fresh
        });
        due
    }
}

impl Reminder {
    /// What is over, or will be, and when.
    #[must_use]
    pub fn fact(&self) -> String {
        let what = match self.what {
            What::Token => "the bearer token",
            What::ClientCertificate => "the client certificate",
            What::ServingCertificate => "the kubelet's serving certificate",
        };
        if self.left < 0 {
            format!("{what} expired {} ago", span(self.left))
        } else {
            format!("{what} expires in {}", span(self.left))
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self.what {
            What::Token => {
                "its file is not being renewed: use a projected ServiceAccount token, which the kubelet renews"
            }
            What::ClientCertificate => {
                "replace tls_cert and tls_key by a new pair; it is taken up without a restart"
            }
            What::ServingCertificate => {
                "approve the kubelet's CSR (kubectl get csr), or, where it signs its own, remove kubelet.crt and \
                 kubelet.key on the node and restart the kubelet"
            }
        }
    }
}

impl fmt::Display for Reminder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fact(), self.mend())
    }
}

/// So much time in its largest unit.
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        seconds @ 172_800.. => format!("{} days", seconds / 86_400),
        seconds @ 7_200.. => format!("{} hours", seconds / 3_600),
        seconds @ 120.. => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(left: i64, lifetime: Option<i64>) -> Expiries {
        Expiries {
            token: Some(left),
            token_lifetime: lifetime,
            ..Expiries::default()
        }
    }

    #[test]
    fn is_said_once_a_day_and_anew_after_a_renewal() {
        let mut reminders = Reminders::default();
        let start = Instant::now();
        let mut said = |left, hours: u64| {
            let expiries = Expiries {
                client_certificate: Some(left),
                serving_certificate: Some(left + DAY),
                ..Expiries::default()
            };
            reminders
                .due(&expiries, start + Duration::from_secs(hours * 3_600))
                .len()
        };
        assert_eq!(said(SOON, 0), 0);
        assert_eq!(said(SOON - 1, 0), 1);
        assert_eq!(said(SOON - 2, 23), 0);
        assert_eq!(said(SOON - 3, 24), 1);
        assert_eq!(said(SOON - DAY - 1, 25), 1);
        assert_eq!(said(90 * DAY, 26), 0);
        assert_eq!(said(SOON - 1, 27), 1);
    }

    #[test]
    fn a_token_that_lives_an_hour_is_not_late_all_its_life() {
        assert_eq!(token(3_000, Some(3_607)).soon().count(), 0);
        assert_eq!(token(300, Some(3_607)).soon().count(), 1);
        assert_eq!(token(-1, Some(3_607)).soon().count(), 1);
        assert_eq!(token(6 * DAY, Some(365 * DAY)).soon().count(), 1);
        assert_eq!(token(6 * DAY, None).soon().count(), 1);
    }

    #[test]
    fn reads_as_a_sentence() {
        let said: Vec<_> = token(-7_300, None).soon().map(|due| due.to_string()).collect();
        assert!(
            said[0].starts_with("the bearer token expired 2 hours ago: "),
            "{said:?}"
        );
        assert_eq!(span(6 * DAY), "6 days");
        assert_eq!(span(-90), "90 s");
    }
}
