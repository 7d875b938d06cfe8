//! What management policies come to for an account: those of its levels merged, root first, by their inheritance operators
//! (`@@assign`, `@@append`, `@@remove`), as far as the levels above let those below change anything
//! (`@@operators_allowed_for_child_policies`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

const ALLOWED: &str = "@@operators_allowed_for_child_policies";

/// A policy under construction.
#[derive(Debug, Default)]
pub(crate) struct Effective(Node);

#[derive(Debug, Default)]
struct Node {
    value: Option<Value>,
    nodes: BTreeMap<String, Node>,
    /// What levels below may do here and further in; `None`: everything.
    allowed: Option<Vec<String>>,
    /// What this level says about that; it binds from the next level on.
    next: Option<Vec<String>>,
}

impl Effective {
    /// Merges the policies of one level, in their order.
    pub fn merge_level<'p>(&mut self, policies: impl IntoIterator<Item = &'p Value>) {
        for policy in policies {
            self.0.merge(policy, None);
        }
        self.0.settle();
    }

    /// The merged policy, without operators; `None` when nothing is in it.
    pub fn finish(self) -> Option<Value> {
        self.0.finish()
    }
}

impl Node {
    fn merge(&mut self, policy: &Value, above: Option<&[String]>) {
        let Value::Object(members) = policy else {
            // A plain value assigns.
            if may(above, self.allowed.as_deref(), "@@assign") {
                self.value = Some(policy.clone());
            }
            return;
        };
        let allowed = self.allowed.clone().or_else(|| above.map(<[String]>::to_vec));
        let allowed = allowed.as_deref();
        for (key, member) in members {
            match key.as_str() {
                ALLOWED => self.next = self.next.take().or_else(|| Some(texts(member))),
                "@@assign" if may(allowed, None, key) => self.value = Some(member.clone()),
                "@@append" if may(allowed, None, key) => self.change(member, |list, item| {
                    if !list.contains(&item) {
                        list.push(item);
                    }
                }),
                "@@remove" if may(allowed, None, key) => {
                    self.change(member, |list, item| list.retain(|own| *own != item));
                }
                _ if key.starts_with("@@") => {}
                _ => self.child(key).merge(member, allowed),
            }
        }
    }

    fn child(&mut self, key: &str) -> &mut Node {
        self.nodes.entry(key.to_owned()).or_default()
    }

    fn change(&mut self, items: &Value, with: impl Fn(&mut Vec<Value>, Value)) {
        let list_of = |value: &Value| match value {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let mut list = self.value.as_ref().map(list_of).unwrap_or_default();
        for item in list_of(items) {
            with(&mut list, item);
        }
        self.value = Some(Value::Array(list));
    }

    /// Makes what this level says of the levels below hold. An upper level's word stands.
    fn settle(&mut self) {
        let next = self.next.take();
        self.allowed = self.allowed.take().or(next);
        for node in self.nodes.values_mut() {
            node.settle();
        }
    }

    fn finish(self) -> Option<Value> {
        if let Some(value) = self.value {
            return Some(value);
        }
        let mut members = Map::new();
        for (name, node) in self.nodes {
            if let Some(value) = node.finish() {
                members.insert(name, value);
            }
        }
        (!members.is_empty()).then_some(Value::Object(members))
    }
}

/// Whether an operator may be used under what the levels above allow.
fn may(above: Option<&[String]>, own: Option<&[String]>, operator: &str) -> bool {
    let fits = |allowed: &[String]| allowed.iter().any(|word| word == operator || word == "@@all");
    own.or(above).is_none_or(fits)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(levels: &[Value]) -> Option<Value> {
        let mut effective = Effective::default();
        for level in levels {
            effective.merge_level([level]);
        }
        effective.finish()
    }

    #[test]
    fn levels_below_assign_append_and_remove() {
        let root = json!({"tags": {"team": {"tag_key": {"@@assign": "Team"}, "tag_value": {"@@assign": ["a", "b"]}}}});
        let unit = json!({"tags": {"team": {"tag_value": {"@@append": ["c", "a"], "@@remove": ["b"]}}}});
        let account = json!({"tags": {"team": {"tag_key": {"@@assign": "TEAM"}}, "cost": {"tag_key": {"@@assign": "Cost"}}}});
        let expected = json!({"tags": {"team": {"tag_key": "TEAM", "tag_value": ["a", "c"]}, "cost": {"tag_key": "Cost"}}});
        assert_eq!(merged(&[root, unit, account]), Some(expected));
    }

    #[test]
    fn a_level_keeps_those_below_from_changing_it() {
        let root = json!({"tags": {"team": {
            "tag_key": {"@@assign": "Team", ALLOWED: ["@@none"]},
            "tag_value": {"@@assign": ["a"], ALLOWED: ["@@append"]},
        }}});
        let unit = json!({"tags": {"team": {
            "tag_key": {"@@assign": "TEAM", ALLOWED: ["@@all"]},
            "tag_value": {"@@assign": ["x"], "@@append": ["b"]},
        }}});
        let account = json!({"tags": {"team": {"tag_key": {"@@assign": "tEAM"}}}});
        let expected = json!({"tags": {"team": {"tag_key": "Team", "tag_value": ["a", "b"]}}});
        assert_eq!(merged(&[root, unit, account]), Some(expected));
    }

    #[test]
    fn what_holds_for_a_branch_holds_for_all_in_it() {
        let root = json!({"tags": {ALLOWED: ["@@none"], "team": {"tag_key": {"@@assign": "Team"}}}});
        let unit = json!({"tags": {"cost": {"tag_key": {"@@assign": "Cost"}}}});
        assert_eq!(merged(&[root, unit]), Some(json!({"tags": {"team": {"tag_key": "Team"}}})));
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(merged(&[]), None);
        assert_eq!(merged(&[json!({"tags": {}})]), None);
    }
}
