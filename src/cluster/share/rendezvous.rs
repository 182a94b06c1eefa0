//! Highest random weight: a node is the member's whose name makes the greatest number with the node's.
//!
//! Nobody has to agree on anything but the list of members. Without one of them its nodes are others', and all others stay
//! where they are; so they do when one comes, but for those that are its own now. SHA-256, because it has to be the same in
//! every version and on every machine.

use ring::digest::{Context, SHA256};

/// The number of this member and this node.
#[must_use]
pub fn weight(member: &str, node: &str) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(member.as_bytes());
    // No name has one.
    context.update(&[0]);
    context.update(node.as_bytes());
    let digest = context.finish();
    digest.as_ref()[..8]
        .iter()
        .fold(0, |weight, &byte| weight << 8 | u64::from(byte))
}

/// The one of these members (name and id of each) whose the node is. Where two lives have one name, the one with the greater
/// id; `None` if there is no member.
pub fn owner<'m>(
    members: impl IntoIterator<Item = (&'m str, &'m str)>,
    node: &str,
) -> Option<(&'m str, &'m str)> {
    members
        .into_iter()
        .max_by_key(|&(name, id)| (weight(name, node), name, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of a thousand nodes each of these has.
    fn shares(members: &[(&str, &str)]) -> Vec<(String, String)> {
        (0..1000)
            .map(|node| {
                let node = format!("node-{node}");
                let (name, _) = owner(members.iter().copied(), &node).expect("a member");
                (node, name.to_owned())
            })
            .collect()
    }

    #[test]
    fn shares_are_alike_and_only_a_members_own_moves() {
        let members = [("m-0", "a"), ("m-1", "b"), ("m-2", "c"), ("m-3", "d")];
        let all = shares(&members);
        for (member, _) in members {
            let has = all.iter().filter(|(_, owner)| owner == member).count();
            assert!((200..300).contains(&has), "{member} has {has} of 1000");
        }
        let without = shares(&members[..3]);
        for (before, after) in all.iter().zip(&without) {
            assert!(before == after || before.1 == "m-3", "{before:?} {after:?}");
        }
    }

    #[test]
    fn it_is_the_same_everywhere_and_for_ever() {
        assert_eq!(weight("m-0", "node-0"), 3_087_575_821_552_758_970);
        assert_eq!(owner([("m", "a"), ("m", "b")], "n"), Some(("m", "b")));
        assert_eq!(owner([], "n"), None);
    }
}
