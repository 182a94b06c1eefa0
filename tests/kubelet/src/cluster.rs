//! What the kubelets and the API server of one cluster have in common: who signs, and which tokens are known.

use std::sync::Arc;

use crate::files;
use crate::pki::Ca;
use crate::tokens::{TokenSpec, Tokens};

/// One cluster's CAs and tokens: a token that its API server knows is known to its kubelets, and one CA verifies all.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) serving_ca: Arc<Ca>,
    pub(crate) client_ca: Arc<Ca>,
    pub(crate) tokens: Arc<Tokens>,
}

impl Cluster {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            serving_ca: Arc::new(Ca::new("kubernetes")),
            client_ca: Arc::new(Ca::new(files::CLIENT_CA)),
            tokens: Arc::new(Tokens::new()),
        }
    }

    /// A new token.
    #[must_use]
    pub fn token(&self, spec: &TokenSpec) -> String {
        self.tokens.issue(spec)
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}
