//! The rights that a configuration needs, as YAML: `get` on `nodes/stats`, and nothing else.

use std::fmt::Write as _;

use super::identity;
use super::text::yaml;
use crate::config::{Config, Credential, Scheme};
use crate::kubelet::inspect;

/// The name of role and binding.
const NAME: &str = "telegraf-kubelet";

/// The role alone.
pub const ROLE: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: telegraf-kubelet
rules:
  - apiGroups: [\"\"]
    resources: [\"nodes/stats\"]
    verbs: [\"get\"]
";

/// The role, and a binding for each of these users. Each has its own, named after him: applying a piece for one must not
/// take the right away from another.
pub fn for_users<'u>(users: impl IntoIterator<Item = &'u str>) -> String {
    let mut text = ROLE.to_owned();
    for user in users {
        let (name, subject) = subject(user);
        // Writing into a string never fails.
        let _ = write!(
            text,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {name}\nroleRef:\n  \
             apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: {NAME}\nsubjects:\n{subject}"
        );
    }
    text
}

/// The binding's name, and whom it names.
fn subject(user: &str) -> (String, String) {
    if let Some((namespace, name)) = identity::account(user) {
        let whose = yaml(&format!("{NAME}:{namespace}:{name}"));
        let (name, namespace) = (yaml(name), yaml(namespace));
        return (
            whose,
            format!("  - kind: ServiceAccount\n    name: {name}\n    namespace: {namespace}\n"),
        );
    }
    // A node's own certificate is another one on each node: they are one group.
    let (kind, user) = if user.starts_with("system:node:") {
        ("Group", "system:nodes")
    } else {
        ("User", user)
    };
    // What a name of a role binding may not hold (`path.ValidatePathSegmentName`).
    let whose = yaml(&format!("{NAME}:{}", user.replace(['/', '%'], "-")));
    let name = yaml(user);
    (
        whose,
        format!("  - kind: {kind}\n    name: {name}\n    apiGroup: rbac.authorization.k8s.io\n"),
    )
}

/// The user for whom a manifest is printed when no file says it.
pub const SUPPOSED: &str = "system:serviceaccount:monitoring:telegraf";

fn supposed_user(credential: &Credential) -> String {
    match credential {
        Credential::ClientCertificate { .. } => NAME.to_owned(),
        Credential::BearerToken { .. } | Credential::None => SUPPOSED.to_owned(),
    }
}

/// What `--print-rbac` prints.
pub fn print(config: &Config) -> String {
    let mut users: Vec<String> = Vec::new();
    let mut supposed = false;
    for kubelet in config
        .kubelets
        .iter()
        .filter(|kubelet| kubelet.url.scheme == Scheme::Https)
    {
        let who = inspect::who(&kubelet.credential).ok();
        let user = who.as_ref().and_then(identity::user);
        supposed |= user.is_none();
        let user = user.map_or_else(|| supposed_user(&kubelet.credential), str::to_owned);
        if !users.contains(&user) {
            users.push(user);
        }
    }
    if users.is_empty() {
        return "# The read-only port asks nobody for rights. Port 10250 would need `get` on `nodes/stats`.\n".to_owned();
    }
    let note = if supposed {
        "# Who it is could not be read from the token or certificate here: correct the subject.\n"
    } else {
        ""
    };
    format!("{note}{}", for_users(users.iter().map(String::as_str)))
}
