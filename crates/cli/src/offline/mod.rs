//! Decisions without a server: one case, given whole as a line of JSON, put to the same engine.

mod caller;
mod context;
mod documents;
mod line;

use std::borrow::Cow;
use std::fmt;

use rolecall_policy::{Effect, Layer, LayerTrace, Malformed, Reason, Trace, explain};
use serde::Serialize;

pub use context::Keys;
pub use documents::{Document, Documents};
pub use line::Line;

/// Why a case is not decided.
#[derive(Debug)]
pub enum Refusal {
    /// It is not a case at all.
    Input(String),
    /// AWS would not store this document, named as in an answer (`identity[0]`).
    Document(String, Malformed),
}

/// The answer to one line.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// `allowed`, `explicitDeny`, `implicitDeny`, or `error:` with a code.
    decision: &'static str,
    reason: Cow<'static, str>,
    /// The statements that decided, those of the layer that settled it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<Vec<Matched>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Trace>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Matched {
    policy: String,
    statement: usize,
    sid: Option<String>,
}

/// Answers one line; what is wrong with it is an answer too.
pub fn answer(line: &[u8]) -> Answer {
    match decide(line) {
        Ok(trace) => Answer::of(trace),
        Err(Refusal::Input(reason)) => Answer::error("error:InvalidInput", reason),
        Err(Refusal::Document(name, malformed)) => {
            Answer::error("error:MalformedPolicyDocument", format!("{name}: {}", malformed.message))
        }
    }
}

fn decide(line: &[u8]) -> Result<Trace, Refusal> {
    Line::read(line)?.explained()
}

impl Line {
    /// # Errors
    /// As [`Line::compile`].
    pub fn explained(self) -> Result<Trace, Refusal> {
        let compiled = self.compile()?;
        Ok(explain(&compiled.layers(), &compiled.request()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Input(reason) => f.write_str(reason),
            Refusal::Document(name, malformed) => {
                write!(f, "{name} is none that AWS takes: {}", malformed.message)
            }
        }
    }
}

impl Answer {
    fn of(trace: Trace) -> Answer {
        let reason = match trace.because {
            Reason::Granted(layer) => format!("a statement of the {} allows it", layer.noun()).into(),
            Reason::Root => "the root user of an account needs no policy of its own".into(),
            Reason::Always => "no policy can deny it to a signed caller".into(),
            Reason::ExplicitDeny(_) | Reason::Silent(_) => Cow::Owned(trace.reason.clone()),
        };
        let matched = Some(deciding(&trace));
        Answer { decision: trace.decision, reason, matched, trace: Some(trace) }
    }

    fn error(decision: &'static str, reason: String) -> Answer {
        Answer { decision, reason: reason.into(), matched: None, trace: None }
    }
}

/// As simulations list them: all Denies where one decided, else the Allows that grant. Where nothing allows, none.
fn deciding(trace: &Trace) -> Vec<Matched> {
    let (effect, settled) = match trace.because {
        Reason::ExplicitDeny(layer) => (Effect::Deny, Some(layer)),
        Reason::Granted(layer) => (Effect::Allow, Some(layer)),
        Reason::Root => (Effect::Allow, None),
        Reason::Always | Reason::Silent(_) => return Vec::new(),
    };
    let grants = |layer| matches!(layer, Layer::Identity | Layer::Resource | Layer::Trust);
    let counts = |layer: &&LayerTrace| !layer.skipped && (effect == Effect::Deny || grants(layer.layer));
    let mut layers: Vec<_> = trace.layers.iter().filter(counts).collect();
    layers.sort_by_key(|layer| Some(layer.layer) != settled);
    let statements = layers.into_iter().flat_map(|layer| &layer.statements);
    let decisive = statements.filter(|statement| statement.matched && statement.effect == effect);
    let told = decisive.map(|statement| Matched {
        policy: statement.at.policy.to_string(),
        statement: statement.at.statement,
        sid: statement.at.sid.clone(),
    });
    told.collect()
}
