//! The log in a folder and in memory: what is found, what a crash leaves, what is removed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rolecall_base::{AccountId, Time};
use rolecall_cloudtrail::{Attribute, EventHistory, Found, Position, Search};
use rolecall_env::Env;
use rolecall_store::{Memory, Store};

use super::*;

const ACCOUNT: AccountId = AccountId::ZERO;

fn record(env: &Env, id: &str, name: &str) -> String {
    let time = env.now();
    format!(
        r#"{{"userIdentity":{{"type":"IAMUser","userName":"ann"}},"eventTime":"{time}","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","requestParameters":{{"roleName":"{id}"}},"eventID":"{id}","readOnly":false,"managementEvent":true,"recipientAccountId":"{ACCOUNT}"}}"#
    )
}

fn look(segments: &Arc<Segments>, attribute: Option<Attribute<'_>>, from: Option<&Position>) -> Found {
    let log = Log { segments: segments.clone(), store: Store::new(Arc::new(Memory::new())) };
    let end = Time::from_seconds(4_000_000_000);
    let search =
        Search { account: ACCOUNT, region: "us-east-1", start: Time::default(), end, attribute, limit: 2 };
    log.search(&search, from).unwrap()
}

fn ids(found: &Found) -> Vec<String> {
    found.lines.iter().map(|line| Event::read(line).unwrap().id().to_owned()).collect()
}

fn everything(segments: &Segments) -> Vec<String> {
    let (mut all, mut from) = (Vec::new(), Position::default());
    while let Some(piece) = next(segments.shelf(), &from).unwrap() {
        all.extend(piece.lines);
        from = piece.next;
    }
    all
}

fn open(folder: &Path, env: &Env) -> Arc<Segments> {
    Arc::new(Segments::open(folder, env.clone(), 90).unwrap())
}

#[test]
fn events_are_found_newest_first_page_by_page_in_memory_and_in_a_folder() {
    let env = Env::sim(1);
    let folder = tempfile::tempdir().unwrap();
    for segments in [Arc::new(Segments::memory(env.clone()).unwrap()), open(folder.path(), &env)] {
        for (id, name) in [("a", "CreateRole"), ("b", "GetRole"), ("c", "CreateRole")] {
            assert!(segments.keep(vec![record(&env, id, name)]));
            env.advance(Duration::from_secs(3600));
        }
        let first = look(&segments, None, None);
        assert_eq!(ids(&first), ["c", "b"]);
        let second = look(&segments, None, first.next.as_ref());
        assert_eq!((ids(&second), second.next), (vec!["a".to_owned()], None));
        let found = look(&segments, Some(Attribute::EventName("CreateRole")), None);
        assert_eq!(ids(&found), ["c", "a"]);
        assert_eq!(ids(&look(&segments, Some(Attribute::ResourceName("b")), None)), ["b"]);
        assert!(look(&segments, Some(Attribute::Username("bob")), None).lines.is_empty());
        assert_eq!(everything(&segments).len(), 3);
        segments.forget();
        assert!(everything(&segments).is_empty());
        assert!(segments.keep(vec![record(&env, "d", "GetRole")]));
        assert_eq!(ids(&look(&segments, None, None)), ["d"]);
        segments.close();
    }
}

#[test]
fn after_a_crash_a_cut_line_is_passed_over_and_the_index_is_made_whole() {
    let env = Env::sim(1);
    let folder = tempfile::tempdir().unwrap();
    let segments = open(folder.path(), &env);
    assert!(segments.keep(vec![record(&env, "a", "CreateRole")]));
    segments.close();
    let name = segments.shelf().names().unwrap().remove(0);
    let path = |kind: &str| folder.path().join(format!("{name}.{kind}"));
    let mut file = fs::OpenOptions::new().append(true).open(path("jsonl")).unwrap();
    let (whole, cut) = (record(&env, "b", "CreateRole"), &record(&env, "x", "CreateRole")[..40]);
    write!(file, "{whole}\n{cut}").unwrap();
    let mut index = fs::OpenOptions::new().append(true).open(path("idx")).unwrap();
    index.write_all(&[1; 10]).unwrap();
    let segments = open(folder.path(), &env);
    assert!(segments.keep(vec![record(&env, "c", "CreateRole")]));
    let first = look(&segments, None, None);
    assert_eq!(ids(&first), ["c", "b"]);
    assert_eq!(ids(&look(&segments, None, first.next.as_ref())), ["a"]);
    assert_eq!(everything(&segments).len(), 4);
    segments.close();
}

#[test]
fn a_segment_whose_time_is_over_is_removed() {
    let env = Env::sim(1);
    let folder = tempfile::tempdir().unwrap();
    let segments = open(folder.path(), &env);
    assert!(segments.keep(vec![record(&env, "old", "CreateRole")]));
    env.advance(Duration::from_secs(89 * 86_400));
    assert!(segments.keep(vec![record(&env, "new", "CreateRole")]));
    assert_eq!(segments.shelf().names().unwrap().len(), 2);
    env.advance(Duration::from_secs(2 * 86_400));
    assert!(segments.keep(vec![record(&env, "newer", "CreateRole")]));
    assert_eq!(ids(&look(&segments, None, None)), ["newer", "new"]);
    assert_eq!(everything(&segments).len(), 2);
    segments.close();
}

#[test]
fn an_open_position_outlives_the_removal_of_its_segment() {
    let env = Env::sim(1);
    let segments = Segments::memory(env.clone()).unwrap();
    assert!(segments.keep(vec![record(&env, "a", "CreateRole")]));
    let gone = Position { segment: "20200101T00".into(), offset: 77 };
    assert_eq!(next(segments.shelf(), &gone).unwrap().unwrap().lines.len(), 1);
    segments.close();
}
