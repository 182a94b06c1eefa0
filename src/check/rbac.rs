//! The rights that a configuration needs, as YAML: what is wanted of [`Right`], and nothing else.
//!
//! Knows whom a binding may name. Nobody in particular (`system:anonymous`) is not among them: what is bound to that one
//! is everybody's who reaches a kubelet or the API server.

use super::identity;
use super::text::yaml;
use crate::client::{Credential, Scheme, inspect};
use crate::config::{Config, Kubelet};
use crate::kubelet::{NOBODY, Right, Worth};
use crate::redact::Secrets;

/// The name of the role that gives the summary, with which all names begin.
const NAME: &str = "telegraf-kubelet";

/// What the role is called that gives this right, as in `telegraf/kubernetes`. A right that can be done without has one of
/// its own: it is taken back by itself, and whoever applies the other role again does not take it away.
fn role_of(right: &Right) -> String {
    match right.worth {
        Worth::Optional => format!("{NAME}-{}", right.subresource),
        Worth::Wanted | Worth::Dangerous => NAME.to_owned(),
    }
}

/// The role that gives this right, alone.
pub fn role(right: &Right) -> String {
    let (role, Right { name, verb, .. }) = (role_of(right), right);
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {role}\nrules:\n  - apiGroups: \
         [\"\"]\n    resources: [\"{name}\"]\n    verbs: [\"{verb}\"]\n"
    )
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

    /// The name of its binding to a role: another one for each subject, because applying the binding of one must not take
    /// the right away from another.
    fn binding(&self, role: &str) -> String {
        match self {
            Self::ServiceAccount { namespace, name } => format!("{role}:serviceaccount:{namespace}:{name}"),
            Self::User(user) => format!("{role}:user:{}", path_segment(user)),
            Self::Nodes => format!("{role}:group:system:nodes"),
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

/// For each of these rights its role, and a binding of that for each of these subjects.
pub fn for_subjects(rights: impl IntoIterator<Item = &'static Right>, subjects: &[Subject]) -> String {
    let mut documents = Vec::new();
    for right in rights {
        documents.push(role(right));
        let role = role_of(right);
        for subject in subjects {
            let (name, entry) = (yaml(&subject.binding(&role)), subject.entry());
            documents.push(format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {name}\nroleRef:\n  \
                 apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: {role}\nsubjects:\n{entry}"
            ));
        }
    }
    documents.join("---\n")
}

/// The account for which a manifest is printed when no file says whose it has to be.
fn supposed(credential: &Credential) -> Subject {
    match credential {
        Credential::ClientCertificate { .. } => Subject::User(NAME.to_owned()),
        Credential::BearerToken { .. } | Credential::None => Subject::account("monitoring", "telegraf"),
    }
}

/// What `--print-rbac` prints.
pub fn print(config: &Config) -> String {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut notes = Vec::new();
    let asked = |kubelet: &&Kubelet| kubelet.target.url.scheme == Scheme::Https;
    for kubelet in config.kubelets.iter().filter(asked) {
        let who = inspect::who(&kubelet.client.credential, &Secrets::default()).ok();
        let subject = if let Some(user) = who.as_ref().and_then(identity::user) {
            Subject::of(user)
        } else {
            notes.push(
                "# Who it is could not be read from the token or certificate here: correct the subject.\n",
            );
            Some(supposed(&kubelet.client.credential))
        };
        let Some(subject) = subject else {
            notes.push("# One of them is for system:anonymous, which is everybody: it gets no right.\n");
            continue;
        };
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    if subjects.is_empty() && notes.is_empty() {
        return format!(
            "# The read-only port asks nobody for rights. Port 10250 would need {}.\n",
            Right::STATS
        );
    }
    notes.dedup();
    let metadata = config.kubelets.iter().any(|kubelet| kubelet.metadata.is_some());
    format!(
        "{}{}",
        notes.concat(),
        for_subjects(Right::needed(metadata), &subjects)
    )
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
        let names: Vec<_> = Right::needed(true).map(role_of).collect();
        assert_eq!(names, ["telegraf-kubelet", "telegraf-kubelet-pods"]);
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
            .map(|user| Subject::of(user).expect("somebody").binding(NAME))
            .collect();
        assert_eq!(names.len(), users.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['/', '%'])), "{names:?}");
    }
}
