//! Whether a caller has all the rights that a delegation request asks for: about, as AWS says it is.

use rolecall_actions::catalog;
use rolecall_identity::{Caller, Who};
use rolecall_policy::{Layers, NoFacts, PolicySet, Principal, Request, Rule, decide};
use serde_json::Value;

use crate::summary::{list, texts};

/// Pairs of action and resource that are looked at.
const MOST: usize = 20_000;

/// `ALLOWED`, `DENIED` or `UNSURE`. Resources are asked for as the request writes them, so that a pattern is covered by
/// the same or a wider one; conditions of the caller's policies and what the request leaves out make it unsure.
pub(crate) fn result(caller: &Caller, policy: &str) -> &'static str {
    if caller.who == Who::Root
        && caller.session.is_none()
        && caller.placement.as_ref().is_none_or(|p| p.seat.is_none())
    {
        return "ALLOWED";
    }
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let mut pairs = 0;
    for statement in list(policy.get("Statement")) {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let (actions, resources) = (texts(statement.get("Action")), texts(statement.get("Resource")));
        let actions: Vec<String> = actions.iter().flat_map(|pattern| named(pattern)).collect();
        pairs += actions.len().saturating_mul(resources.len());
        if actions.is_empty() || resources.is_empty() || pairs > MOST {
            return "UNSURE";
        }
        let covered =
            actions.iter().all(|action| resources.iter().all(|resource| may(caller, action, resource)));
        if !covered {
            return if has_conditions(caller) { "UNSURE" } else { "DENIED" };
        }
    }
    if has_conditions(caller) { "UNSURE" } else { "ALLOWED" }
}

/// The actions that a pattern covers.
fn named(pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?']) {
        return vec![pattern.to_owned()];
    }
    let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let services = catalog::services().iter().filter(|service| like(service.prefix, prefix));
    services
        .flat_map(|service| {
            let actions = service.actions().filter(|action| like(action.name, name));
            actions.map(|action| format!("{}:{}", service.prefix, action.name))
        })
        .take(MOST + 1)
        .collect()
}

/// Whether a name is of a pattern with `*` and `?`, whatever the case.
fn like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    // Where the last star began, to be tried with one letter more.
    let (mut n, mut p, mut retry) = (0, 0, None);
    while n < name.len() {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p, n));
                p += 1;
            }
            (Some(b'?'), _) => (n, p) = (n + 1, p + 1),
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => (n, p) = (n + 1, p + 1),
            _ => match retry {
                Some((star, begun)) => {
                    retry = Some((star, begun + 1));
                    (n, p) = (begun + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

fn sets(caller: &Caller) -> impl Iterator<Item = &PolicySet> {
    let policies = &caller.policies;
    let own = [Some(&*policies.identity), policies.boundary.as_deref(), policies.session.as_deref()];
    let seat = caller.placement.as_ref().and_then(|placement| placement.seat.as_ref());
    own.into_iter().flatten().chain(seat.into_iter().flat_map(|seat| seat.scps.iter().map(|level| &**level)))
}

fn has_conditions(caller: &Caller) -> bool {
    sets(caller).flat_map(PolicySet::policies).any(|named| !named.policy.context_keys().is_empty())
}

fn may(caller: &Caller, action: &str, resource: &str) -> bool {
    let account = caller.account;
    let principal = match caller.who {
        Who::Root => Principal::Root { account },
        Who::RoleSession => Principal::Role {
            account,
            role_arn: &caller.principal_arn,
            session_arn: &caller.arn,
            unique_id: &caller.principal_id,
        },
        _ => Principal::User { account, arn: &caller.arn, unique_id: &caller.principal_id },
    };
    let seat = caller.placement.as_ref().and_then(|placement| placement.seat.as_ref());
    let layers = Layers {
        identity: Some(&caller.policies.identity),
        boundary: caller.policies.boundary.as_deref(),
        session: caller.policies.session.as_deref(),
        scps: seat.map_or(&[], |seat| &seat.scps),
        management_account: seat.is_some_and(|seat| seat.is_management),
        ..Layers::default()
    };
    let request = Request {
        principal,
        action,
        resource,
        resource_account: None,
        facts: &NoFacts,
        rule: Rule::Standard,
    };
    decide(&layers, &request).allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_names_whatever_their_case() {
        for (name, pattern, is) in [
            ("GetObject", "get*", true),
            ("GetObject", "*t", true),
            ("GetObject", "?et", false),
            ("a", "**", true),
            ("abcab", "*ab", true),
        ] {
            assert_eq!(like(name, pattern), is, "{name} {pattern}");
        }
    }
}
