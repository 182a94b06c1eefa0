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

/// Role and binding for these users.
pub fn for_users<'u>(users: impl IntoIterator<Item = &'u str>) -> String {
    let mut text = format!(
        "{ROLE}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {NAME}\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: {NAME}\nsubjects:\n"
    );
    for user in users {
        // Writing into a string never fails.
        let _ = match identity::account(user) {
            Some((namespace, name)) => write!(
                text,
                "  - kind: ServiceAccount\n    name: {}\n    namespace: {}\n",
                yaml(name),
                yaml(namespace)
            ),
            None => write!(
                text,
                "  - kind: User\n    name: {}\n    apiGroup: rbac.authorization.k8s.io\n",
                yaml(user)
            ),
        };
    }
    text
}

/// The user for whom a manifest is printed when no file says it.
const SUPPOSED: &str = "system:serviceaccount:monitoring:telegraf";

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
