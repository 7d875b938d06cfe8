//! A policy document: parsed as each kind, compiled, decided, explained, shown, parsed again.

use std::sync::Arc;

use rolecall_policy::{
    Context, Facts, Kind, Layers, Named, Owner, Policy, PolicyId, PolicySet, Principal, Request,
    ResourceKind, Rule, Value, decide, explain,
};

const KINDS: [Kind; 9] = [
    Kind::Identity,
    Kind::Boundary,
    Kind::Session,
    Kind::Resource(ResourceKind::Bucket),
    Kind::Resource(ResourceKind::Other),
    Kind::Trust,
    Kind::ServiceControl,
    Kind::ResourceControl,
    Kind::Endpoint,
];

/// Has every key.
struct Everything;

impl Facts for Everything {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Some(Value::from(format!("{key}*😀")))
    }
}

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = Policy::size_without_whitespace(&text);
    for kind in KINDS {
        let (saved, kept) = (Policy::parse(&text, kind), Policy::load(&text, kind));
        // What may be saved must be readable for ever.
        assert!(saved.is_err() || kept.is_ok(), "{kind:?} is accepted, and not read back");
        for policy in [saved, kept].into_iter().flatten() {
            used(policy, kind);
        }
    }
}

fn used(policy: Policy, kind: Kind) {
    let _ = policy.context_keys();
    let _ = policy.text_with_principals(&|_| Some("x\"".into()));
    let account = "111111111111".parse().expect("an account");
    let set = PolicySet::new(vec![Named::new(Arc::new(policy), PolicyId::inline(Owner::User, "u", "p"))]);
    let user = "arn:aws:iam::111111111111:user/ann";
    let callers = [
        Principal::Root { account },
        Principal::User { account, arn: user, unique_id: "AIDAEXAMPLE" },
        Principal::Anonymous,
    ];
    for facts in [&Everything as &dyn Facts, &Context::new()] {
        for principal in callers {
            for (action, resource) in
                [("s3:GetObject", "arn:aws:s3:::b/ä"), ("", ""), ("sts:AssumeRole", "*")]
            {
                let rule = if kind == Kind::Trust { Rule::TrustDecides } else { Rule::Standard };
                let request = Request { principal, action, resource, resource_account: None, facts, rule };
                let layers = Layers {
                    identity: Some(&set),
                    boundary: Some(&set),
                    resource: Some(&set),
                    endpoint: Some(&set),
                    ..Layers::default()
                };
                assert_eq!(decide(&layers, &request).word(), explain(&layers, &request).decision);
            }
        }
    }
}
