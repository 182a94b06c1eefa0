//! Certificates and keys: the serving side's in all the shapes that kubelets have them, and clients'.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SigningKey as _,
};
use time::{Duration, OffsetDateTime};

use crate::der;

/// A CA that can sign.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// The CA's own certificate.
    pub pem: String,
    /// The same in DER.
    pub der: Vec<u8>,
    /// Its name in DER, for the list of CAs that a server shows.
    pub subject: Vec<u8>,
}

impl Ca {
    /// A new CA called `name`.
    pub fn new(name: &str) -> Self {
        let mut params = params(
            name,
            &[],
            OffsetDateTime::now_utc() - Duration::hours(1),
            Duration::days(3_650),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let der = certificate.der().to_vec();
        let subject = x509_parser::parse_x509_certificate(&der)
            .expect("our own")
            .1
            .subject()
            .as_raw()
            .to_vec();
        Self {
            pem: certificate.pem(),
            der,
            subject,
            issuer: Issuer::new(params, key),
        }
    }

    /// Signs a certificate for a new key; both in PEM.
    pub fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// The same without what came with version 3: the version's own number, and extensions.
    pub fn sign_version_1(&self, params: &CertificateParams) -> (String, String) {
        const NEWER: [u8; 2] = [0xa0, 0xa3];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let parts = der::all(der::first(certificate.der()).1);
        let (signed, algorithm) = (der::first(parts[0].1).1, parts[1].1);
        let older: Vec<_> = der::all(signed)
            .into_iter()
            .filter_map(|(tag, element)| (!NEWER.contains(&tag)).then_some(element))
            .collect();
        let signed = der::element(0x30, &older.concat());
        let signature = self.issuer.key().sign(&signed).expect("a signature");
        let signature = der::element(3, &[&[0], signature.as_slice()].concat());
        let certificate = der::element(0x30, &[&signed, algorithm, &signature].concat());
        (der::pem("CERTIFICATE", &certificate), key.serialize_pem())
    }
}

fn params(name: &str, organizations: &[&str], from: OffsetDateTime, lifetime: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    for organization in organizations {
        subject.push(DnType::OrganizationName, *organization);
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = from;
    params.not_after = from + lifetime;
    params
}

/// A client certificate to be.
#[derive(Debug, Clone)]
pub struct ClientSpec {
    /// The user.
    pub common_name: String,
    /// Groups.
    pub organizations: Vec<String>,
    /// Seconds from now until it is valid; negative for one that is.
    pub valid_from: i64,
    /// Seconds from now until it expires.
    pub valid_until: i64,
    /// Fit for a client; false makes a server's certificate.
    pub client_auth: bool,
}

impl Default for ClientSpec {
    fn default() -> Self {
        Self {
            common_name: "telegraf-kubelet".to_owned(),
            organizations: Vec::new(),
            valid_from: -3_600,
            valid_until: 90 * 86_400,
            client_auth: true,
        }
    }
}

impl ClientSpec {
    pub(crate) fn params(&self) -> CertificateParams {
        let organizations: Vec<&str> = self.organizations.iter().map(String::as_str).collect();
        let from = OffsetDateTime::now_utc() + Duration::seconds(self.valid_from);
        let lifetime = Duration::seconds(self.valid_until - self.valid_from);
        let mut params = params(&self.common_name, &organizations, from, lifetime);
        params.extended_key_usages = vec![if self.client_auth {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        }];
        params
    }
}

/// A serving certificate as the cluster's CA signs it for a kubelet.
pub(crate) fn serving(node: &str, addresses: bool, from: Duration, lifetime: Duration) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    let mut params = params(
        &format!("system:node:{node}"),
        &["system:nodes"],
        now + from,
        lifetime,
    );
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![SanType::DnsName(node.try_into().expect("a node's name is ASCII"))];
    if addresses {
        params.subject_alt_names.extend([
            SanType::DnsName("localhost".try_into().expect("ASCII")),
            SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
            SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()),
        ]);
    }
    params
}

/// An API server's, for the names that it has inside of a cluster, for loopback and for `addresses`.
pub(crate) fn api_server(addresses: &[std::net::IpAddr]) -> CertificateParams {
    let from = OffsetDateTime::now_utc() - Duration::hours(1);
    let mut params = params("kube-apiserver", &[], from, Duration::days(365));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
    ];
    let names = names.map(|name| SanType::DnsName(name.try_into().expect("ASCII")));
    let loopback = [
        std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::Ipv6Addr::LOCALHOST.into(),
    ];
    let addresses = loopback.iter().chain(addresses).copied();
    params.subject_alt_names = names
        .into_iter()
        .chain(addresses.map(SanType::IpAddress))
        .collect();
    params
}

/// The kubelet's own: a leaf for the host's name only, from a CA that is thrown away. Leaf and CA in one PEM, and the
/// key.
pub(crate) fn self_signed(node: &str) -> (String, String) {
    let epoch = OffsetDateTime::now_utc().unix_timestamp();
    let ca = Ca::new(&format!("{node}-ca@{epoch}"));
    let mut params = serving(node, false, Duration::hours(-1), Duration::days(365));
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{node}@{epoch}"));
    let (leaf, key) = ca.sign(&params);
    (format!("{leaf}{}", ca.pem), key)
}

/// What `openssl req -x509` makes: a certificate that signs itself and calls itself a CA.
pub(crate) fn openssl_leaf(node: &str) -> (String, String) {
    let mut params = params(
        node,
        &[],
        OffsetDateTime::now_utc() - Duration::hours(1),
        Duration::days(7_300),
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names = vec![SanType::DnsName(node.try_into().expect("a node's name is ASCII"))];
    let key = KeyPair::generate().expect("a key");
    (
        params.self_signed(&key).expect("a certificate").pem(),
        key.serialize_pem(),
    )
}
