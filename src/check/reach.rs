//! The way to the kubelet: its host's addresses, and a connection to one of them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::toml;
use crate::client::{Resolver, Scheme, Unreached};
use crate::config::Kubelet;
use crate::kubelet::authenticated;
use crate::system::Fault;

/// What other programs take for a proxy's address. Go's, curl's and reqwest's.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Variables for a proxy that are set.
pub fn proxies(env: &dyn Fn(&str) -> Option<String>) -> Vec<&'static str> {
    let mut set = PROXIES.to_vec();
    set.retain(|name| env(name).is_some_and(|value| !value.is_empty()));
    set
}

/// The addresses of the host in `url`.
pub async fn address(kubelet: &Kubelet) -> (Finding, Vec<SocketAddr>) {
    let (host, port) = (kubelet.target.url.host.as_str(), kubelet.target.url.port.get());
    let mut resolver = Resolver::new(host, port);
    let found = match timeout(kubelet.client.response_timeout, resolver.addresses()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return (unresolved(host, &error), Vec::new()),
        Err(_) => {
            let why = format!(
                "no answer from the resolver in {:?}",
                kubelet.client.response_timeout
            );
            return (unknown(host, &why), Vec::new());
        }
    };
    let said = if found.iter().any(|address| address.ip().to_string() == host) {
        format!("{host} is an address")
    } else {
        let addresses: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
        format!("{host} is {}", addresses.join(", "))
    };
    (Finding::ok(Step::Address, said), found)
}

/// Other programs would go through it.
pub fn ignored(proxies: &[&str]) -> Option<Finding> {
    let said = || {
        format!(
            "{} is set and not used: a kubelet is asked directly",
            proxies.join(", ")
        )
    };
    (!proxies.is_empty()).then(|| Finding::notice(Step::Address, Diagnosis::ProxyIgnored, said()))
}

/// What this machine lacks says nothing of the name, and says itself what helps.
fn unresolved(host: &str, why: &Unreached) -> Finding {
    if why.is_lack() {
        return Finding::failure(Step::Address, Diagnosis::ConnectFailed, format!("{host}: {why}"));
    }
    unknown(host, &why.to_string())
}

fn unknown(host: &str, why: &str) -> Finding {
    Finding::failure(Step::Address, Diagnosis::NameUnknown, format!("{host}: {why}"))
        .mend(Mend::apply(
            "ask for the node's address instead of its name, in the container's env",
            "env:\n  - name: NODE_IP\n    valueFrom:\n      fieldRef:\n        fieldPath: status.hostIP\n",
        ))
        .mend(Mend::configure(
            "and in the plugin's configuration",
            "url = \"https://$NODE_IP:10250\"\n",
        ))
}

/// A connection to the first address that takes one.
pub async fn tcp(kubelet: &Kubelet, addresses: &[SocketAddr], proxies: &[&str]) -> Finding {
    let mut last = None;
    for address in addresses {
        match timeout(kubelet.client.response_timeout, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Finding::ok(Step::Tcp, format!("{address} takes connections")),
            Ok(Err(error)) => last = Some((address, Some(Fault::new(&error)))),
            Err(_) => last = Some((address, None)),
        }
    }
    let finding = match last {
        Some((address, Some(fault))) => refused(kubelet, *address, fault),
        Some((address, None)) => silent(*address, kubelet.client.response_timeout),
        // A resolver that answers names at least one address, else it fails.
        None => Finding::failure(
            Step::Tcp,
            Diagnosis::ConnectFailed,
            "there is no address to connect to",
        ),
    };
    if proxies.is_empty() {
        finding
    } else {
        finding.mend(Mend::say(format!(
            "{} is set: if only that proxy reaches the kubelet, run the program on the node itself, because a \
             proxy is never used for a kubelet",
            proxies.join(", ")
        )))
    }
}

fn refused(kubelet: &Kubelet, address: SocketAddr, fault: Fault) -> Finding {
    let failure = |diagnosis, said: String| Finding::failure(Step::Tcp, diagnosis, said);
    let on_node = Mend::run(
        "see on the node what listens",
        format!("ss -ltnp sport = :{}", address.port()),
    );
    match fault {
        Fault::Refused => {
            let finding = failure(
                Diagnosis::PortClosed,
                format!("{address} refuses connections: nothing listens there"),
            )
            .mend(on_node);
            if kubelet.target.url.scheme == Scheme::Http {
                finding.mend(Mend::configure(
                    "the read-only port is closed, as it should be: ask the other one",
                    format!(
                        "url = {}\n",
                        toml(&authenticated(&kubelet.target.url).to_string())
                    ),
                ))
            } else {
                finding.mend(Mend::say("start the kubelet, or correct the port in url: it is 10250 unless the kubelet's configuration says otherwise"))
            }
        }
        Fault::HostUnreachable | Fault::NetworkUnreachable => failure(
            Diagnosis::HostUnreachable,
            format!("there is no way to {address}: {fault}"),
        )
        .mend(Mend::say(
            "correct the address: from inside a pod it is status.hostIP that is reachable",
        ))
        .mend(Mend::run(
            "see which way is meant",
            format!("ip route get {}", address.ip()),
        )),
        _ => failed(address, fault, on_node),
    }
}

fn failed(address: SocketAddr, fault: Fault, on_node: Mend) -> Finding {
    let said = format!("no connection to {address}: {fault}");
    let finding = Finding::failure(Step::Tcp, Diagnosis::ConnectFailed, said);
    // What lies at this machine says itself what helps.
    if fault.is_lack() || fault == Fault::NotPermitted {
        return finding;
    }
    finding.mend(on_node)
}

fn silent(address: SocketAddr, limit: Duration) -> Finding {
    Finding::failure(
        Step::Tcp,
        Diagnosis::HostSilent,
        format!(
            "{address} does not answer in {limit:?}: an address that nobody has, or a firewall that drops packets"
        ),
    )
    .mend(Mend::say(format!(
        "let the pod's network reach the node at port {}: a NetworkPolicy, a security group or the node's firewall may \
         be in the way",
        address.port()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_not_mended_at_the_node() {
        for why in [Unreached::NoThread, Unreached::Lookup(Fault::NoMoreFiles)] {
            let finding = unresolved("node-1", &why);
            assert_eq!(finding.diagnosis, Some(Diagnosis::ConnectFailed), "{why}");
            assert!(finding.mends.is_empty(), "{why}");
        }
        for why in [Unreached::UnknownName, Unreached::ResolverFails] {
            let finding = unresolved("node-1", &why);
            assert_eq!(finding.diagnosis, Some(Diagnosis::NameUnknown), "{why}");
        }
        let address = "10.0.0.1:10250".parse().unwrap();
        let mends = |fault| failed(address, fault, Mend::say("")).mends.len();
        for lack in [
            Fault::NoMoreFiles,
            Fault::NoMoreFilesAnywhere,
            Fault::NoMemory,
            Fault::NoLocalAddress,
        ] {
            assert_eq!(mends(lack), 0, "{lack}");
        }
        assert_ne!(mends(Fault::Reset), 0);
    }
}
