//! The kubelet's side of the handshake: it asks for a client certificate, takes any or none, and judges it later.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, CipherSuite, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use time::Duration;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::odd;
use crate::pki::{self, Ca, ClientSpec};
use crate::{Cluster, Options, Serving};

/// The server's side of a kubelet.
pub(crate) struct Side {
    /// `None` for plain HTTP.
    pub(crate) config: Option<Arc<ServerConfig>>,
    /// Its own certificate in DER; `None` where there is none.
    pub(crate) shown: Option<Vec<u8>>,
    /// What that can be verified with, in PEM.
    pub(crate) anchor: String,
}

/// The server's side for `options`.
pub(crate) fn serving(options: &Options, ca: &Ca, client_ca: &Ca) -> Side {
    let (certified, anchor) = certified_for(options, ca);
    let shown = certified.as_ref().and_then(|certified| certified.cert.first());
    let shown = shown.map(|certificate| certificate.to_vec());
    let plain = options.serving == Serving::PlainHttp;
    Side {
        config: (!plain).then(|| Arc::new(config(options, certified, client_ca))),
        shown,
        anchor,
    }
}

/// The same of an API server.
pub(crate) fn api_server(
    http2: bool,
    addresses: &[std::net::IpAddr],
    ca: &Ca,
    client_ca: &Ca,
) -> Arc<ServerConfig> {
    let options = Options {
        http2,
        ..Options::default()
    };
    let certified = certified(ca.sign(&pki::api_server(addresses)));
    Arc::new(config(&options, Some(certified), client_ca))
}

/// The same of the kubelet of one of many nodes, whose certificate is for its own address.
pub(crate) fn of_node(name: &str, ip: std::net::IpAddr, cluster: &Cluster) -> Arc<ServerConfig> {
    let mut params = pki::serving(name, false, Duration::hours(-1), Duration::days(365));
    params.subject_alt_names.push(rcgen::SanType::IpAddress(ip));
    let certified = certified(cluster.serving_ca.sign(&params));
    Arc::new(config(&Options::default(), Some(certified), &cluster.client_ca))
}

fn certified_for(options: &Options, ca: &Ca) -> (Option<Arc<CertifiedKey>>, String) {
    let node = &options.node_name;
    let signed = |addresses, from, lifetime| {
        let pair = ca.sign(&pki::serving(node, addresses, from, lifetime));
        (Some(certified(pair)), ca.pem.clone())
    };
    let of_its_own = |pair: (String, String)| {
        let anchor = pair.0.clone();
        (Some(certified(pair)), anchor)
    };
    let year = Duration::days(365);
    match options.serving {
        Serving::CaIssued => signed(true, Duration::hours(-1), year),
        Serving::CaIssuedNameOnly => signed(false, Duration::hours(-1), year),
        Serving::Expired => signed(true, Duration::hours(-2), Duration::hours(1)),
        Serving::NotYetValid => signed(true, Duration::hours(1), year),
        Serving::InYears => signed(true, year * 5, year),
        Serving::YearsAgo => signed(true, year * -4, year),
        Serving::ForClients => {
            let pair = ca.sign(&ClientSpec::default().params());
            (Some(certified(pair)), ca.pem.clone())
        }
        Serving::SelfSigned => of_its_own(pki::self_signed(node)),
        Serving::OpensslLeaf => of_its_own(pki::openssl_leaf(node)),
        Serving::Odd(odd) => {
            let (certified, anchor) = odd::serving(odd, node);
            (Some(certified), anchor)
        }
        Serving::Unapproved | Serving::PlainHttp => (None, ca.pem.clone()),
    }
}

fn certified((cert, key): (String, String)) -> Arc<CertifiedKey> {
    let chain = CertificateDer::pem_slice_iter(cert.as_bytes())
        .collect::<Result<_, _>>()
        .expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
    let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key");
    Arc::new(CertifiedKey::new(chain, key))
}

fn config(options: &Options, certified: Option<Arc<CertifiedKey>>, client_ca: &Ca) -> ServerConfig {
    let provider = Arc::new(provider());
    let clients: Arc<dyn ClientCertVerifier> = if options.client_ca {
        Arc::new(TakesAny {
            names: vec![DistinguishedName::from(client_ca.subject.clone())],
            provider: Arc::clone(&provider),
        })
    } else {
        WebPkiClientVerifier::no_client_auth()
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(Shows(certified)));
    config.ignore_client_order = true;
    if options.http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    config
}

/// With the order of Go's `crypto/tls`, which is that of the server there (`defaultCipherSuitesTLS13`): AES-128 before AES-256
/// for a client that likes AES best, as all of rustls do.
fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        !matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    });
    provider
}

/// Shows a certificate, if there is one and the client takes signatures of its key.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let fits = |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(schemes).is_some();
        self.0.as_ref().filter(fits).cloned()
    }
}

/// `RequestClientCert`: whatever is shown, the handshake goes on, if only the key is there.
#[derive(Debug)]
struct TakesAny {
    names: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for TakesAny {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the bare key: Go takes certificates that rustls does not read, those of version 1 among them.
        let (_, cert) = X509Certificate::from_der(cert)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(cert.public_key().raw),
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
