//! Bearer tokens as an API server makes them, and as it does not: who is let in, and what is said to who is not.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::Value;

use crate::machine::{Cluster, cluster};
use crate::pod::{self, ACCOUNT, NAMESPACE, Volume};
use crate::told::{Fault, assert_well};
use crate::wait::until;

/// A 401, of which `check` says more.
fn refused(diagnosis: &'static str) -> Fault {
    Fault {
        result: "unauthorized",
        status: Some(401),
        step: "authentication",
        diagnosis,
    }
}

const FORBIDDEN: Fault = Fault {
    result: "forbidden",
    status: Some(403),
    step: "authorization",
    diagnosis: "forbidden",
};

/// The token with other claims, signed with this key in PKCS #8.
fn forged(token: &str, key: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut parts = token.split('.');
    let (header, claims) = (parts.next().expect("a header"), parts.next().expect("claims"));
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("Base64");
    let mut claims = serde_json::from_slice(&claims).expect("JSON");
    change(&mut claims);
    let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));

    let body: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let random = SystemRandom::new();
    let key = BASE64_STANDARD.decode(body).expect("PEM");
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random).expect("a key of P-256");
    let signature = key.sign(&random, signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn forged_volume(cluster: &mut Cluster, name: &str, key: &str, change: impl FnOnce(&mut Value)) -> Volume {
    let good = pod::good(cluster);
    let token = std::fs::read_to_string(&good.token).expect("our own file");
    Volume::new(cluster, name, &forged(&token, key, change))
}

fn api_servers_key(cluster: &Cluster) -> String {
    cluster.sh("cat /etc/kubernetes/pki/sa.key")
}

/// The forgery is as good as the original, so that what is refused is refused for what was changed.
#[test]
fn a_token_signed_with_the_api_servers_key_is_good() {
    let mut cluster = cluster();
    let key = api_servers_key(&cluster);
    let volume = forged_volume(&mut cluster, "same", &key, |_| ());
    assert_well(&cluster, &volume.config());
}

#[test]
fn an_expired_token() {
    let mut cluster = cluster();
    let key = api_servers_key(&cluster);
    let volume = forged_volume(&mut cluster, "expired", &key, |claims| {
        for claim in ["exp", "iat", "nbf"] {
            claims[claim] = Value::from(claims[claim].as_i64().expect("a time") - 2 * 3600);
        }
    });
    refused("token_expired").assert_told(&cluster, &volume.config(), &["expired"]);
}

#[test]
fn a_token_for_another_audience() {
    let mut cluster = cluster();
    cluster.apply(&pod::guides_account());
    let volume = Volume::created(&mut cluster, "audience", ACCOUNT, &["--audience=vault"]);
    refused("token_audience").assert_told(&cluster, &volume.config(), &[]);
}

#[test]
fn a_token_of_another_cluster() {
    let mut cluster = cluster();
    let key = cluster.sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1");
    let volume = forged_volume(&mut cluster, "foreign", &key, |_| ());
    refused("token_unknown").assert_told(&cluster, &volume.config(), &[]);
}

#[test]
fn an_account_without_a_right_gets_it_by_the_fix() {
    let mut cluster = cluster();
    cluster.apply(&pod::guides_account());
    cluster.kubectl(&["create", "serviceaccount", "-n", NAMESPACE, "unbound"]);
    let volume = Volume::created(&mut cluster, "unbound", "unbound", &[]);
    let finding = FORBIDDEN.assert_told(
        &cluster,
        &volume.config(),
        &["system:serviceaccount:monitoring:unbound"],
    );
    finding.apply(&cluster);
    assert_well(&cluster, &volume.config());
    // Nobody lost his own by it.
    let good = pod::good(&mut cluster);
    assert_well(&cluster, &good.config());
    // It is as `check` says for who asks before.
    let can_i = finding
        .piece("command", "can-i")
        .replace("NODE", crate::machine::NODE);
    assert_eq!(cluster.sh(&can_i).trim(), "yes");
    cluster.kubectl(&["delete", "serviceaccount", "-n", NAMESPACE, "unbound"]);
}

#[test]
fn an_account_that_was_deleted() {
    let mut cluster = cluster();
    cluster.apply(&pod::guides_account());
    cluster.kubectl(&["create", "serviceaccount", "-n", NAMESPACE, "gone"]);
    let volume = Volume::created(&mut cluster, "gone", "gone", &[]);
    // Known, without a right.
    cluster.until_scraped(&volume.config(), "forbidden");
    cluster.kubectl(&["delete", "serviceaccount", "-n", NAMESPACE, "gone"]);
    refused("token_unknown").assert_told(&cluster, &volume.config(), &[]);
    // Made anew it is another one, whose tokens are new ones.
    cluster.kubectl(&["create", "serviceaccount", "-n", NAMESPACE, "gone"]);
    refused("token_unknown").assert_told(&cluster, &volume.config(), &[]);
    let again = Volume::created(&mut cluster, "again", "gone", &[]);
    FORBIDDEN.assert_told(&cluster, &again.config(), &[]);
    cluster.kubectl(&["delete", "serviceaccount", "-n", NAMESPACE, "gone"]);
}

/// A kubelet that does not ask the API server about tokens: with anonymity off, and with it on.
#[test]
fn a_kubelet_without_webhook_authentication_gets_it_by_the_fix() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.configure("authentication:\n  webhook:\n    enabled: false\n  anonymous:\n    enabled: true\n");
    let anonymous = Fault {
        step: "authentication",
        diagnosis: "anonymous",
        ..FORBIDDEN
    };
    anonymous.assert_told(
        &cluster,
        &pod.config(),
        &["webhook", "never give that user a right"],
    );

    cluster.configure("authentication:\n  webhook:\n    enabled: false\n");
    let finding = refused("webhook_off").assert_told(&cluster, &pod.config(), &[]);
    // What it says to ask says so too.
    let asks = finding
        .piece("command", "configz")
        .replace("NODE", crate::machine::NODE);
    assert!(cluster.sh(&asks).contains("\"enabled\":false"), "{asks}");
    cluster.configure_by_fix(&finding.piece("yaml", "webhook"));
    assert_well(&cluster, &pod.config());
}

/// A replaced file counts from the next tick on, for better and for worse, without a restart.
#[test]
fn a_token_that_is_replaced() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.until_scraped(&pod.config(), "success");
    let other = Volume::created(&mut cluster, "other", "default", &[]);
    let [good, without_right] =
        [&pod.token, &other.token].map(|file| std::fs::read_to_string(file).expect("ours"));
    let mut plugin = cluster.plugin(&pod.config());
    for (token, result) in [
        (&good, "success"),
        (&without_right, "forbidden"),
        (&good, "success"),
    ] {
        let next = cluster.write("good/next", token);
        std::fs::rename(next, &pod.token).expect("a writable directory");
        plugin.tick();
        let batch = plugin.batch();
        assert!(
            batch[batch.len() - 1].contains(&format!(",result={result},")),
            "{batch:#?}"
        );
    }
    plugin.close_stdin();
    plugin.wait(crate::support::plugin::PATIENCE);
}

/// The right that is far too much, by a role of one's own and by a kubelet that asks nobody.
#[test]
fn a_right_to_more_than_the_numbers_is_warned_of() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    let warned = |cluster: &Cluster| {
        cluster.until_scraped(&pod.config(), "success");
        let checked = cluster.check(&pod.config());
        assert_eq!(
            checked.bad(),
            [["authorization", "warning", "proxy_granted"]],
            "{}",
            checked.text
        );
        assert_eq!(checked.code, 1);
    };
    cluster.sh(
        "kubectl create clusterrole telegraf-kubelet-too-much --verb=get --resource=nodes/proxy,nodes/stats
         kubectl create clusterrolebinding telegraf-kubelet-too-much --clusterrole=telegraf-kubelet-too-much \
         --serviceaccount=monitoring:telegraf",
    );
    warned(&cluster);
    // It is the same right where the pages that it leads to are switched off.
    cluster.configure("enableDebuggingHandlers: false\n");
    warned(&cluster);
    cluster.kubectl(&["delete", "clusterrolebinding", "telegraf-kubelet-too-much"]);
    until("the kubelet has forgotten what it was told of that right", || {
        cluster.check(&pod.config()).bad().is_empty().then_some(())
    });

    cluster.configure("authorization:\n  mode: AlwaysAllow\n");
    warned(&cluster);
}
