//! One rule of nf_tables as the expressions that the kernel runs: load into registers, compare, decide.

use super::super::attributes::Attributes;

/// A register of four bytes, 0 to 15.
pub(crate) type Register = u32;

const FIRST_REGISTER: u32 = 8;
const VERDICT_REGISTER: u32 = 0;

const LIST_ELEM: u16 = 1;
const EXPR_NAME: u16 = 1;
const EXPR_DATA: u16 = 2;
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;
const VERDICT_CODE: u16 = 1;
const VERDICT_CHAIN: u16 = 2;

/// Where a packet's bytes are counted from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Base {
    Link = 0,
    Network = 1,
    Transport = 2,
}

/// What is known about a packet beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meta {
    Mark = 3,
    /// Number of the link it came by.
    In = 4,
    /// Number of the link it goes by.
    Out = 5,
    Protocol = 16,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Accept,
    Drop,
    Return,
    /// Into another chain, and back at its end.
    Jump(String),
}

/// The expressions of a rule, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rule(Attributes);

impl Rule {
    pub(crate) fn new() -> Rule {
        Rule::default()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    pub(crate) fn meta(self, key: Meta, to: Register) -> Rule {
        self.expression("meta", |data| {
            data.number(1, FIRST_REGISTER + to);
            data.number(2, key as u32);
        })
    }

    pub(crate) fn load(self, base: Base, offset: u32, length: u32, to: Register) -> Rule {
        self.expression("payload", |data| {
            data.number(1, FIRST_REGISTER + to);
            data.number(2, base as u32);
            data.number(3, offset);
            data.number(4, length);
        })
    }

    /// The state of the packet's connection, as bits.
    pub(crate) fn connection_state(self, to: Register) -> Rule {
        self.expression("ct", |data| {
            data.number(1, FIRST_REGISTER + to);
            data.number(2, 0);
        })
    }

    /// Keeps the bits of `mask`.
    pub(crate) fn mask(self, register: Register, mask: &[u8]) -> Rule {
        self.expression("bitwise", |data| {
            data.number(1, FIRST_REGISTER + register);
            data.number(2, FIRST_REGISTER + register);
            data.number(3, mask.len() as u32);
            data.nest(4, |value| value.put(DATA_VALUE, mask));
            data.nest(5, |value| value.put(DATA_VALUE, &vec![0; mask.len()]));
        })
    }

    /// Goes on only when the register holds `value`.
    pub(crate) fn equals(self, register: Register, value: &[u8]) -> Rule {
        self.compare(register, 0, value)
    }

    pub(crate) fn differs(self, register: Register, value: &[u8]) -> Rule {
        self.compare(register, 1, value)
    }

    /// Goes on only from `from` to `to`, both included, in network order.
    pub(crate) fn within(self, register: Register, from: &[u8], to: &[u8]) -> Rule {
        self.expression("range", |data| {
            data.number(1, FIRST_REGISTER + register);
            data.number(2, 0);
            data.nest(3, |value| value.put(DATA_VALUE, from));
            data.nest(4, |value| value.put(DATA_VALUE, to));
        })
    }

    /// Goes on only when the set has what begins at the register.
    pub(crate) fn among(self, set: &str, register: Register) -> Rule {
        self.expression("lookup", |data| {
            data.text(1, set);
            data.number(2, FIRST_REGISTER + register);
        })
    }

    /// Takes what the map has for it into another register; goes on only when it has something.
    pub(crate) fn map(self, map: &str, register: Register, to: Register) -> Rule {
        self.expression("lookup", |data| {
            data.text(1, map);
            data.number(2, FIRST_REGISTER + register);
            data.number(3, FIRST_REGISTER + to);
        })
    }

    /// Follows the verdict that the map has for it.
    pub(crate) fn decide_by(self, map: &str, register: Register) -> Rule {
        self.expression("lookup", |data| {
            data.text(1, map);
            data.number(2, FIRST_REGISTER + register);
            data.number(3, VERDICT_REGISTER);
        })
    }

    pub(crate) fn set_mark(self, mark: u32) -> Rule {
        self.immediate(0, &mark.to_ne_bytes()).expression("meta", |data| {
            data.number(2, Meta::Mark as u32);
            data.number(3, FIRST_REGISTER);
        })
    }

    /// Hands the packet to the local socket that listens on `port`, with its addresses as they are; goes on only
    /// when there is one.
    pub(crate) fn hand_to(self, port: u16) -> Rule {
        self.immediate(0, &port.to_be_bytes()).expression("tproxy", |data| {
            data.number(1, nix::libc::NFPROTO_IPV4 as u32);
            data.number(3, FIRST_REGISTER);
        })
    }

    /// Sends the packet to `port` of this machine instead.
    pub(crate) fn redirect_to(self, port: u16) -> Rule {
        self.immediate(0, &port.to_be_bytes()).expression("redir", |data| data.number(1, FIRST_REGISTER))
    }

    pub(crate) fn then(self, verdict: &Verdict) -> Rule {
        self.expression("immediate", |data| {
            data.number(1, VERDICT_REGISTER);
            data.nest(2, |value| write_verdict(value, verdict));
        })
    }

    fn immediate(self, to: Register, value: &[u8]) -> Rule {
        self.expression("immediate", |data| {
            data.number(1, FIRST_REGISTER + to);
            data.nest(2, |data| data.put(DATA_VALUE, value));
        })
    }

    fn compare(self, register: Register, how: u32, value: &[u8]) -> Rule {
        self.expression("cmp", |data| {
            data.number(1, FIRST_REGISTER + register);
            data.number(2, how);
            data.nest(3, |data| data.put(DATA_VALUE, value));
        })
    }

    fn expression(mut self, name: &str, write: impl FnOnce(&mut Attributes)) -> Rule {
        self.0.nest(LIST_ELEM, |element| {
            element.text(EXPR_NAME, name);
            element.nest(EXPR_DATA, write);
        });
        self
    }
}

pub(super) fn write_verdict(value: &mut Attributes, verdict: &Verdict) {
    let code: i32 = match verdict {
        Verdict::Drop => 0,
        Verdict::Accept => 1,
        Verdict::Jump(_) => -3,
        Verdict::Return => -5,
    };
    value.nest(DATA_VERDICT, |data| {
        data.number(VERDICT_CODE, code as u32);
        if let Verdict::Jump(chain) = verdict {
            data.text(VERDICT_CHAIN, chain);
        }
    });
}
