//! A batch of nf_tables messages: all of it takes effect at once, or nothing.

use nix::libc;

use super::super::attributes::Attributes;
use super::rule::{Rule, write_verdict};
use super::ruleset::{Held, Holds, Hook, Set};

const HEADER: usize = 16;
const SUBSYSTEM: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;
const LIST_ELEM: u16 = 1;
/// `NFT_DATA_VERDICT`
const DATA_VERDICT: u32 = 0xffff_ff00;
const SET_IS_MAP: u32 = 0x8;
/// The table is this socket's alone, and goes with it.
pub(super) const OWNED: u32 = 0x2;
/// An attribute's length has 16 bits: elements go in portions.
const PORTION: usize = 512;

/// Which packets a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ipv4 = libc::NFPROTO_IPV4 as isize,
    Arp = libc::NFPROTO_ARP as isize,
    Ipv6 = libc::NFPROTO_IPV6 as isize,
}

/// Messages for one table.
#[derive(Debug)]
pub(crate) struct Batch {
    family: Family,
    table: String,
    bytes: Attributes,
    /// What each message does, for errors; their number is the place here.
    labels: Vec<String>,
    sets: u32,
    last: usize,
}

impl Batch {
    pub(super) fn new(family: Family, table: &str) -> Batch {
        let mut batch = Batch {
            family,
            table: table.to_owned(),
            bytes: Attributes::default(),
            labels: Vec::new(),
            sets: 0,
            last: 0,
        };
        batch.bound(libc::NFNL_MSG_BATCH_BEGIN as u16);
        batch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.len() < 2
    }

    pub(super) fn label(&self, number: u32) -> &str {
        self.labels.get(number as usize).map_or("nf_tables", String::as_str)
    }

    /// The whole, with an acknowledgement asked for its last message.
    pub(super) fn finish(&mut self) -> &[u8] {
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let old = self.bytes.0.get(self.last + 6..self.last + 8).and_then(|bytes| bytes.try_into().ok());
        let flags = flags | old.map_or(0, u16::from_ne_bytes);
        if let Some(place) = self.bytes.0.get_mut(self.last + 6..self.last + 8) {
            place.copy_from_slice(&flags.to_ne_bytes());
        }
        self.bound(libc::NFNL_MSG_BATCH_END as u16);
        &self.bytes.0
    }

    pub(crate) fn add_table(&mut self, flags: u32) {
        let table = self.table.clone();
        self.message(libc::NFT_MSG_NEWTABLE, libc::NLM_F_CREATE, "add the table", |data| {
            data.text(1, &table);
            data.number(2, flags);
        });
    }

    pub(super) fn add_chain(&mut self, name: &str, hook: Option<Hook>) {
        let table = self.table.clone();
        self.message(libc::NFT_MSG_NEWCHAIN, libc::NLM_F_CREATE, &format!("add the chain {name}"), |data| {
            data.text(1, &table);
            data.text(3, name);
            if let Some(hook) = hook {
                data.nest(4, |place| {
                    place.number(1, hook.at as u32);
                    place.number(2, hook.priority as u32);
                });
                data.text(7, hook.kind);
            }
        });
    }

    pub(super) fn delete_chain(&mut self, name: &str) {
        let table = self.table.clone();
        self.message(libc::NFT_MSG_DELCHAIN, 0, &format!("delete the chain {name}"), |data| {
            data.text(1, &table);
            data.text(3, name);
        });
    }

    pub(super) fn flush_chain(&mut self, name: &str) {
        let table = self.table.clone();
        self.message(libc::NFT_MSG_DELRULE, 0, &format!("empty the chain {name}"), |data| {
            data.text(1, &table);
            data.text(2, name);
        });
    }

    pub(super) fn add_rule(&mut self, chain: &str, rule: &Rule) {
        let table = self.table.clone();
        let flags = libc::NLM_F_CREATE | libc::NLM_F_APPEND;
        self.message(libc::NFT_MSG_NEWRULE, flags, &format!("add a rule to {chain}"), |data| {
            data.text(1, &table);
            data.text(2, chain);
            data.nest(4, |list| list.0.extend(rule.bytes()));
        });
    }

    pub(super) fn add_set(&mut self, name: &str, set: &Set) {
        let table = self.table.clone();
        self.sets += 1;
        let number = self.sets;
        self.message(libc::NFT_MSG_NEWSET, libc::NLM_F_CREATE, &format!("add the set {name}"), |data| {
            data.text(1, &table);
            data.text(2, name);
            data.number(3, if set.holds == Holds::Nothing { 0 } else { SET_IS_MAP });
            data.number(4, 0);
            data.number(5, set.key);
            match set.holds {
                Holds::Nothing => {}
                Holds::Number => {
                    data.number(6, 0);
                    data.number(7, 4);
                }
                Holds::Verdict => data.number(6, DATA_VERDICT),
            }
            data.number(10, number);
        });
    }

    pub(super) fn delete_set(&mut self, name: &str) {
        let table = self.table.clone();
        self.message(libc::NFT_MSG_DELSET, 0, &format!("delete the set {name}"), |data| {
            data.text(1, &table);
            data.text(2, name);
        });
    }

    pub(super) fn add_elements<'a>(
        &mut self,
        set: &str,
        elements: impl Iterator<Item = (&'a Vec<u8>, &'a Held)>,
    ) {
        let elements: Vec<_> = elements.map(|(key, held)| (key, Some(held))).collect();
        self.elements(libc::NFT_MSG_NEWSETELEM, libc::NLM_F_CREATE, set, &elements);
    }

    pub(super) fn delete_elements<'a>(&mut self, set: &str, keys: impl Iterator<Item = &'a Vec<u8>>) {
        let elements: Vec<_> = keys.map(|key| (key, None)).collect();
        self.elements(libc::NFT_MSG_DELSETELEM, 0, set, &elements);
    }

    fn elements(
        &mut self,
        kind: libc::c_int,
        flags: libc::c_int,
        set: &str,
        all: &[(&Vec<u8>, Option<&Held>)],
    ) {
        let table = self.table.clone();
        for portion in all.chunks(PORTION) {
            self.message(kind, flags, &format!("change the set {set}"), |data| {
                data.text(1, &table);
                data.text(2, set);
                data.nest(3, |list| {
                    for (key, held) in portion {
                        list.nest(LIST_ELEM, |element| write_element(element, key, *held));
                    }
                });
            });
        }
    }

    fn bound(&mut self, kind: u16) {
        self.open(kind, libc::NLM_F_REQUEST, String::new());
        let at = self.bytes.0.len() - HEADER;
        self.bytes.0.extend([libc::AF_UNSPEC as u8, 0]);
        self.bytes.0.extend(SUBSYSTEM.to_be_bytes());
        self.bytes.finish(at);
    }

    fn message(
        &mut self,
        kind: libc::c_int,
        flags: libc::c_int,
        label: &str,
        write: impl FnOnce(&mut Attributes),
    ) {
        self.open(SUBSYSTEM << 8 | kind as u16, flags | libc::NLM_F_REQUEST, label.to_owned());
        let at = self.bytes.0.len() - HEADER;
        self.last = at;
        self.bytes.0.extend([self.family as u8, 0, 0, 0]);
        write(&mut self.bytes);
        self.bytes.finish(at);
    }

    fn open(&mut self, kind: u16, flags: libc::c_int, label: String) {
        let number = self.labels.len() as u32;
        self.labels.push(label);
        self.bytes.0.extend(0u32.to_ne_bytes());
        self.bytes.0.extend(kind.to_ne_bytes());
        self.bytes.0.extend((flags as u16).to_ne_bytes());
        self.bytes.0.extend(number.to_ne_bytes());
        self.bytes.0.extend(0u32.to_ne_bytes());
    }
}

fn write_element(element: &mut Attributes, key: &[u8], held: Option<&Held>) {
    const VALUE: u16 = 1;
    element.nest(1, |data| data.put(VALUE, key));
    match held {
        None | Some(Held::Nothing) => {}
        Some(Held::Number(number)) => element.nest(2, |data| data.put(VALUE, &number.to_ne_bytes())),
        Some(Held::Verdict(verdict)) => element.nest(2, |data| write_verdict(data, verdict)),
    }
}
