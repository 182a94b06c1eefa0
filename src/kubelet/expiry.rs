//! What runs out, and when the log is to be told.
//!
//! Knows times only: who looks at a clock hands it in.

use std::fmt;
use std::time::{Duration, Instant};

use crate::client::Left;

/// How often the same is said again.
const AGAIN: Duration = Duration::from_secs(86_400);

/// What is left of all that runs out; `None` where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expiries {
    /// Of the bearer token, by its own word.
    pub token: Option<Left>,
    /// Of the client certificate in use.
    pub client_certificate: Option<Left>,
    /// Of the certificate the kubelet showed last.
    pub serving_certificate: Option<Left>,
    /// Whether that one is believed only until then: a pinned key is believed without dates.
    pub serving_dates_count: bool,
}

/// That something is running out, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// What it is.
    pub what: What,
    left: i64,
}

/// What runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The bearer token.
    Token,
    /// The client certificate that we show.
    ClientCertificate,
    /// The kubelet's.
    ServingCertificate,
}

impl What {
    const ALL: [Self; 3] = [Self::Token, Self::ClientCertificate, Self::ServingCertificate];

    /// What it is, in words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "the bearer token",
            Self::ClientCertificate => "the client certificate",
            Self::ServingCertificate => "the kubelet's serving certificate",
        }
    }
}

impl Expiries {
    fn of(&self, what: What) -> Option<Left> {
        match what {
            What::Token => self.token,
            What::ClientCertificate => self.client_certificate,
            What::ServingCertificate => self.serving_certificate.filter(|_| self.serving_dates_count),
        }
    }

    /// All that is running out now.
    pub fn soon(&self) -> impl Iterator<Item = Reminder> + use<> {
        let expiries = *self;
        What::ALL.into_iter().filter_map(move |what| {
            let left = expiries.of(what)?;
            (left.is_late()).then_some(Reminder {
                what,
                left: left.seconds,
            })
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
        for (slot, what) in self.said.iter_mut().zip(What::ALL) {
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
    /// Whether it has expired.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.left <= 0
    }

    /// What is over, or will be, and when.
    #[must_use]
    pub fn fact(&self) -> String {
        let what = self.what.word();
        if self.has_expired() {
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
    use crate::client::Life;

    const DAY: i64 = 86_400;
    /// As in `client`.
    const SOON: i64 = 7 * DAY;

    fn left(seconds: i64, lifetime: i64) -> Left {
        let life = Life {
            begins: Some(seconds - lifetime),
            ends: seconds,
        };
        life.left(0)
    }

    fn token(seconds: i64, lifetime: i64) -> Expiries {
        Expiries {
            token: Some(left(seconds, lifetime)),
            ..Expiries::default()
        }
    }

    #[test]
    fn is_said_once_a_day_and_anew_after_a_renewal() {
        let mut reminders = Reminders::default();
        let start = Instant::now();
        let mut said = |seconds, hours: u64| {
            let expiries = Expiries {
                client_certificate: Some(left(seconds, 90 * DAY)),
                serving_certificate: Some(left(seconds + DAY, 365 * DAY)),
                serving_dates_count: true,
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
    fn what_lives_a_short_time_is_not_late_all_its_life() {
        assert_eq!(token(3_000, 3_607).soon().count(), 0);
        assert_eq!(token(300, 3_607).soon().count(), 1);
        assert_eq!(token(-1, 3_607).soon().count(), 1);
        assert_eq!(token(6 * DAY, 365 * DAY).soon().count(), 1);
        let unknown = Life {
            begins: None,
            ends: 6 * DAY,
        };
        let expiries = |serving_dates_count| Expiries {
            serving_certificate: Some(unknown.left(0)),
            serving_dates_count,
            ..Expiries::default()
        };
        assert_eq!(expiries(true).soon().count(), 1);
        assert_eq!(expiries(false).soon().count(), 0, "a pin stands in for dates");
    }

    #[test]
    fn reads_as_a_sentence() {
        let said: Vec<_> = token(-7_300, 3_607).soon().map(|due| due.to_string()).collect();
        assert!(
            said[0].starts_with("the bearer token expired 2 hours ago: "),
            "{said:?}"
        );
        assert_eq!(span(6 * DAY), "6 days");
        assert_eq!(span(-90), "90 s");
    }
}
