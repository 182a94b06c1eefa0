//! What a test hands to the program: CAs, tokens, certificates and keys, as files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::pki::{Ca, ClientSpec};
use crate::tokens::{TokenSpec, Tokens};

/// Paths in a directory that is gone with the kubelet.
#[derive(Debug, Clone)]
pub struct Files {
    /// The directory.
    pub dir: PathBuf,
    /// What the serving certificate can be verified with.
    pub ca: PathBuf,
    /// A CA that signed nothing here.
    pub other_ca: PathBuf,
    /// Of a ServiceAccount with the right `nodes/stats`.
    pub token: PathBuf,
    /// Of one without any right.
    pub unbound_token: PathBuf,
    /// Over since an hour.
    pub expired_token: PathBuf,
    /// For somebody else than the API server.
    pub wrong_audience_token: PathBuf,
    /// Valid in an hour.
    pub not_yet_valid_token: PathBuf,
    /// No JWT.
    pub garbage_token: PathBuf,
    /// Of a ServiceAccount that is gone.
    pub deleted_token: PathBuf,
    /// Of one that also has `nodes/proxy`.
    pub proxy_token: PathBuf,
    /// With the right `nodes/stats`.
    pub client_cert: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
    /// Both in one file, as the kubelet keeps its own.
    pub client_combined: PathBuf,
    /// Accepted, without any right.
    pub unbound_cert: PathBuf,
    /// Its key.
    pub unbound_key: PathBuf,
    /// Of a CA with the name of the one that the kubelet knows, and another key: another cluster's.
    pub namesake_cert: PathBuf,
    /// Its key.
    pub namesake_key: PathBuf,
    /// Of a CA that the kubelet does not know.
    pub foreign_cert: PathBuf,
    /// Its key.
    pub foreign_key: PathBuf,
    /// Over since an hour.
    pub expired_cert: PathBuf,
    /// Its key.
    pub expired_key: PathBuf,
    /// Without `clientAuth`.
    pub server_only_cert: PathBuf,
    /// Its key.
    pub server_only_key: PathBuf,
}

/// The name of the CA that signs the clients that the kubelet knows.
pub(crate) const CLIENT_CA: &str = "kubernetes-client";

/// Writes a file. Panics where it can't, as everything here does: without its files there is no test.
pub(crate) fn write(path: &Path, content: &str) -> PathBuf {
    std::fs::write(path, content).expect("a writable directory");
    path.to_owned()
}

/// The same for what nobody else may read.
pub(crate) fn write_secret(path: &Path, content: &str) -> PathBuf {
    let path = write(path, content);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a file of our own");
    path
}

impl Files {
    pub(crate) fn write(dir: &Path, serving_ca: &str, client_ca: &Ca, tokens: &Tokens) -> Self {
        let token = |name: &str, spec: TokenSpec| write_secret(&dir.join(name), &tokens.issue(&spec));
        let pair = |name: &str, ca: &Ca, spec: &ClientSpec| {
            let (cert, key) = ca.sign(&spec.params());
            let combined = write_secret(&dir.join(format!("{name}-combined.pem")), &format!("{cert}{key}"));
            (
                write(&dir.join(format!("{name}.crt")), &cert),
                write_secret(&dir.join(format!("{name}.key")), &key),
                combined,
            )
        };
        let foreign_ca = Ca::new("somebody-else");
        let usual = ClientSpec::default();
        let (client_cert, client_key, client_combined) = pair("client", client_ca, &usual);
        let unbound = ClientSpec {
            common_name: "unbound".to_owned(),
            ..usual.clone()
        };
        let (unbound_cert, unbound_key, _) = pair("unbound", client_ca, &unbound);
        let (foreign_cert, foreign_key, _) = pair("foreign", &foreign_ca, &usual);
        let (namesake_cert, namesake_key, _) = pair("namesake", &Ca::new(CLIENT_CA), &usual);
        let expired = ClientSpec {
            valid_from: -7_200,
            valid_until: -3_600,
            ..usual.clone()
        };
        let (expired_cert, expired_key, _) = pair("expired", client_ca, &expired);
        let server_only = ClientSpec {
            client_auth: false,
            ..usual
        };
        let (server_only_cert, server_only_key, _) = pair("server-only", client_ca, &server_only);
        let account = |account: &str| TokenSpec {
            account: account.to_owned(),
            ..TokenSpec::default()
        };
        Self {
            dir: dir.to_owned(),
            ca: write(&dir.join("ca.crt"), serving_ca),
            other_ca: write(&dir.join("other-ca.crt"), &foreign_ca.pem),
            token: token("token", TokenSpec::default()),
            unbound_token: token("unbound.token", account("unbound")),
            expired_token: token(
                "expired.token",
                TokenSpec {
                    valid_from: -7_200,
                    valid_until: -3_600,
                    ..TokenSpec::default()
                },
            ),
            wrong_audience_token: token(
                "wrong-audience.token",
                TokenSpec {
                    audience: "vault".to_owned(),
                    ..TokenSpec::default()
                },
            ),
            not_yet_valid_token: token(
                "not-yet-valid.token",
                TokenSpec {
                    valid_from: 3_600,
                    valid_until: 7_200,
                    ..TokenSpec::default()
                },
            ),
            garbage_token: write_secret(&dir.join("garbage.token"), "not-a-jwt"),
            deleted_token: token("deleted.token", account("deleted")),
            proxy_token: token("proxy.token", account("proxy")),
            client_cert,
            client_key,
            client_combined,
            unbound_cert,
            unbound_key,
            namesake_cert,
            namesake_key,
            foreign_cert,
            foreign_key,
            expired_cert,
            expired_key,
            server_only_cert,
            server_only_key,
        }
    }
}
