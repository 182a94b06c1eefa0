//! Every wrong set-up that a check can name, by the word that `--json` prints.

use crate::kubelet::{nodes_pods, nodes_proxy, nodes_stats};

macro_rules! diagnoses {
    ($($name:ident = $word:literal, $meaning:expr;)*) => {
        /// A wrong set-up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Diagnosis {
            $(#[doc = $meaning] $name,)*
        }

        impl Diagnosis {
            /// All of them, in the order of the steps.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its word, which stays.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it says, for the README.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

diagnoses! {
    ConfigWrong = "config_wrong", "the flags or the configuration are wrong";
    TwoIdentities = "two_identities", "a token and a certificate are configured: the kubelet would look at the certificate only";
    ReadOnlyPort = "read_only_port", "the deprecated read-only port is used";
    Unverified = "unverified", "`insecure_skip_verify` believes any certificate";
    ClockWrong = "clock_wrong", "the clock is years away from what certificates or this program's release say";
    FileUnusable = "file_unusable", "a file is missing, empty, unreadable, a directory, or holds something else";
    KeyMismatch = "key_mismatch", "the key is not the certificate's";
    KeyReadable = "key_readable", "others may read or replace the key or the token";
    ProxyIgnored = "proxy_ignored", "a proxy is set in the environment; it is not used for kubelets (no fault)";
    NameUnknown = "name_unknown", "the host's name has no address";
    PortClosed = "port_closed", "nobody listens at that port";
    HostUnreachable = "host_unreachable", "there is no way to that address";
    HostSilent = "host_silent", "nobody answers at that address: a firewall that drops, or no such host";
    ConnectFailed = "connect_failed", "the connection failed in another way";
    PlainHttp = "plain_http", "http is spoken to a port that wants TLS";
    NotTls = "not_tls", "TLS is spoken to a port that does not: the read-only port";
    TlsSilent = "tls_silent", "the port is open, and says nothing in the handshake";
    ServingCsrPending = "serving_csr_pending", "the kubelet has no serving certificate: its CSR is not approved";
    ServingSelfSigned = "serving_self_signed", "the kubelet's certificate is its own, which no CA that we believe vouches for";
    ServingUnknownIssuer = "serving_unknown_issuer", "the kubelet's certificate is of a CA that we do not believe";
    ServingOtherCa = "serving_other_ca", "it is of a CA with the name of one that we believe, and another key";
    ServingWrongName = "serving_wrong_name", "the certificate does not carry the name we ask for";
    ServingWrongAddress = "serving_wrong_address", "the certificate does not carry the address we ask for";
    ServingNoName = "serving_no_name", "the certificate carries no name and no address; a common name does not count";
    ServingExpired = "serving_expired", "the kubelet's certificate is over";
    ServingCaExpired = "serving_ca_expired", "a CA's certificate that the kubelet shows with its own is over";
    ServingNotYetValid = "serving_not_yet_valid", "the kubelet's certificate is not valid yet";
    ServingIsCa = "serving_is_ca", "the kubelet shows a CA's certificate as its own, as `openssl req -x509` makes one";
    ServingPurpose = "serving_purpose", "the kubelet shows a certificate that is not for servers";
    ServingKey = "serving_key", "the kubelet's key is of a kind or size that is not taken";
    ServingCaKey = "serving_ca_key", "the key of the CA that signed the certificate is of a kind or size that is not taken";
    ServingSignature = "serving_signature", "the certificate, or a CA's, is signed in a way that is not taken";
    ServingExtension = "serving_extension", "the certificate, or a CA's, has an extension that must be understood and is not";
    ServingChain = "serving_chain", "a CA was not allowed to sign what it signed";
    ServingMalformed = "serving_malformed", "a certificate that is shown is not well-formed, or of an old version";
    ServingNotItsKey = "serving_not_its_key", "what answers does not prove that it has the certificate's key";
    PinMismatch = "pin_mismatch", "the kubelet's key is none that `tls_pin_sha256` lists";
    TlsVersion = "tls_version", "no TLS version in common";
    TlsNothingInCommon = "tls_nothing_in_common", "no cipher suite, curve or kind of key in common";
    TlsEnded = "tls_ended", "the connection ends in the handshake, without a word of TLS";
    TlsBroken = "tls_broken", "what answers breaks the rules of TLS";
    TlsFailed = "tls_failed", "the handshake failed in another way";
    ExpiresSoon = "expires_soon", "a token or certificate is over within a week";
    TokenExpired = "token_expired", "the token is over";
    TokenNotYetValid = "token_not_yet_valid", "the token is not valid yet";
    TokenAudience = "token_audience", "the token is for another audience than the API server";
    TokenNotJwt = "token_not_jwt", "what the file holds is no ServiceAccount token";
    TokenUnknown = "token_unknown", "the API server does not know the token: its ServiceAccount is gone, or it is another cluster's";
    WebhookOff = "webhook_off", "the kubelet does not ask the API server about tokens";
    ApiServerAway = "api_server_away", "the kubelet cannot reach its API server";
    ApiServerSilent = "api_server_silent", "the kubelet answers nothing: it waits for its API server, or hangs";
    TokenRefused = "token_refused", "the token is refused, and nothing here says why";
    CertificateExpired = "certificate_expired", "the client certificate is over";
    CertificateNotYetValid = "certificate_not_yet_valid", "the client certificate is not valid yet";
    CertificatePurpose = "certificate_purpose", "the client certificate is not for clients";
    CertificatesNotTaken = "certificates_not_taken", "the kubelet asks for no client certificate: it has no CA for them";
    CertificateUnknownCa = "certificate_unknown_ca", "the client certificate is of a CA that the kubelet does not know";
    CertificateRefused = "certificate_refused", "the client certificate is refused, and nothing here says why";
    Anonymous = "anonymous", "the kubelet takes us for nobody in particular";
    Forbidden = "forbidden", concat!("we are known, and have no right ", nodes_stats!(whole));
    ForbiddenDefaultAccount = "forbidden_default_account", "the pod runs as its namespace's default ServiceAccount";
    TokenUnused = "token_unused", "the client certificate has no right, while a token lies unused";
    ProxyGranted = "proxy_granted", concat!("we may `", nodes_proxy!(), "`, which is the right to ", nodes_proxy!(to));
    KubeletStarting = "kubelet_starting", "the kubelet is starting, or its Node object is gone";
    RuntimeAway = "runtime_away", "the container runtime does not answer the kubelet";
    RootFilesystem = "root_filesystem", "the kubelet cannot measure the node's root filesystem";
    NotReady = "not_ready", "the kubelet is not ready, for another reason";
    NoAnswer = "no_answer", "connected, and no answer in time: a container runtime that hangs, or an API server";
    SlowAnswer = "slow_answer", "the answer began and did not end in time";
    ConnectionClosed = "connection_closed", "the kubelet ended the connection instead of an answer";
    BadAnswer = "bad_answer", "what answers is no kubelet, or its answer cannot be used";
    NoPods = "no_pods", "the kubelet lists no pod, and our own runs on its node";
    UnknownKeys = "unknown_keys", "the kubelet is newer than this program, and tells things that are not written (no fault)";
    PodsForbidden = "pods_forbidden", concat!("metadata of pods is asked for, and we have no right ", nodes_pods!(whole));
    PodsNeedProxy = "pods_need_proxy",
        concat!("metadata of pods is asked for, and the kubelet, as those before 1.33, wants `", nodes_proxy!(), "` for it");
    PodsMissing = "pods_missing", "metadata of pods is asked for, and `/pods` does not come, or is no list of pods";
    PodsNotInSummary = "pods_not_in_summary",
        "`/pods` has pods that the summary does not list: they wait, are between two crashes, or ended (no fault)";
    PodsNotListed = "pods_not_listed",
        "the summary has pods that `/pods` does not list: the kubelet has just started, or they are gone (no fault)";
    LabelsLeftOut = "labels_left_out",
        "labels or annotations get a prefix, or are left out, because another tag has their key (no fault)";
    QuantitiesLeftOut = "quantities_left_out", "requests or limits that cannot be read";
    TextsLeftOut = "texts_left_out", "names, images, labels or annotations that are too long for a line are left out (no fault)";
    ValuesRejected = "values_rejected", "values that are not of the API's type";
    DuplicateSeries = "duplicate_series", "the kubelet lists twice what is one series; what lives is written (no fault of yours)";
    TagsOfControllers = "tags_of_controllers",
        "tags get another value with each rollout or run, which makes series anew (no fault)";
    TagsOfFields = "tags_of_fields", "labels or annotations have the name of a field in the same measurement";
    AllRejected = "all_rejected", "no line is made: no value is of the API's type";
    NoValues = "no_values", "no line is made: the summary holds no value";
    NoLines = "no_lines", "no line is made: the filters let nothing through";
    DiscoveryAway = "discovery_away", "the API server that lists the nodes is not reached, or does not answer";
    DiscoveryTls = "discovery_tls", "the API server's certificate is not believed, or there is no handshake with it";
    DiscoveryUnauthorized = "discovery_unauthorized", "the API server does not know us";
    DiscoveryForbidden = "discovery_forbidden", "the API server knows us, and we have no right to `list` and `watch` `nodes`";
    DiscoveryFailed = "discovery_failed", "the API server is busy or not ready, or what answers is none";
    NoNodes = "no_nodes", "no node is listed, or none that the options let through";
    NodesFailing = "nodes_failing", "nodes that answer, and give no summary";
    NodesUnreached = "nodes_unreached",
        concat!("nodes that cannot be reached from here: only `", nodes_proxy!(), "` would, which is never worth it");
    NodesWithoutAddress = "nodes_without_address", "nodes that list no address of a type that is wanted";
    NodesShareAddress = "nodes_share_address", "nodes that list the same address: one of them is gone, as a rule";
    FilesTooFew = "files_too_few", "more nodes are listed than the process may have connections";
    WrongNode = "wrong_node", "at a node's address answers another node's kubelet";
    LeasesForbidden = "leases_forbidden", "nodes are to be shared, and we have no right to the Leases by which they are";
    LeasesUnclear = "leases_unclear", "nodes are to be shared, and whether we may use Leases cannot be asked";
    OutputAway = "output_away", "nobody reads the socket that `output` names; lines wait";
    LinesBroken = "lines_broken", "a line does not parse: a bug in this program";
}
