//! How long a decision takes: `cargo bench -p rolecall-policy`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark, not a library"
)]

mod cases;
mod clock;

use rolecall_policy::{Kind, Layers, decide, explain};

fn main() {
    println!("{:<34} {:>9} {:>9}   goal p50", "decision, warm", "p50 ns", "p99 ns");
    for (count, goal) in [(1, 100), (10, 150), (100, 200), (1_000, 300), (10_000, 0)] {
        let rules = cases::rules(count);
        let identity = cases::own(&rules, Kind::Identity);
        let layers = Layers { identity: Some(&identity), ..Layers::default() };
        row(&format!("{count} statements, allow"), &rules, &layers, goal);
    }
    let rules = cases::rules(100);
    let identity = cases::own(&rules, Kind::Identity);
    let around = cases::Around::new();
    row("eight layers, 100 statements", &rules, &around.layers(&identity), 500);
    let (account, resources) = (cases::account(), cases::resources(&rules));
    let layers = around.layers(&identity);
    let times = clock::measure(2_000, |at| {
        explain(&layers, &cases::request(account, &resources[at], &cases::Session)).decision == "allowed"
    });
    println!("{:<34} {:>9.0} {:>9.0}", "explanation, eight layers", times.p50, times.p99);
}

fn row(name: &str, rules: &[cases::Rule1], layers: &Layers<'_>, goal: u32) {
    let (account, resources) = (cases::account(), cases::resources(rules));
    let times = clock::measure(20_000, |at| {
        decide(layers, &cases::request(account, &resources[at], &cases::Session)).allowed
    });
    let goal = if goal == 0 { "-".to_owned() } else { goal.to_string() };
    println!("{name:<34} {:>9.1} {:>9.1}   {goal}", times.p50, times.p99);
}
