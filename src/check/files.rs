//! The files that the configuration names: whether they can be used, and who else may read the secret ones.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::finding::{Finding, Mend, Step};
use super::text::{days_left, quoted};
use super::{Diagnosis, volume};
use crate::client::inspect::{self, Who};
use crate::client::{Anchors, Credential, FileError, FileFault, Scheme};
use crate::config::Kubelet;
use crate::date::date;
use crate::redact::Secrets;

/// Looks at all of them. Who we are is known where the credential's files can be used.
pub fn look(kubelet: &Kubelet, now: i64, in_pod: bool, secrets: &Secrets) -> (Vec<Finding>, Option<Who>) {
    let mut findings = Vec::new();
    // First, because a file of CAs may hold a secret of ours by mistake.
    let who = inspect::who(&kubelet.client.credential, secrets);
    if kubelet.target.url.scheme == Scheme::Https {
        cas(kubelet, now, secrets, &mut findings);
    }
    let who = match who {
        Ok(who) => {
            credential(&kubelet.client.credential, in_pod, &mut findings);
            Some(who)
        }
        Err(error) => {
            findings.push(unusable(&error));
            None
        }
    };
    if findings.is_empty() {
        findings.push(Finding::ok(Step::Files, "none is needed"));
    }
    (findings, who)
}

fn cas(kubelet: &Kubelet, now: i64, secrets: &Secrets, findings: &mut Vec<Finding>) {
    let files = inspect::ca_files(&kubelet.client.trust.anchors);
    if files.is_empty() && kubelet.client.trust.anchors == Anchors::InPodOrSystem {
        let said = "no tls_ca and no in-pod CA: the system's CAs are believed, which sign no kubelet's certificate \
                    by themselves";
        findings.push(Finding::ok(Step::Files, said));
    }
    for path in files {
        findings.push(match inspect::cas(&path, secrets) {
            Ok(cas) => {
                let names: Vec<_> = cas
                    .iter()
                    .map(|ca| {
                        format!(
                            "{:?} until {} ({})",
                            ca.subject,
                            date(ca.not_after),
                            days_left(ca.not_after, now)
                        )
                    })
                    .collect();
                Finding::ok(
                    Step::Files,
                    format!("tls_ca {}: {}", path.display(), names.join(", ")),
                )
            }
            Err(error) => unusable(&error),
        });
    }
}

/// One that a scrape cannot use.
pub fn unusable(error: &FileError) -> Finding {
    let finding = |diagnosis| Finding::failure(Step::Files, diagnosis, error.to_string());
    let path = error.path.as_deref().map(quoted);
    if let (FileFault::NotTheKey { cert }, Some(key)) = (&error.fault, &path) {
        return finding(Diagnosis::KeyMismatch)
            .mend(Mend::run(
                "see which key the certificate is for",
                format!("openssl x509 -in {} -noout -pubkey", quoted(cert)),
            ))
            .mend(Mend::run(
                "and which one this is; where the two are not the same, write both files of one pair anew",
                format!("openssl pkey -in {key} -pubout"),
            ));
    }
    let mut finding = finding(Diagnosis::FileUnusable);
    if error.option == "bearer_token" {
        finding = finding.mend(Mend::apply(
            "in a pod, run as a ServiceAccount of your own and let its token be mounted",
            "spec:\n  serviceAccountName: telegraf\n  automountServiceAccountToken: true\n",
        ));
    }
    finding.mend(match path {
        Some(path) => Mend::run(
            "look at the file as the user that runs Telegraf",
            format!("ls -lL {path}"),
        ),
        None => Mend::configure(
            "name the file with the CA that signed the kubelet's certificate",
            "tls_ca = \"/etc/kubernetes/pki/ca.crt\"\n",
        ),
    })
}

fn credential(credential: &Credential, in_pod: bool, findings: &mut Vec<Finding>) {
    match credential {
        Credential::None => {}
        Credential::BearerToken { file } => {
            let padded = if inspect::is_padded(file) {
                "; the white space around the token is not sent"
            } else {
                ""
            };
            findings.push(secret("bearer_token", file, padded, in_pod));
        }
        Credential::ClientCertificate { cert, key } => {
            if cert != key {
                findings.push(Finding::ok(Step::Files, format!("tls_cert {}", cert.display())));
            }
            findings.push(secret("tls_key", key, "", in_pod));
        }
    }
}

/// A file that nobody else is to read. In a pod there are others too, unless it is its volume that has no other mode.
fn secret(option: &str, path: &Path, note: &str, in_pod: bool) -> Finding {
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.mode() & 0o777);
    let said = format!("{option} {}, mode {mode:04o}{note}", path.display());
    let may = match mode & 0o006 {
        0 => return Finding::ok(Step::Files, said),
        0o002 => "replace it",
        0o004 => "read it",
        _ => "read and replace it",
    };
    if in_pod && volume::is_in_one(path) {
        return Finding::ok(Step::Files, said);
    }
    let who = if in_pod {
        "everyone on this node, and in each container that has its volume,"
    } else {
        "everyone on this machine"
    };
    Finding::warning(
        Step::Files,
        Diagnosis::KeyReadable,
        format!("{said}: {who} may {may}"),
    )
    .mend(Mend::run(
        "take that right away; the user that runs Telegraf has to own it or be of its group",
        format!("chmod o= {}", quoted(path)),
    ))
}
