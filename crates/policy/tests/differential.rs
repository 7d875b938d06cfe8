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

/// How often each outcome came up.
type Seen = BTreeMap<&'static str, u64>;

/// Both decide the case of each seed.
fn check(seeds: impl Iterator<Item = u64>) -> Seen {
    let mut seen = Seen::new();
    for seed in seeds {
        let case = random::case(&mut Draw::new(seed));
        let prepared =
            Prepared::new(&case).unwrap_or_else(|error| panic!("seed {seed}: {error}: {}", text(&case)));
        let expected = oracle::decide(&case);
        let decision = prepared.decide();
        assert_eq!(decision.word(), expected, "seed {seed}: {}\n{}", text(&case), text(&prepared.explain()));
        *seen.entry(expected).or_default() += 1;
    }
    seen
}

#[test]
fn engine_and_oracle_agree() {
    // Two threads: half the time where there are two processors.
    let halves = [0..50_000, 50_000..100_000].map(|seeds| std::thread::spawn(move || check(seeds)));
    for seen in halves.map(|half| half.join().unwrap()) {
        // The cases are worth something only when every outcome is common.
        for word in ["allowed", "explicitDeny", "implicitDeny"] {
            assert!(seen.get(word).is_some_and(|count| *count > 2500), "{seen:?}");
        }
    }
}

/// `make differential`: as many as `ROLECALL_CASES` says, from other seeds than those above.
#[test]
#[ignore = "takes minutes in a release build"]
#[allow(clippy::disallowed_methods, reason = "a measurement that a person asks for")]
fn a_long_run() {
    let cases: u64 = std::env::var("ROLECALL_CASES").map_or(10_000_000, |text| text.parse().unwrap());
    let begun = std::time::Instant::now();
    let (mut done, mut all) = (0, Seen::new());
    while done < cases {
        let more = (cases - done).min(500_000);
        let first = 1_000_000_000 + done;
        for (word, count) in check(first..first + more) {
            *all.entry(word).or_default() += count;
        }
        done += more;
        let seconds = begun.elapsed().as_secs_f64();
        println!("{done} of {cases} in {seconds:.0} s ({:.0}/s), all alike: {all:?}", done as f64 / seconds);
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
