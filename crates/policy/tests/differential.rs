//! The compiled engine and the literal oracle must agree, on random cases from fixed seeds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

mod oracle;
mod support;

use std::collections::BTreeMap;

use support::Prepared;
use support::random::{self, Draw};

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn engine_and_oracle_agree() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..20_000 {
        let case = random::case(&mut Draw::new(seed));
        let prepared =
            Prepared::new(&case).unwrap_or_else(|error| panic!("seed {seed}: {error}: {}", text(&case)));
        let expected = oracle::decide(&case);
        let decision = prepared.decide();
        assert_eq!(decision.word(), expected, "seed {seed}: {}\n{}", text(&case), text(&prepared.explain()));
        *seen.entry(expected).or_default() += 1;
    }
    // The cases are worth something only when every outcome is common.
    for word in ["allowed", "explicitDeny", "implicitDeny"] {
        assert!(seen.get(word).is_some_and(|count| *count > 1000), "{seen:?}");
    }
}

#[test]
fn an_explanation_agrees_with_its_decision() {
    for seed in 30_000..32_000 {
        let case = random::case(&mut Draw::new(seed));
        let prepared = Prepared::new(&case).unwrap();
        let (decision, trace) = (prepared.decide(), prepared.explain());
        assert_eq!(trace.decision, decision.word());
        if let Some(deciding) = &trace.deciding {
            let effect = if decision.allowed { "Allow" } else { "Deny" };
            let mut statements =
                trace.layers.iter().filter(|layer| !layer.skipped).flat_map(|layer| &layer.statements);
            let found = statements.find(|statement| statement.at == *deciding && statement.matched);
            assert_eq!(format!("{:?}", found.unwrap().effect), effect, "seed {seed}");
        }
    }
}
