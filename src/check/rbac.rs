//! The rights that a configuration needs, as YAML: what is wanted of [`Right`], and nothing else.
//!
//! Knows whom a binding may name. Nobody in particular (`system:anonymous`) is not among them: what is bound to that one
//! is everybody's who reaches a kubelet or the API server.

use std::fmt::Write as _;

use super::identity;
use super::text::yaml;
use crate::client::{Credential, Scheme, inspect};
use crate::config::{Config, Kubelet};
use crate::kubelet::{NOBODY, Right, Worth};
use crate::redact::Secrets;

/// The name of the role that gives the summary, with which all names begin.
const NAME: &str = "telegraf-kubelet";

/// What may be done with Leases where nodes are shared by them.
const LEASE_VERBS: [&str; 4] = ["list", "create", "update", "delete"];

/// A role: its kind, its name, which is that of its bindings too, and its rules.
struct Role<'r> {
    /// A role of this namespace alone.
    namespace: Option<&'r str>,
    /// Behind [`NAME`].
    what: String,
    rules: String,
}

impl<'r> Role<'r> {
    /// For this right of kubelets. A right that can be done without has a role of its own, as in `telegraf/kubernetes`: it is
    /// taken back by itself, and whoever applies the other role again does not take it away.
    fn of_right(right: &Right) -> Self {
        let what = match right.worth {
            Worth::Optional => format!("-{}", right.subresource),
            Worth::Wanted | Worth::Dangerous => String::new(),
        };
        Self {
            namespace: None,
            what,
            rules: rule("", right.name, &[right.verb]),
        }
    }

    /// For discovery. One of its own: who scrapes need not discover, and the other way round.
    fn of_discovery() -> Self {
        Self {
            namespace: None,
            what: "-nodes".to_owned(),
            rules: rule("", "nodes", &["list", "watch"]),
        }
    }

    /// For members that share nodes by Leases in this namespace.
    fn of_leases(namespace: &'r str) -> Self {
        Self {
            namespace: Some(namespace),
            what: "-shards".to_owned(),
            rules: rule("coordination.k8s.io", "leases", &LEASE_VERBS),
        }
    }

    fn kind(&self) -> &'static str {
        match self.namespace {
            None => "ClusterRole",
            Some(_) => "Role",
        }
    }

    fn head(&self, binding: &str, name: &str) -> String {
        let kind = self.kind();
        let namespace = self
            .namespace
            .map(|name| format!("\n  namespace: {}", yaml(name)));
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}{binding}\nmetadata:\n  name: {name}{}\n",
            namespace.unwrap_or_default()
        )
    }

    /// The role, and a binding for each of these.
    fn bound<'s>(&self, subjects: impl IntoIterator<Item = &'s Subject>) -> String {
        let (kind, what, rules) = (self.kind(), &self.what, &self.rules);
        let mut text = format!("{}rules:\n{rules}", self.head("", &format!("{NAME}{what}")));
        for subject in subjects {
            let name = yaml(&format!("{NAME}{what}:{}", subject.word()));
            // Writing into a string never fails.
            let _ = write!(
                text,
                "---\n{}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {NAME}{what}\nsubjects:\n{}",
                self.head("Binding", &name),
                subject.entry()
            );
        }
        text
    }
}

fn rule(group: &str, resource: &str, verbs: &[&str]) -> String {
    let verbs: Vec<_> = verbs.iter().map(|verb| format!("\"{verb}\"")).collect();
    let verbs = verbs.join(", ");
    format!("  - apiGroups: [\"{group}\"]\n    resources: [\"{resource}\"]\n    verbs: [{verbs}]\n")
}

/// Whom a binding names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A pod's account.
    ServiceAccount {
        /// Where it is.
        namespace: String,
        /// What it is called there.
        name: String,
    },
    /// The holder of a certificate, by its common name.
    User(String),
    /// All nodes: a node's own certificate is another user's on each node.
    Nodes,
}

impl Subject {
    /// Whom to bind for this user; `None` for nobody in particular, to whom no right is ever given.
    #[must_use]
    pub fn of(user: &str) -> Option<Self> {
        if user == NOBODY {
            return None;
        }
        if let Some((namespace, name)) = identity::account(user) {
            return Some(Self::account(namespace, name));
        }
        Some(if user.starts_with("system:node:") {
            Self::Nodes
        } else {
            Self::User(user.to_owned())
        })
    }

    /// Of that ServiceAccount.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// For a binding's name: another one for each subject, because applying the binding of one must not take the right
    /// away from another.
    fn word(&self) -> String {
        match self {
            Self::ServiceAccount { namespace, name } => format!("serviceaccount:{namespace}:{name}"),
            Self::User(user) => format!("user:{}", path_segment(user)),
            Self::Nodes => "group:system:nodes".to_owned(),
        }
    }

    /// Its entry under `subjects`.
    fn entry(&self) -> String {
        let (kind, name) = match self {
            Self::ServiceAccount { namespace, name } => {
                let (name, namespace) = (yaml(name), yaml(namespace));
                return format!("  - kind: ServiceAccount\n    name: {name}\n    namespace: {namespace}\n");
            }
            Self::User(user) => ("User", user.as_str()),
            Self::Nodes => ("Group", "system:nodes"),
        };
        let name = yaml(name);
        format!("  - kind: {kind}\n    name: {name}\n    apiGroup: rbac.authorization.k8s.io\n")
    }
}

/// With what a binding's name may not hold (`path.ValidatePathSegmentName`) escaped, so that no two become one.
fn path_segment(user: &str) -> String {
    user.replace('=', "=3D").replace('/', "=2F").replace('%', "=25")
}

/// The role that gives this right, alone.
pub fn role(right: &Right) -> String {
    Role::of_right(right).bound([])
}

/// For each of these rights its role, and a binding of that for each of these subjects.
pub fn for_subjects(rights: impl IntoIterator<Item = &'static Right>, subjects: &[Subject]) -> String {
    let roles = rights
        .into_iter()
        .map(|right| Role::of_right(right).bound(subjects));
    roles.collect::<Vec<_>>().join("---\n")
}

/// What discovery needs, for these.
pub fn for_discovery<'s>(subjects: impl IntoIterator<Item = &'s Subject>) -> String {
    Role::of_discovery().bound(subjects)
}

/// What members that share nodes need, for these.
pub fn for_leases<'s>(namespace: &str, subjects: impl IntoIterator<Item = &'s Subject>) -> String {
    Role::of_leases(namespace).bound(subjects)
}

/// The account for which a manifest is printed when no file says whose it has to be.
fn supposed(credential: &Credential) -> Subject {
    match credential {
        Credential::ClientCertificate { .. } => Subject::User(NAME.to_owned()),
        Credential::BearerToken { .. } | Credential::None => Subject::account("monitoring", "telegraf"),
    }
}

/// Those for whom something is printed, and what is to be said of that.
#[derive(Default)]
struct Subjects {
    known: Vec<Subject>,
    notes: Vec<&'static str>,
}

impl Subjects {
    fn of<'c>(credentials: impl Iterator<Item = &'c Credential>) -> Self {
        let mut all = Self::default();
        credentials.for_each(|credential| all.add(credential));
        all.notes.dedup();
        all
    }

    fn add(&mut self, credential: &Credential) {
        let who = inspect::who(credential, &Secrets::default()).ok();
        let subject = if let Some(user) = who.as_ref().and_then(identity::user) {
            Subject::of(user)
        } else {
            self.notes.push(
                "# Who it is could not be read from the token or certificate here: correct the subject.\n",
            );
            Some(supposed(credential))
        };
        match subject {
            None => self
                .notes
                .push("# One of them is for system:anonymous, which is everybody: it gets no right.\n"),
            Some(subject) if self.known.contains(&subject) => {}
            Some(subject) => self.known.push(subject),
        }
    }

    fn is_empty(&self) -> bool {
        self.known.is_empty() && self.notes.is_empty()
    }

    fn print(&self, role: &Role<'_>) -> String {
        format!("{}{}", self.notes.concat(), role.bound(&self.known))
    }
}

/// What `--print-rbac` prints.
pub fn print(config: &Config) -> String {
    let clusters = || config.clusters.iter();
    let asked = |kubelet: &&Kubelet| kubelet.target.url.scheme == Scheme::Https;
    let alone = config
        .kubelets
        .iter()
        .filter(asked)
        .map(|kubelet| &kubelet.client);
    let kubelets = alone.chain(clusters().map(|cluster| &cluster.client));
    let kubelets = Subjects::of(kubelets.map(|client| &client.credential));
    if kubelets.is_empty() {
        return format!(
            "# The read-only port asks nobody for rights. Port 10250 would need {}.\n",
            Right::STATS
        );
    }
    let metadata = config.kubelets.iter().any(|kubelet| kubelet.metadata.is_some())
        || clusters().any(|cluster| cluster.metadata.is_some());
    let mut printed = vec![format!(
        "{}{}",
        kubelets.notes.concat(),
        for_subjects(Right::needed(metadata), &kubelets.known)
    )];
    let api_servers = |few| {
        let clients = clusters().take(few).map(|cluster| &cluster.api_server.client);
        Subjects::of(clients.map(|client| &client.credential))
    };
    if !config.clusters.is_empty() {
        printed.push(api_servers(usize::MAX).print(&Role::of_discovery()));
    }
    if let Some(sharing) = &config.sharing {
        // The first one's API server has the Leases.
        printed.push(api_servers(1).print(&Role::of_leases(&sharing.namespace)));
    }
    printed.join("---\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_in_particular_is_no_subject() {
        assert_eq!(Subject::of("system:anonymous"), None);
        assert_eq!(Subject::of("system:node:n"), Some(Subject::Nodes));
    }

    #[test]
    fn no_two_rights_have_one_role() {
        let names: Vec<_> = Right::needed(true)
            .map(|right| Role::of_right(right).what)
            .collect();
        assert_eq!(names, ["", "-pods"]);
    }

    #[test]
    fn no_two_subjects_have_one_binding() {
        let users = [
            "system:serviceaccount:a:b",
            "a:b",
            "serviceaccount:a:b",
            "user:a:b",
            "system:node:n",
            "system:nodes",
            "group:system:nodes",
            "a/b",
            "a%b",
            "a=2Fb",
            "a-b",
        ];
        let names: std::collections::BTreeSet<_> = users
            .iter()
            .map(|user| Subject::of(user).expect("somebody").word())
            .collect();
        assert_eq!(names.len(), users.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['/', '%'])), "{names:?}");
    }
}
