//! What can go wrong with a test API server, and for whom.

use std::time::Duration;

use super::asked::{Asked, Resource, Verb};

/// What goes wrong until it is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiFault {
    /// 401.
    Unauthorized,
    /// 403, with the words of who may not.
    Forbidden,
    /// 429 with `Retry-After` in seconds.
    TooMany(u32),
    /// 500, as of a database that does not answer.
    Internal,
    /// 503.
    Unavailable,
    /// This status with this body.
    Status {
        /// The status.
        code: u16,
        /// The body.
        body: String,
    },
    /// Requests are taken and never answered, until this is over: then they are served.
    Silent,
    /// Requests are served so much later.
    Late(Duration),
    /// Connections are cut as it begins, and new ones too: where it is for one token, at the first request with it.
    Partition,
    /// What is asked is done, and the connection closed instead of an answer.
    AnswerLost,
    /// What is asked is done, and not answered until this is over.
    AnswerHeld,
    /// Watches that are open say nothing more and do not end either, until this is over.
    WatchesSilent,
    /// Every version is too old to watch from, and every list too old to go on.
    TooOld,
}

/// How a watch is told that its version is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooOld {
    /// 200, and an event of the type `ERROR` with the Status: what API servers do.
    Event,
    /// The status 410.
    Status,
}

/// Whom and what something is about: everything that is not said matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aim {
    token: Option<String>,
    resource: Option<Resource>,
    verb: Option<Verb>,
}

impl Aim {
    /// Everybody and everything.
    pub const ALL: Self = Self {
        token: None,
        resource: None,
        verb: None,
    };

    /// Who has the token of this name ([`super::TestApiServer::token`]), and nobody else.
    #[must_use]
    pub fn token(name: &str) -> Self {
        Self {
            token: Some(name.to_owned()),
            ..Self::ALL
        }
    }

    /// Of that, only what is about this resource.
    #[must_use]
    pub fn resource(self, resource: Resource) -> Self {
        Self {
            resource: Some(resource),
            ..self
        }
    }

    /// Of that, only this verb.
    #[must_use]
    pub fn verb(self, verb: Verb) -> Self {
        Self {
            verb: Some(verb),
            ..self
        }
    }

    /// Whether it is about who asks that.
    pub(super) fn is_at(&self, caller: Option<&str>, asked: &Asked) -> bool {
        self.is_at_caller(caller)
            && self.resource.is_none_or(|resource| resource == asked.resource)
            && self.verb.is_none_or(|verb| verb == asked.verb)
    }

    pub(super) fn is_at_caller(&self, caller: Option<&str>) -> bool {
        self.token.is_none() || self.token.as_deref() == caller
    }
}

/// All that goes wrong now; what was set last counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Vec<(Aim, ApiFault)>);

impl Faults {
    pub(super) fn set(&mut self, aim: Aim, fault: ApiFault) {
        self.clear(&aim);
        self.0.push((aim, fault));
    }

    pub(super) fn clear(&mut self, aim: &Aim) {
        self.0.retain(|(other, _)| other != aim);
    }

    pub(super) fn clear_all(&mut self) {
        self.0.clear();
    }

    /// What goes wrong with a request.
    pub(super) fn of(&self, caller: Option<&str>, asked: &Asked) -> Option<&ApiFault> {
        let at =
            |(aim, fault): &&(Aim, ApiFault)| *fault != ApiFault::WatchesSilent && aim.is_at(caller, asked);
        self.0.iter().rev().find(at).map(|(_, fault)| fault)
    }

    /// Whether a watch may say nothing.
    pub(super) fn silence(&self, caller: Option<&str>, asked: &Asked) -> bool {
        let silent =
            |(aim, fault): &(Aim, ApiFault)| *fault == ApiFault::WatchesSilent && aim.is_at(caller, asked);
        self.0.iter().any(silent)
    }

    /// Whether nobody at all comes through.
    pub(super) fn partition(&self) -> bool {
        self.0.contains(&(Aim::ALL, ApiFault::Partition))
    }
}

/// What happens once, to connections or watches that are open.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// The connection is cut.
    Sever,
    /// Half of an event's line, and then the connection is cut.
    CutMidLine,
    /// These bytes.
    Send(bytes::Bytes),
    /// The watch ends as at its time.
    End,
    /// The version that it is at is too old, from now on.
    Expire,
    /// A bookmark, for those who allow them.
    Bookmark,
}
