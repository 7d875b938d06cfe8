//! Keys as bytes: they sort as their tuples do, and are read back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use rolecall_base::AccountId;
use rolecall_env::Env;
use rolecall_store::{KeyParts, Part, Prefix, Range, Record, Store, Table};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Nothing;

impl Record for Nothing {
    const VERSION: u8 = 1;
}

/// A table whose keys are `K`.
struct Keyed<K>(K);

impl<K: KeyParts<Owned = K> + 'static> Table for Keyed<K> {
    const ID: u16 = 0x0102;
    const NAME: &'static str = "keyed";
    type Key = K;
    type Row = Nothing;
}

/// Every two keys compare as their bytes do, and each is read back from them.
fn check<K: KeyParts<Owned = K> + Ord + Debug + 'static>(keys: &[K]) {
    let bytes: Vec<Vec<u8>> = keys.iter().map(|key| Store::key::<Keyed<K>>(key)).collect();
    for (a, a_bytes) in keys.iter().zip(&bytes) {
        let mut rest = a_bytes.strip_prefix(&[1, 2]).unwrap();
        assert_eq!(K::read(&mut rest).as_ref(), Some(a));
        assert!(rest.is_empty());
        for (b, b_bytes) in keys.iter().zip(&bytes) {
            assert_eq!(a.cmp(b), a_bytes.cmp(b_bytes), "{a:?} {b:?}");
        }
    }
}

fn texts() -> Vec<String> {
    let random = Env::sim(3);
    let mut texts: Vec<String> =
        ["", "\0", "\0\0", "a", "a\0", "a\0b", "a\u{1}", "ab", "é", "\u{10ffff}"].map(Into::into).into();
    for _ in 0..60 {
        // Few letters, so that many share beginnings.
        let bytes: [u8; 6] = random.random();
        let [length, letters @ ..] = bytes;
        texts.push(
            letters
                .iter()
                .take(usize::from(length % 6))
                .filter_map(|b| "\0\u{1}aé".chars().nth(usize::from(b % 4)))
                .collect(),
        );
    }
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn strings_and_bytes_sort_as_themselves() {
    check(&texts());
    check(&texts().into_iter().map(|text| [text.as_bytes(), &[0xff, 0]].concat()).collect::<Vec<Vec<u8>>>());
}

#[test]
fn numbers_sort_as_themselves() {
    check(&[0, 1, 255, 256, 1 << 40, u64::MAX]);
    check(&[0_u32, 1, 255, 256, u32::MAX]);
    check(&[i64::MIN, -256, -1, 0, 1, 256, i64::MAX]);
    check(&[false, true]);
    check(&[AccountId::new(0).unwrap(), AccountId::new(999_999_999_999).unwrap(), AccountId::AWS]);
}

#[test]
fn tuples_sort_by_their_first_different_part() {
    let texts = texts();
    let numbers = [0_u64, 0xff, u64::MAX, 0xff00_0000_0000_0000];
    let pairs: Vec<(String, u64)> =
        texts.iter().flat_map(|text| numbers.map(|number| (text.clone(), number))).collect();
    check(&pairs);
    let triples: Vec<(u64, String, String)> = texts
        .iter()
        .flat_map(|text| texts.iter().step_by(9).map(|other| (7, text.clone(), other.clone())))
        .collect();
    check(&triples);
    check(
        &pairs
            .iter()
            .map(|(text, n)| (*n, text.clone(), true, *n as i64, text.len() as u32))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_prefix_covers_the_keys_with_these_leading_parts_and_no_others() {
    type Key = (String, u64);
    let covers = |range: &Range, key: &Key| range.contains(&Store::key::<Keyed<Key>>(key));
    for text in texts() {
        let range = Store::range::<Keyed<Key>>(&(text.as_str(),));
        let starts = Store::range::<Keyed<Key>>(&rolecall_store::Starts((), &text));
        for other in texts() {
            for number in [0, u64::MAX] {
                let key = (other.clone(), number);
                assert_eq!(covers(&range, &key), other == text, "{text:?} {other:?}");
                assert_eq!(covers(&starts, &key), other.starts_with(&text), "{text:?} {other:?}");
                assert!(covers(&whole::<Key>(&()), &key));
            }
        }
    }
}

fn whole<K: KeyParts<Owned = K> + 'static>(prefix: &impl Prefix<K>) -> Range {
    Store::range::<Keyed<K>>(prefix)
}

#[test]
fn borrowed_parts_make_the_same_key_as_owned_ones() {
    type Key = (AccountId, String, Vec<u8>);
    let account = AccountId::new(1).unwrap();
    let owned = Store::key::<Keyed<Key>>(&(account, "name".to_owned(), vec![1, 0]));
    assert_eq!(Store::key::<Keyed<Key>>(&(account, "name", &[1_u8, 0][..])), owned);
}

#[test]
fn what_is_no_key_is_not_read_as_one() {
    for mut bytes in [&b""[..], b"a", b"a\0", b"a\0\x01", b"a\0\xff", b"\xff\0\0"] {
        assert_eq!(<String as Part>::read(&mut bytes), None);
    }
    for mut bytes in [&[0; 7][..], &[0xff; 8]] {
        assert_eq!(<AccountId as Part>::read(&mut bytes), None);
    }
}
