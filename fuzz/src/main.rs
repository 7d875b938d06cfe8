//! One target under libFuzzer. `FUZZ_TARGET` names it; with `FUZZ_SEEDS` its seeds are written to that folder instead.
#![no_main]

// `rolecall eval` is a program's own module and no library's.
#[path = "../../crates/cli/src/offline/mod.rs"]
#[allow(dead_code, unused_imports)]
mod offline;

// So are the server's names and its WebSocket.
#[path = "../../crates/server/src/networks/names.rs"]
#[allow(dead_code)]
mod names;
#[path = "../../crates/server/src/websocket.rs"]
#[allow(dead_code)]
mod websocket;

mod network;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use rolecall_hostile::{TARGETS, Target};

/// Those of programs' own modules.
const MORE: [Target; 3] = [
    Target { name: "eval", run: eval, seeds: eval_seeds },
    Target { name: "names", run: network::names, seeds: network::questions },
    Target { name: "websocket", run: network::terminal, seeds: network::conversations },
];

fn eval(data: &[u8]) {
    let answer = offline::answer(data);
    assert!(serde_json::to_string(&answer).is_ok());
}

fn eval_seeds() -> Vec<Vec<u8>> {
    include_str!("../../tests/data/eval.jsonl").lines().map(|line| line.as_bytes().to_vec()).collect()
}

fn target() -> &'static Target {
    static TARGET: OnceLock<Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let all = TARGETS.iter().chain(&MORE);
        *all.clone().find(|target| target.name == name).unwrap_or_else(|| {
            eprintln!("FUZZ_TARGET is one of {:?}", all.map(|target| target.name).collect::<Vec<_>>());
            std::process::exit(2);
        })
    })
}

fn prepare() {
    let Ok(folder) = std::env::var("FUZZ_SEEDS") else { return };
    for (at, seed) in (target().seeds)().iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{at:04}")), seed).expect("a folder for seeds");
    }
    std::process::exit(0);
}

fuzz_target!(init: prepare(), |data: &[u8]| (target().run)(data));
