//! What all peers that are asked in one way share: the credential, the trust, the deadline, and what may not be told.
//!
//! Each file of it is read once for all of them. A thousand peers have one token read, one store of anchors in memory and
//! one list of secrets.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::HeaderValue;
use tokio::time::Instant;

use super::claims::Claims;
use super::file_error::FileError;
use super::life::Life;
use super::settings::{Anchors, Credential, Settings};
use super::tls::{Origin, Tls};
use super::token::TokenFile;
use crate::redact::Secrets;

/// How long a look at the files does for those peers that have not gone by it yet.
const LOOK_LASTS: Duration = Duration::from_secs(1);

/// One way to ask, loaded once and shared by all peers that are asked in it.
pub struct Profile {
    settings: Arc<Settings>,
    secrets: Secrets,
    files: Mutex<Files>,
}

/// What was read of the files.
struct Files {
    token: Option<TokenFile>,
    tls: Option<Arc<Tls>>,
    /// The trouble the log was told of already.
    told: Option<FileError>,
    last: Option<Look>,
    looks: u64,
}

/// The files as they were at one moment.
#[derive(Clone)]
pub(super) struct Look {
    /// Which one it was, from 1.
    pub number: u64,
    /// The value of `Authorization`.
    pub authorization: Option<HeaderValue>,
    /// What to shake hands with.
    pub tls: Arc<Tls>,
    at: Instant,
}

impl Profile {
    /// Its files may not be there yet: a Secret may be mounted late, and each look is a new one.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Arc<Self> {
        Self::with_secrets(settings, Secrets::default())
    }

    /// One that shares what must not be told with somebody else.
    #[must_use]
    pub fn with_secrets(settings: Arc<Settings>, secrets: Secrets) -> Arc<Self> {
        let token = match &settings.credential {
            Credential::BearerToken { file } => Some(TokenFile::new(file.clone(), secrets.clone())),
            Credential::ClientCertificate { .. } | Credential::None => None,
        };
        let files = Files {
            token,
            tls: None,
            told: None,
            last: None,
            looks: 0,
        };
        Arc::new(Self {
            settings,
            secrets,
            files: Mutex::new(files),
        })
    }

    /// One deadline over all of a question.
    #[must_use]
    pub fn response_timeout(&self) -> Duration {
        self.settings.response_timeout
    }

    /// The most bytes of an answer that are taken.
    #[must_use]
    pub fn max_response(&self) -> usize {
        self.settings.max_response
    }

    /// What must not be told of whatever a peer says.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether the dates of a serving certificate are held against it: a pin stands in for them.
    #[must_use]
    pub fn dates_count(&self) -> bool {
        !matches!(self.settings.trust.anchors, Anchors::Pinned(_))
    }

    /// The life of the token read last, by its own word.
    #[must_use]
    pub fn token(&self) -> Option<Life> {
        let claims = |files: &mut Files| files.token.as_ref()?.last()?.claims().and_then(Claims::life);
        self.with(claims)
    }

    /// The life of the client certificate in use.
    #[must_use]
    pub fn client_certificate(&self) -> Option<Life> {
        self.with(|files| files.tls.as_ref()?.client_certificate())
    }

    /// The files for who has gone by look number `seen` before. Nobody goes by one look twice, so that no rotation is
    /// missed; and one look does for all who ask in the same second.
    pub(super) fn look(&self, seen: u64) -> Result<Look, FileError> {
        self.with(|files| match &files.last {
            Some(last) if last.number > seen && last.at.elapsed() < LOOK_LASTS => Ok(last.clone()),
            _ => self.look_anew(files),
        })
    }

    /// The token as it is in its file now, which is then that of the last look too.
    pub(super) fn token_now(&self) -> Result<Option<HeaderValue>, FileError> {
        self.with(|files| {
            let fresh = files.token.as_mut().map(TokenFile::read).transpose()?;
            if let Some(last) = &mut files.last {
                last.authorization.clone_from(&fresh);
            }
            Ok(fresh)
        })
    }

    fn look_anew(&self, files: &mut Files) -> Result<Look, FileError> {
        let at = Instant::now();
        let authorization = files.token.as_mut().map(TokenFile::read).transpose()?;
        let tls = self.look_at_tls(files)?;
        files.looks += 1;
        let look = Look {
            number: files.looks,
            authorization,
            tls,
            at,
        };
        files.last = Some(look.clone());
        Ok(look)
    }

    /// Loads what handshakes are made with if a file of it has changed.
    ///
    /// While they cannot be used (a pair half-written, say) what was read last goes on, and the log is told once.
    fn look_at_tls(&self, files: &mut Files) -> Result<Arc<Tls>, FileError> {
        let before = files.tls.as_ref().map(|tls| tls.origin());
        let origin = Origin::now(&self.settings, before);
        if let Some(tls) = &files.tls
            && *tls.origin() == origin
        {
            return Ok(Arc::clone(tls));
        }
        match (Tls::load(&self.settings, origin, &self.secrets), &files.tls) {
            (Ok(tls), _) => {
                let tls = Arc::new(tls);
                files.told = None;
                files.tls = Some(Arc::clone(&tls));
                Ok(tls)
            }
            (Err(error), Some(tls)) => {
                let tls = Arc::clone(tls);
                files.tell_once(error);
                Ok(tls)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Files) -> T) -> T {
        // Nothing in here can be left half done.
        look(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Files {
    fn tell_once(&mut self, error: FileError) {
        if self.told.as_ref() != Some(&error) {
            log::warn!("{error}; going on with what was read last");
            self.told = Some(error);
        }
    }
}
