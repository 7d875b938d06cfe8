//! Any text at all: reading it gives a policy or a refusal, never a panic and never a long wait.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

mod oracle;
mod support;

use rolecall_policy::{
    Context, Facts, Kind, Layers, Named, Owner, Policy, PolicyId, PolicySet, Principal, Request,
    ResourceKind, Rule, Value, decide, explain,
};
use support::random::{self, Draw, Place};

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

const FRAGMENTS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u00e4",
    "\\ud800",
    "null",
    "true",
    "1e400",
    "-",
    "0.1",
    "\"Version\":",
    "\"2012-10-17\"",
    "\"Statement\":",
    "\"Effect\":",
    "\"Allow\"",
    "\"Action\":",
    "\"*\"",
    "\"s3:*\"",
    "\"Resource\":",
    "\"arn:aws:s3:::${a}*\"",
    "\"Condition\":",
    "\"StringLike\":",
    "\"Principal\":",
    "\"AWS\":",
    "${",
    "}",
    "*",
    "?",
    "\u{0}",
    "ä",
    "😀",
    "\u{feff}",
    "arn:",
    "/",
    " ",
];

struct Everything;

impl Facts for Everything {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Some(Value::from(format!("{key}*😀")))
    }
}

fn use_it(policy: Policy) {
    let account = "111111111111".parse().unwrap();
    let _ =
        (policy.context_keys(), policy.text_with_principals(&|_| Some("x\"".into())), policy.text().len());
    let set = PolicySet::new(vec![Named::new(policy.into(), PolicyId::inline(Owner::User, "u", "p"))]);
    for facts in [&Everything as &dyn Facts, &Context::new()] {
        for (action, resource) in [("s3:GetObject", "arn:aws:s3:::b/ä"), ("", ""), ("😀:ß", "*")] {
            let request = Request {
                principal: Principal::Root { account },
                action,
                resource,
                resource_account: None,
                facts,
                rule: Rule::Standard,
            };
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

fn feed(text: &str) {
    for kind in KINDS {
        for policy in [Policy::parse(text, kind), Policy::load(text, kind)].into_iter().flatten() {
            use_it(policy);
        }
    }
    let _ = Policy::size_without_whitespace(text);
}

#[test]
fn loose_fragments_never_panic() {
    for seed in 0..20_000 {
        let draw = &mut Draw::new(seed);
        let text: String = (0..draw.below(40)).map(|_| draw.pick(&FRAGMENTS)).collect();
        feed(&text);
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    for seed in 0..20_000 {
        let draw = &mut Draw::new(seed);
        let bytes: Vec<u8> = (0..draw.below(60)).map(|_| u8::try_from(draw.below(256)).unwrap()).collect();
        feed(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn documents_with_a_few_wrong_characters_never_panic() {
    for seed in 0..4_000 {
        let draw = &mut Draw::new(seed);
        let place =
            draw.pick(&[Place::Own, Place::Organization, Place::Resource, Place::Trust, Place::Endpoint]);
        let mut text: Vec<char> = random::document(draw, place).to_string().chars().collect();
        for _ in 0..=draw.below(3) {
            let at = draw.below(text.len());
            match draw.below(3) {
                0 => drop(text.remove(at)),
                1 => text[at] = char::from(u8::try_from(draw.below(128)).unwrap()),
                _ => text.splice(at..at, draw.pick(&FRAGMENTS).chars()).for_each(drop),
            }
        }
        feed(&text.into_iter().collect::<String>());
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{\"a\":", "{\"Statement\":["] {
        feed(&open.repeat(50_000));
    }
}
