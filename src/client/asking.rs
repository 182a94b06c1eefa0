//! One peer, asked through a profile: one question, one answer or one failure, and one rule for when to ask again.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use tokio::time::Instant;

use super::certificate::Facts;
use super::connection::Reply;
use super::connections::{Connections, Open};
use super::failure::{Failure, Phase, Refused};
use super::look;
use super::profile::Profile;
use super::query::Query;
use super::request;
use super::settings::{Scheme, Target, Url};
use super::shown::Shown;

/// Asks one peer. What stays between questions is its connection and what it showed.
pub struct Client {
    profile: Arc<Profile>,
    connections: Connections,
    phase: Phase,
    /// The number of the look at the profile's files that the last question went by.
    seen: u64,
}

/// The beginning of an answer, and the connection that has the rest.
struct Answered {
    open: Open,
    reply: Reply,
    /// What it was asked with.
    authorization: Option<HeaderValue>,
}

/// An answer whose body is still to be read.
pub struct Beginning {
    query: Query,
    answered: Answered,
    /// Of the deadline.
    left: Duration,
}

/// An answer that goes on and on, and is read as it comes. Dropped it ends, and its connection with it, where that carries
/// nothing else.
pub struct Following {
    answered: Answered,
    read: usize,
}

impl Beginning {
    /// Read as it comes, whose end nobody waits for.
    #[must_use]
    pub fn follow(self) -> Following {
        Following {
            answered: self.answered,
            read: 0,
        }
    }
}

impl Following {
    /// What comes next, `None` at its end. No larger than what is read at one go.
    ///
    /// # Errors
    /// It broke off, or nothing came for so long.
    pub async fn next(&mut self, idle: Duration) -> Result<Option<Bytes>, Failure> {
        let Answered { open, reply, .. } = &mut self.answered;
        match tokio::time::timeout(idle, open.connection.chunk(reply)).await {
            Ok(Ok(piece)) => {
                self.read += piece.as_ref().map_or(0, Bytes::len);
                Ok(piece)
            }
            Ok(Err(exchange)) => Err(Failure::BrokeOff(exchange)),
            Err(_) => Err(Failure::Timeout {
                limit: idle,
                phase: Phase::Reading(self.read),
            }),
        }
    }
}

/// Who asked something over the connection of an answer meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nobody,
    Others,
}

impl Answered {
    fn status(&self) -> u16 {
        self.reply.head.status.as_u16()
    }
}

impl Client {
    /// A client of `target`, which is asked as `profile` says.
    #[must_use]
    pub fn new(profile: Arc<Profile>, target: Target) -> Self {
        let connections = Connections::new(target, profile.secrets().clone());
        Self::over(connections, profile)
    }

    fn over(connections: Connections, profile: Arc<Profile>) -> Self {
        Self {
            profile,
            connections,
            phase: Phase::Connecting,
            seen: 0,
        }
    }

    /// One who asks the same peer beside it, over the same connection while nobody else does.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::over(self.connections.beside(), Arc::clone(&self.profile))
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.connections.url()
    }

    /// What it is asked with.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What it showed in its last handshake.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        self.connections.shown()
    }

    /// The certificate that is shown to who says to take every kind of key, where we are shown none.
    pub async fn certificate_for_anyone(&self) -> Option<Facts> {
        let limit = self.profile.response_timeout();
        look::certificate(self.connections.url(), limit, self.profile.secrets()).await
    }

    /// The first half of a question: what is asked for, up to the headers of an answer that has it. What it has brought
    /// waits in buffers that are bounded, until somebody has room for it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn begin(&mut self, query: impl Into<Query>) -> Result<Beginning, Failure> {
        let query = query.into();
        let (deadline, began) = (self.profile.response_timeout(), Instant::now());
        // What is dropped in its middle takes its connection with it: perhaps nobody is at the other end any more.
        let outcome = match tokio::time::timeout(deadline, self.fetch(&query)).await {
            Ok(outcome) => outcome.map(|answered| Beginning {
                query,
                answered,
                left: deadline.saturating_sub(began.elapsed()),
            }),
            Err(_) => Err(self.late(0)),
        };
        self.end(outcome)
    }

    /// What gave no answer is not used again, by nobody. A refusal is an answer.
    fn end<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        if !matches!(outcome, Ok(_) | Err(Failure::Refused(_))) {
            self.connections.forget();
        }
        outcome
    }

    /// Whether something else can be asked over the very connection meanwhile.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.connections.is_shared()
    }

    /// The second half: appends it to `body`, not more than the profile takes. There is one deadline over name, connection,
    /// handshake, headers and body, which stands still between the two halves.
    ///
    /// # Errors
    /// See [`Failure`]; `body` may then have grown by a part of an answer.
    pub async fn read(&mut self, beginning: Beginning, body: &mut Vec<u8>) -> Result<(), Failure> {
        let Beginning {
            query,
            answered,
            left,
        } = beginning;
        let before = body.len();
        let outcome = match tokio::time::timeout(left, self.rest(&query, answered, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.late(body.len() - before)),
        };
        self.end(outcome)
    }

    /// What broke off over a connection over which something else was asked may have been broken by that: it is asked once
    /// more, over one of its own.
    async fn rest(&mut self, query: &Query, answered: Answered, body: &mut Vec<u8>) -> Result<(), Failure> {
        let (before, authorization) = (body.len(), answered.authorization.clone());
        match self.take(answered, body).await {
            Err((Failure::BrokeOff(_), Beside::Others)) => {
                log::debug!("{}: asking on a new connection", self.connections.url());
                body.truncate(before);
                let again = self.ask_anew(query, authorization).await?;
                let answered = self.good(query, again).await?;
                self.take(answered, body).await.map_err(|(failure, _)| failure)
            }
            outcome => outcome.map_err(|(failure, _)| failure),
        }
    }

    /// Takes the body of an answer.
    async fn take(&mut self, answered: Answered, body: &mut Vec<u8>) -> Result<(), (Failure, Beside)> {
        let Answered {
            mut open, mut reply, ..
        } = answered;
        let limit = self.profile.max_response();
        if let Err(failure) = request::read(&mut open, &mut reply, body, limit).await {
            let beside = if reply.is_alone() {
                Beside::Nobody
            } else {
                Beside::Others
            };
            return Err((failure, beside));
        }
        // Only when nothing is asked any more is nothing to come.
        drop(reply);
        self.connections.keep(open).await;
        Ok(())
    }

    /// Both halves at once.
    ///
    /// # Errors
    /// As of [`Client::read`].
    pub async fn get(&mut self, query: impl Into<Query>, body: &mut Vec<u8>) -> Result<(), Failure> {
        let beginning = self.begin(query).await?;
        self.read(beginning, body).await
    }

    /// The status of what is at `path`, whatever it is. Its body is of no interest, and with it the connection.
    ///
    /// # Errors
    /// No answer came.
    pub async fn status_of(&mut self, path: &'static str) -> Result<u16, Failure> {
        let deadline = self.profile.response_timeout();
        match tokio::time::timeout(deadline, self.ask(&path.into())).await {
            Ok(answered) => answered.map(|answered| answered.status()),
            Err(_) => Err(self.late(0)),
        }
    }

    fn late(&self, read: usize) -> Failure {
        let phase = match self.phase {
            Phase::Reading(_) => Phase::Reading(read),
            phase => phase,
        };
        Failure::Timeout {
            limit: self.profile.response_timeout(),
            phase,
        }
    }

    async fn fetch(&mut self, query: &Query) -> Result<Answered, Failure> {
        let answered = self.ask(query).await?;
        self.good(query, answered).await
    }

    /// An answer that has what was asked for.
    async fn good(&mut self, query: &Query, answered: Answered) -> Result<Answered, Failure> {
        if query.is_answered_by(answered.status()) {
            self.phase = Phase::Reading(0);
            return Ok(answered);
        }
        Err(Failure::Refused(self.refusal(answered).await))
    }

    /// What an answer that has nothing else says. Said to its end, its connection may be asked something else.
    async fn refusal(&mut self, answered: Answered) -> Refused {
        let Answered {
            mut open, mut reply, ..
        } = answered;
        let (refused, whole) = request::refused(&mut open, &mut reply).await;
        // As behind a whole answer.
        drop(reply);
        if whole {
            self.connections.keep(open).await;
        }
        refused
    }

    /// Over plain http there is nothing to verify and nobody to be, so no file is looked at: an image without any CA store
    /// can read the read-only port.
    ///
    /// A 401 is final only if the token is still the one that was sent: it may have been replaced between our look and the
    /// peer's.
    async fn ask(&mut self, query: &Query) -> Result<Answered, Failure> {
        if self.connections.url().scheme == Scheme::Http {
            return self.ask_as(query, None).await;
        }
        let look = self.profile.look(self.seen)?;
        self.seen = look.number;
        self.connections.use_tls(&look.tls)?;
        let answered = self.ask_as(query, look.authorization).await?;
        if answered.status() != 401 {
            return Ok(answered);
        }
        let fresh = self.profile.token_now()?;
        if fresh == answered.authorization {
            return Ok(answered);
        }
        self.refusal(answered).await;
        self.ask_as(query, fresh).await
    }

    /// A kept connection may have been closed by the peer just as we used it, and whatever comes over it may be left
    /// from before: neither says anything of the peer, so it is asked once more, on a new one.
    async fn ask_as(
        &mut self,
        query: &Query,
        authorization: Option<HeaderValue>,
    ) -> Result<Answered, Failure> {
        if let Some(mut kept) = self.connections.kept().await {
            match self.ask_over(&mut kept, query, authorization.as_ref()).await {
                Ok(reply) => {
                    return Ok(Answered {
                        open: kept,
                        reply,
                        authorization,
                    });
                }
                // Not why: what libraries say may quote what we sent.
                Err(_) => log::debug!("{}: asking on a new connection", self.connections.url()),
            }
        }
        self.ask_anew(query, authorization).await
    }

    /// Over a new connection, which nobody else has until it is answered.
    async fn ask_anew(
        &mut self,
        query: &Query,
        authorization: Option<HeaderValue>,
    ) -> Result<Answered, Failure> {
        let mut open = self.connections.open(&mut self.phase).await?;
        let reply = self.ask_over(&mut open, query, authorization.as_ref()).await?;
        Ok(Answered {
            open,
            reply,
            authorization,
        })
    }

    async fn ask_over(
        &mut self,
        open: &mut Open,
        query: &Query,
        authorization: Option<&HeaderValue>,
    ) -> Result<Reply, Failure> {
        self.phase = Phase::Waiting;
        let headers = request::headers(query, authorization);
        let asked = open.connection.ask(query, headers).await;
        asked.map_err(Failure::Unanswered)
    }
}
