//! Every option, once: key, type, default, prose, and how its value is read.
//!
//! The keys that a file may hold, the sample configuration and the README's table all come from here. To add an
//! option: a row in [`options!`], and its use in `load`; a test sees that there is one.

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;

use super::naming::{Discover, Naming, Shards};
use super::value::{self, Read};
use crate::client::{Pin, Url};
use crate::cluster::{AddressType, Selector};
use crate::lines::metadata::Group;
use crate::lines::{Globs, Timestamp, Volumes};

/// An option whose value becomes a `T`.
pub(super) struct Opt<T> {
    pub(super) info: Info,
    pub(super) read: Read<T>,
}

/// What people are told of an option.
pub(super) struct Info {
    pub(super) key: &'static str,
    pub(super) kind: &'static str,
    pub(super) sample: Sample,
    /// One paragraph in plain words.
    pub(super) doc: &'static str,
}

/// The value that stands, commented, in the sample; as TOML.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    /// What holds when the option is left out.
    Default(&'static str),
    /// There is no default; a value for show.
    Example(&'static str),
}

impl Sample {
    pub(super) fn toml(self) -> &'static str {
        match self {
            Self::Default(toml) | Self::Example(toml) => toml,
        }
    }
}

/// Makes of each row the option, and of all of them [`ALL`] in the order in which people read them.
macro_rules! options {
    ($(
        $name:ident: $type:ty = $read:ident {
            key: $key:literal,
            kind: $kind:literal,
            sample: $sample:ident($toml:literal),
            doc: $doc:literal,
        }
    )*) => {
        /// All options, in the order in which people read them.
        pub(super) static ALL: [&Info; [$($key),*].len()] = [$(&$name.info),*];

        $(
            pub(super) static $name: Opt<$type> = Opt {
                info: Info {
                    key: $key,
                    kind: $kind,
                    sample: Sample::$sample($toml),
                    doc: $doc,
                },
                read: value::$read,
            };
        )*
    };
}

options! {
    URL: Url = kubelet_url {
        key: "url",
        kind: "string",
        sample: Default(r#""https://$NODE_IP:10250""#),
        doc: "Where the kubelet answers, without a path. Without a port, https means 10250 and http means 10255, \
              the deprecated read-only port. An IPv6 address goes into brackets; the default adds them by itself, \
              and takes $HOSTIP where $NODE_IP is not set.",
    }

    BEARER_TOKEN: PathBuf = file {
        key: "bearer_token",
        kind: "path",
        sample: Default(r#""/var/run/secrets/kubernetes.io/serviceaccount/token""#),
        doc: "File with the bearer token to show, by default the pod's ServiceAccount token. Not used with a client \
              certificate, and not over http.",
    }

    TLS_CERT: PathBuf = file {
        key: "tls_cert",
        kind: "path",
        sample: Example(r#""/var/lib/kubelet/pki/kubelet-client-current.pem""#),
        doc: "Client certificate in PEM, to show instead of a token.",
    }

    TLS_KEY: PathBuf = file {
        key: "tls_key",
        kind: "path",
        sample: Example(r#""/var/lib/kubelet/pki/kubelet-client-current.pem""#),
        doc: "The client certificate's key in PEM, not encrypted. Left out, it is read from the file that tls_cert \
              names.",
    }

    TLS_CA: Vec<PathBuf> = files {
        key: "tls_ca",
        kind: "path or array of paths",
        sample: Example(r#""/etc/kubernetes/pki/ca.crt""#),
        doc: "CA certificates in PEM that the kubelet's certificate has to chain to. Left out, it is the cluster's \
              CA where the program runs in a pod, else the system's store.",
    }

    TLS_SERVER_NAME: Naming = server_name {
        key: "tls_server_name",
        kind: "string",
        sample: Example(r#""node-1.example.com""#),
        doc: "Name or address that the kubelet's certificate has to carry, where it is not the one in url. \
              \"$NODE_NAME\" takes it from the environment, where the downward API's spec.nodeName can be. With discover, {node} \
              in it stands for each node's name.",
    }

    TLS_PIN_SHA256: Vec<Pin> = pins {
        key: "tls_pin_sha256",
        kind: "string or array of strings",
        sample: Example(r#"["Hn+WQhWMYq5dVQ0yRfJYgd5kKxTxTZqVgAFmNfHfMAo="]"#),
        doc: "SHA-256 of the key in the kubelet's certificate, in Base64 or hexadecimal, as `telegraf-kubelet check` \
              prints it; several while a key is replaced. It stands in for CA, name and dates, for certificates that \
              no CA vouches for.",
    }

    TLS_MIN_VERSION: bool = tls13_only {
        key: "tls_min_version",
        kind: "string",
        sample: Default(r#""TLS12""#),
        doc: "Oldest TLS version to speak: TLS12 or TLS13.",
    }

    INSECURE_SKIP_VERIFY: bool = boolean {
        key: "insecure_skip_verify",
        kind: "boolean",
        sample: Default("false"),
        doc: "Believe any certificate. Whoever can answer at the kubelet's address then gets the token.",
    }

    RESPONSE_TIMEOUT: Duration = duration {
        key: "response_timeout",
        kind: "duration",
        sample: Default(r#""5s""#),
        doc: "One deadline over connect, headers and body. It has to be shorter than the interval, where the program \
              knows one; left out, it is at most four fifths of that.",
    }

    MAX_RESPONSE: usize = response {
        key: "max_response",
        kind: "size",
        sample: Default(r#""64MiB""#),
        doc: "The largest answer to take. It is held whole while its lines are made, so this is what a kubelet that is \
              broken, or not one, can make the program take. A node sends about 7 kB for each pod.",
    }

    NODE_METRIC_NAME: String = metric_name {
        key: "node_metric_name",
        kind: "string",
        sample: Default(r#""kubernetes_node""#),
        doc: "Name of the node's measurement.",
    }

    TIMESTAMP: Timestamp = timestamp {
        key: "timestamp",
        kind: "string",
        sample: Default(r#""gather""#),
        doc: "What the timestamp of a line is. With \"gather\" it is when the answer arrived, one for all lines. With \
              \"sample\" each group of fields has the time at which the kubelet measured it, and a sample that was \
              written already is not written again: rates come out true, and lines are more and shorter.",
    }

    NAMESPACE_INCLUDE: Vec<Globs> = name_patterns {
        key: "namespace_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write pods of these namespaces only; empty means all. Globs: *, ?, [a-z], [!a] and {a,b}.",
    }

    NAMESPACE_EXCLUDE: Vec<Globs> = name_patterns {
        key: "namespace_exclude",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write no pods of these namespaces. An exclude list wins over its include list.",
    }

    POD_INCLUDE: Vec<Globs> = name_patterns {
        key: "pod_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write pods of these names only; empty means all.",
    }

    POD_EXCLUDE: Vec<Globs> = name_patterns {
        key: "pod_exclude",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write no pods of these names.",
    }

    CONTAINER_INCLUDE: Vec<Globs> = name_patterns {
        key: "container_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write containers of these names only; empty means all. The system containers of the node are always written.",
    }

    CONTAINER_EXCLUDE: Vec<Globs> = name_patterns {
        key: "container_exclude",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write no containers of these names.",
    }

    VOLUME: Volumes = volumes {
        key: "volume",
        kind: "string",
        sample: Default(r#""all""#),
        doc: "Which volumes to write: \"all\", or \"claims\" for those with a PersistentVolumeClaim behind them.",
    }

    FIELDS_INCLUDE: Vec<Globs> = field_patterns {
        key: "fields_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write these fields only, by name (\"cpu_psi_*\") or by measurement and name (\"kubernetes_pod.*\", with the name that the node measurement has by default); empty means all. kubelet_scrape is always written whole. Where all that is left are cpu, memory and swap fields (and start times, but for the node's), the kubelet is asked for these alone, which costs it less; of an accelerator's memory, on kubelets before 1.25, that holds unless it is named with its measurement.",
    }

    FIELDS_EXCLUDE: Vec<Globs> = field_patterns {
        key: "fields_exclude",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Write none of these fields.",
    }

    POD_UID: bool = boolean {
        key: "pod_uid",
        kind: "boolean",
        sample: Default("false"),
        doc: "Add the tag pod_uid to all lines of a pod. It tells two pods of one name apart while one replaces the \
              other, and makes a new series of every restart of a StatefulSet's pod.",
    }

    LABEL_INCLUDE: Vec<Globs> = key_patterns {
        key: "label_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Add these labels of a pod as tags to all its lines, each under its own key (\"app.kubernetes.io/name\", \"team*\"). This option, and each from here to metadata, asks the kubelet's /pods too, which needs the right nodes/pods: README.md says more.",
    }

    LABEL_EXCLUDE: Vec<Globs> = key_patterns {
        key: "label_exclude",
        kind: "array of patterns",
        sample: Default(r#"["*"]"#),
        doc: "Add none of these labels. An exclude list wins over its include list, but for [\"*\"], which beside an include \
              list counts as left out. With both empty all labels are added.",
    }

    ANNOTATION_INCLUDE: Vec<Globs> = key_patterns {
        key: "annotation_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Add these annotations of a pod as tags to all its lines, in the same way. Their values can be long: a pod's tags \
              have at most 4 kB together, and those beyond are left out and counted.",
    }

    ANNOTATION_EXCLUDE: Vec<Globs> = key_patterns {
        key: "annotation_exclude",
        kind: "array of patterns",
        sample: Default(r#"["*"]"#),
        doc: "Add none of these annotations, in the same way.",
    }

    METADATA: Vec<Group> = metadata {
        key: "metadata",
        kind: "array of words",
        sample: Default("[]"),
        doc: "What else of /pods to add: \"image\", \"owner\" and \"qos\" are tags, \"status\", \"resources\" and \
              \"utilization\" fields. README.md lists them.",
    }

    METADATA_INTERVAL: Duration = duration {
        key: "metadata_interval",
        kind: "duration",
        sample: Default(r#""30s""#),
        doc: "How often to ask for /pods, at most; between, and when it fails, the last good answer is used.",
    }

    POD_NETWORK: bool = pod_network {
        key: "pod_network",
        kind: "string",
        sample: Default(r#""all""#),
        doc: "Which pods' network to write: \"all\", or \"own\" for those that have a network of their own. The numbers of \
              pods on the host's network are the host's, and every sum over pods counts them again. \"own\" asks for /pods too.",
    }

    DISCOVER: Discover = discover {
        key: "discover",
        kind: "string",
        sample: Example(r#""nodes""#),
        doc: "Instead of url: scrape every kubelet of the cluster, whose nodes the API server lists. The program then needs the rights list and watch on nodes. All options from here to lease_duration go with it.",
    }

    API_SERVER: Url = api_server_url {
        key: "api_server",
        kind: "string",
        sample: Example(r#""https://10.0.0.1:6443""#),
        doc: "The API server, which is shown and has to prove what the kubelets are and have to. Without a port it is 443, as with kubectl. Left out, it is that of the pod's ServiceAccount, with its token and its CA.",
    }

    NODE_SELECTOR: Selector = selector {
        key: "node_selector",
        kind: "string",
        sample: Example(r#""kubernetes.io/os=linux,!node-role.kubernetes.io/control-plane""#),
        doc: "Only nodes with these labels, in kubectl's grammar: =, ==, !=, in (a,b), notin (a,b), key, !key, key>5 and key<5.",
    }

    NODE_INCLUDE: Vec<Globs> = name_patterns {
        key: "node_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Only nodes of these names; empty means all.",
    }

    NODE_EXCLUDE: Vec<Globs> = name_patterns {
        key: "node_exclude",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "No nodes of these names.",
    }

    NODE_ADDRESS_TYPES: Vec<AddressType> = address_types {
        key: "node_address_types",
        kind: "array of words",
        sample: Default(r#"["InternalIP", "InternalDNS", "Hostname", "ExternalIP", "ExternalDNS"]"#),
        doc: "Which of a node's addresses to dial: the first one that it has of the first type that it has.",
    }

    NODE_LABEL_INCLUDE: Vec<Globs> = key_patterns {
        key: "node_label_include",
        kind: "array of patterns",
        sample: Default("[]"),
        doc: "Add these labels of a node as tags to its own lines (not to those of its pods), each under its own key.",
    }

    NODE_LABEL_EXCLUDE: Vec<Globs> = key_patterns {
        key: "node_label_exclude",
        kind: "array of patterns",
        sample: Default(r#"["*"]"#),
        doc: "Add none of these labels, as with label_exclude.",
    }

    TLS_VERIFY_NODE: bool = boolean {
        key: "tls_verify_node",
        kind: "boolean",
        sample: Default("false"),
        doc: "Ask of each kubelet's certificate that it is the node's own as well: its common name has to be system:node: and the node's name, as in the certificates that the cluster's CA signs for kubelets. Without it a node's certificate is good for any address that it lists.",
    }

    SHARDS: Shards = shards {
        key: "shards",
        kind: "string",
        sample: Default(r#""none""#),
        doc: "\"leases\" lets several members share the nodes, once for all blocks: each node is one member's, and another's within lease_duration and an interval when that one is gone. Each member keeps a Lease in its own namespace. All blocks of the file then have discover, and the same api_server.",
    }

    SHARD_GROUP: String = label_value {
        key: "shard_group",
        kind: "string",
        sample: Default(r#""telegraf-kubelet""#),
        doc: "The members that share nodes with one another have the same, once for all blocks; others of the same namespace need another.",
    }

    LEASE_NAMESPACE: String = namespace {
        key: "lease_namespace",
        kind: "string",
        sample: Example(r#""monitoring""#),
        doc: "Where the Leases are, once for all blocks. Left out, it is the pod's own namespace.",
    }

    LEASE_DURATION: Duration = lease {
        key: "lease_duration",
        kind: "duration",
        sample: Default(r#""15s""#),
        doc: "How long after the last sign of a member its nodes are another's, once for all blocks: whole seconds, from 5s to 10m. A shorter one asks the API server more often: each member lists the Leases and renews its own six times in it.",
    }

    INTERVAL: Duration = duration {
        key: "interval",
        kind: "duration",
        sample: Example(r#""10s""#),
        doc: "Scrape by itself at this interval, once for all blocks. Only for an output to a socket, and for an execd \
              block with signal = \"none\": in its other modes Telegraf prompts, and each sample would be written \
              twice. The flag -poll_interval wins over it.",
    }

    OUTPUT: Option<PathBuf> = output {
        key: "output",
        kind: "string",
        sample: Default(r#""stdout""#),
        doc: "Where the lines go, once for all blocks: \"stdout\", to the inputs.execd that runs the program, or \
              \"unixgram:///run/telegraf-kubelet/telegraf.sock\", to an inputs.socket_listener with this \
              service_address. With a socket the program has to have an interval, heeds no stdin, and waits for \
              Telegraf whenever it is away.",
    }

    OUTPUT_BUFFER: usize = buffer {
        key: "output_buffer",
        kind: "size",
        sample: Default(r#""8MiB""#),
        doc: "The most to keep for a socket while Telegraf is away or slow, once for all blocks. When it is full, the oldest batches are dropped, and the log says how many; but one that has begun to leave stays, and where a new one does not fit beside it, that is dropped. Leave room for two: a node of 110 pods makes up to 0.6 MB a tick. Of a batch that is larger than all of it the parts are sent as Telegraf takes them, and its end is what is kept while Telegraf is away.",
    }

    MAX_CONCURRENT: usize = count {
        key: "max_concurrent",
        kind: "integer",
        sample: Default("64"),
        doc: "How many answers may be in memory at a time, once for all blocks: each with its lines until these have left. \
              With more kubelets the others' answers wait in the connection until there is room, which does not count as \
              response_timeout. A kubelet that does not answer takes no room.",
    }

    LOG_LEVEL: LevelFilter = log_level {
        key: "log_level",
        kind: "string",
        sample: Default(r#""info""#),
        doc: "Least severe messages to log, once for all blocks: error, warn, info, debug or trace. The flag \
              -log_level wins over it.",
    }
}
