//! The alerts with which a server ends a handshake, by the names that TLS has for them.

use std::fmt;

use rustls::AlertDescription;

/// An alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert(u8);

/// RFC 8446, and the alerts of older versions that are still sent.
const NAMES: [(u8, &str); 35] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "encrypted_client_hello_required"),
];

impl Alert {
    pub(super) fn new(alert: AlertDescription) -> Self {
        Self(alert.into())
    }

    /// Whether it says that our certificate is not taken, or that we have none. A kubelet takes any in the handshake and
    /// answers 401 later; it sends one of these only for what it can't read.
    pub(super) fn is_about_our_certificate(self) -> bool {
        matches!(self.0, 41..=46 | 48 | 49 | 51 | 111 | 114 | 116)
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "number {}", self.0),
        }
    }
}
