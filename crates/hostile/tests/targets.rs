//! Each target over its seeds, over what earlier runs found, and over inputs mutated from a fixed seed.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::Path;

use rolecall_hostile::{Mutator, TARGETS, Target};

/// Mutated inputs of each target.
const MUTATED: u64 = 10_000;

fn check(target: &Target, data: &[u8]) {
    let outcome = std::panic::catch_unwind(|| (target.run)(data));
    assert!(outcome.is_ok(), "{}: {:?}", target.name, String::from_utf8_lossy(data));
}

fn findings(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(target.name);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut inputs = (target.seeds)();
    assert!(!inputs.is_empty(), "{name} has no seeds");
    inputs.extend(findings(target));
    inputs.iter().for_each(|data| check(target, data));
    let mut mutator = Mutator::new(1);
    for _ in 0..MUTATED {
        check(target, &mutator.next(&inputs));
    }
}

macro_rules! targets {
    ($($test:ident $name:literal;)*) => {
        $(#[test] fn $test() { run($name); })*

        #[test]
        fn every_target_has_its_test() {
            let tested = [$($name),*];
            let all: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(all, tested);
        }
    };
}

targets! {
    query_requests_are_read_or_refused "query";
    ec2_requests_are_read_or_refused "ec2";
    json_requests_are_read_or_refused "json";
    rest_xml_requests_are_read_or_refused "rest-xml";
    whole_requests_of_nobody_are_refused_and_change_nothing "requests";
    no_signature_is_accepted_that_nobody_made "sigv4";
    chunks_are_the_same_however_they_are_cut "chunks";
    policies_are_compiled_or_refused "policy";
    only_sealed_tokens_open "token";
    only_tokens_that_the_provider_signed_are_verified "jwt";
    keys_of_providers_are_read_or_refused "jwks";
    only_what_the_provider_signed_is_said "saml";
    metadata_is_read_or_refused "saml-metadata";
    only_sealed_trade_in_tokens_open "trade-in";
    public_keys_are_read_to_one_plain_line_or_refused "public-keys";
    certificates_are_read_or_refused "certificates";
    user_data_is_taken_apart_within_bounds "user-data";
    images_stay_in_their_folder "images";
    answers_of_the_kernel_are_read_to_their_end "netlink";
}
