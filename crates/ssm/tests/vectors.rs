//! Recorded requests and answers of ssm, through the generated codecs.

use rolecall_ssm::model::CODECS;
use rolecall_wire::vectors::{Replay, answers, requests};

fn check(replay: Replay) {
    assert!(replay.replayed > 0, "no record fits an operation");
    assert!(
        replay.failures.is_empty(),
        "{} of {}:\n{}",
        replay.failures.len(),
        replay.replayed,
        replay.failures.join("\n")
    );
}

#[test]
fn recorded_requests_are_read_as_they_were_meant() {
    check(requests(CODECS, include_str!("../../testkit/vectors/ssm.requests.jsonl")));
}

#[test]
fn answers_are_written_as_others_write_them() {
    check(answers(CODECS, include_str!("../../testkit/vectors/ssm.responses.jsonl")));
}
