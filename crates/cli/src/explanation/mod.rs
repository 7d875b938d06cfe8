//! How a decision is told to a person: the ladder of layers, the statement that decided, the nearest misses.

mod ways;

use std::fmt::{self, Write};

use rolecall_policy::{
    Effect, Failed, Layer, LayerTrace, Level, PolicyId, Reason, StatementRef, StatementTrace,
};
use serde::Deserialize;

use ways::Way;

/// More misses, or values of one, are counted and not shown.
const MISSES: usize = 5;
const VALUES: usize = 6;

/// The server's answer to `why`.
#[derive(Debug, Deserialize)]
pub struct Explanation {
    at: String,
    service: String,
    operation: String,
    caller: String,
    code: Option<String>,
    message: Option<String>,
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Question {
    action: String,
    resource: String,
    trace: Trace,
    #[serde(default)]
    remedies: Vec<Way>,
}

#[derive(Debug, Deserialize)]
struct Trace {
    decision: String,
    reason: String,
    because: Reason,
    layers: Vec<LayerTrace>,
    deciding: Option<StatementRef>,
}

/// All layers, in the order in which denies are looked for.
const ORDER: [Layer; 7] = [
    Layer::ServiceControl,
    Layer::ResourceControl,
    Layer::Endpoint,
    Layer::Resource,
    Layer::Identity,
    Layer::Boundary,
    Layer::Session,
];

impl Explanation {
    /// The whole text; with ANSI colors only if wanted.
    pub fn told(&self, color: bool) -> String {
        let mut page = Page { out: String::new(), color };
        // Writing to a text does not fail.
        let _written: fmt::Result = page.explanation(self);
        page.out
    }
}

struct Page {
    out: String,
    color: bool,
}

impl Page {
    fn explanation(&mut self, found: &Explanation) -> fmt::Result {
        writeln!(self.out, "{}:{} at {}", found.service, found.operation, found.at)?;
        writeln!(self.out, "by      {}", Plain(&found.caller))?;
        match &found.code {
            Some(code) => {
                let message = found.message.as_deref().unwrap_or_default();
                writeln!(self.out, "answer  {}: {}", self.verdict(false, code), Plain(message))?;
            }
            None => writeln!(self.out, "answer  {}", self.verdict(true, "done"))?,
        }
        if found.questions.is_empty() {
            writeln!(self.out, "\nNo policy was asked.")?;
        }
        let denied = found.questions.iter().any(|question| !question.allowed());
        for question in &found.questions {
            self.question(found, question, denied && question.allowed())?;
        }
        Ok(())
    }

    /// `brief`: another question is the interesting one.
    fn question(&mut self, found: &Explanation, question: &Question, brief: bool) -> fmt::Result {
        let trace = &question.trace;
        let word = match trace.decision.as_str() {
            "explicitDeny" => "denied",
            "implicitDeny" => "not allowed",
            other => other,
        };
        let word = self.verdict(question.allowed(), word);
        writeln!(self.out, "\n{word}  {} on {}", question.action, Plain(&question.resource))?;
        if brief {
            return Ok(());
        }
        match trace.because {
            Reason::Root => writeln!(self.out, "the root user of an account needs no policy of its own")?,
            Reason::Always => writeln!(self.out, "no policy can deny it to a signed caller")?,
            // The answer has said it already, unless the caller is of another account.
            _ if found.message.as_ref().is_some_and(|message| message.contains(&trace.reason)) => {}
            _ if trace.reason.is_empty() => {}
            _ => writeln!(self.out, "{}", Plain(&trace.reason))?,
        }
        self.ladder(trace)?;
        if let Reason::Silent(layer) = trace.because {
            self.misses(&found.caller, question, layer)?;
        }
        self.ways(&question.remedies)
    }

    fn ladder(&mut self, trace: &Trace) -> fmt::Result {
        let (mut absent, mut rows) = (Vec::new(), Vec::new());
        for wanted in ORDER {
            let is = |layer: &&LayerTrace| trust_as_resource(layer.layer) == wanted;
            let before = rows.len();
            rows.extend(trace.layers.iter().filter(is));
            if rows.len() == before {
                absent.push(wanted.noun());
            }
        }
        let width = rows.iter().map(|layer| title(layer).len()).max().unwrap_or_default();
        writeln!(self.out)?;
        for layer in rows {
            let mark = if decides(trace, layer) { '>' } else { ' ' };
            let word = match (layer.skipped, layer.effect) {
                (true, _) => "skipped".to_owned(),
                (_, Some(Effect::Deny)) => self.verdict(false, "denies "),
                (_, Some(Effect::Allow)) => self.verdict(true, "allows "),
                (_, None) => "silent ".to_owned(),
            };
            writeln!(self.out, "{mark} {:width$}  {word}  {}", title(layer), detail(trace, layer))?;
        }
        if !absent.is_empty() {
            writeln!(self.out, "  none there: {}", absent.join(", "))?;
        }
        Ok(())
    }

    /// The Allows of the layers that could have allowed it which are about the action, the nearest first.
    fn misses(&mut self, caller: &str, question: &Question, silent: Layer) -> fmt::Result {
        let grants = |layer| matches!(layer, Layer::Identity | Layer::Resource | Layer::Trust);
        let asked = question.trace.layers.iter().filter(|layer| {
            let wanted = layer.layer == silent || (grants(silent) && grants(layer.layer));
            wanted && !layer.skipped && layer.effect.is_none()
        });
        let mut near: Vec<(usize, &StatementTrace, &Failed)> = asked
            .flat_map(|layer| &layer.statements)
            .filter(|statement| statement.effect == Effect::Allow)
            .filter_map(|statement| {
                let failed = statement.failed.as_ref()?;
                Some((distance(failed, &question.resource)?, statement, failed))
            })
            .collect();
        near.sort_by_key(|(distance, ..)| *distance);
        if near.is_empty() {
            return writeln!(self.out, "\nNo Allow there is about {}.", question.action);
        }
        writeln!(self.out, "\nNearest misses:")?;
        for (_, statement, failed) in near.iter().take(MISSES) {
            self.miss(statement, failed, caller, &question.resource)?;
        }
        if near.len() > MISSES {
            writeln!(self.out, "  and {} more; --json has them all", near.len() - MISSES)?;
        }
        Ok(())
    }

    fn miss(
        &mut self,
        statement: &StatementTrace,
        failed: &Failed,
        caller: &str,
        resource: &str,
    ) -> fmt::Result {
        write!(self.out, "  {} allows the action, but its ", place(&statement.at))?;
        match failed {
            Failed::Action => writeln!(self.out, "Action is another"),
            Failed::Principal { not, values } => {
                writeln!(self.out, "{}Principal does not name the caller:", if *not { "Not" } else { "" })?;
                self.values("policy", values)?;
                self.values("request", &[caller.to_owned()])
            }
            Failed::Resource { not, values } => {
                let element = if *not { "NotResource takes it out" } else { "Resource does not match" };
                writeln!(self.out, "{element}:")?;
                self.values("policy", values)?;
                self.values("request", &[resource.to_owned()])
            }
            Failed::Condition { operator, key, values, request } => {
                writeln!(self.out, "Condition does not hold: {operator} {}", Plain(key))?;
                self.values("policy", values)?;
                match request {
                    None => writeln!(self.out, "      request  does not have the key"),
                    Some(given) => self.values("request", given),
                }
            }
        }
    }

    fn values(&mut self, whose: &str, values: &[String]) -> fmt::Result {
        if values.is_empty() {
            return writeln!(self.out, "      {whose:<7}  (nothing)");
        }
        for (at, value) in values.iter().take(VALUES).enumerate() {
            let whose = if at == 0 { whose } else { "" };
            let shown = if value.is_empty() { "\"\"" } else { value };
            writeln!(self.out, "      {whose:<7}  {}", Plain(shown))?;
        }
        if values.len() > VALUES {
            writeln!(self.out, "               and {} more", values.len() - VALUES)?;
        }
        Ok(())
    }

    fn verdict(&self, good: bool, text: &str) -> String {
        match (self.color, good) {
            (false, _) => text.to_owned(),
            (true, true) => format!("\x1b[32m{text}\x1b[0m"),
            (true, false) => format!("\x1b[31m{text}\x1b[0m"),
        }
    }
}

impl Question {
    fn allowed(&self) -> bool {
        self.trace.decision == "allowed"
    }
}

/// A text from a request or policy: what could steer the terminal is written out.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { f.write_char(char)? }
        }
        Ok(())
    }
}

fn trust_as_resource(layer: Layer) -> Layer {
    if layer == Layer::Trust { Layer::Resource } else { layer }
}

fn title(layer: &LayerTrace) -> String {
    match layer.level {
        Some(level) => format!("{}, level {level}", layer.layer.noun()),
        None => layer.layer.noun().to_owned(),
    }
}

/// Whether this rung settled the question.
fn decides(trace: &Trace, layer: &LayerTrace) -> bool {
    match trace.because {
        Reason::Granted(one) => layer.layer == one,
        Reason::ExplicitDeny(one) => layer.layer == one && layer.effect == Some(Effect::Deny),
        Reason::Silent(one) => layer.layer == one && layer.effect != Some(Effect::Allow),
        Reason::Root | Reason::Always => false,
    }
}

/// The statement that speaks for the layer, or how many there are.
fn detail(trace: &Trace, layer: &LayerTrace) -> String {
    let matching: Vec<_> = layer
        .statements
        .iter()
        .filter(|statement| statement.matched && Some(statement.effect) == layer.effect)
        .collect();
    let deciding = matching.iter().find(|statement| Some(&statement.at) == trace.deciding.as_ref());
    let strongest = || matching.iter().max_by_key(|statement| statement.principal);
    let Some(first) = deciding.or_else(strongest) else {
        return match layer.statements.len() {
            0 => "no statements".to_owned(),
            1 => "1 statement, which does not match".to_owned(),
            many => format!("{many} statements, none of which matches"),
        };
    };
    let mut text = place(&first.at);
    match (first.effect, first.principal) {
        (Effect::Allow, Some(Level::Account)) => text.push_str(", which names the account only"),
        (Effect::Allow, Some(Level::Limited)) => {
            text.push_str(", which names the role or user of the session")
        }
        _ => {}
    }
    if matching.len() > 1 {
        text.push_str(&format!(" (and {} more)", matching.len() - 1));
    }
    text
}

fn named(policy: &PolicyId) -> String {
    match policy {
        PolicyId::Managed(name) | PolicyId::Attached(name) => name.clone(),
        PolicyId::Inline { name, .. } => format!("inline:{name} ({})", home(policy)),
    }
}

/// What a policy is in.
fn home(policy: &PolicyId) -> String {
    match policy {
        PolicyId::Managed(name) | PolicyId::Attached(name) => name.clone(),
        PolicyId::Inline { owner, entity, .. } => format!("{} {entity}", format!("{owner:?}").to_lowercase()),
    }
}

/// `POLICY Statement[0] "Sid"`, with the position as in the document.
pub fn place(at: &StatementRef) -> String {
    let policy = named(&at.policy);
    let sid = at.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    Plain(&format!("{policy} Statement[{}]{sid}", at.statement)).to_string()
}

/// How far a statement is from matching; `None`: it is about something else.
fn distance(failed: &Failed, resource: &str) -> Option<usize> {
    match failed {
        Failed::Action => None,
        Failed::Condition { .. } => Some(0),
        // The longer the common beginning, the nearer.
        Failed::Resource { values, .. } => {
            let common = |pattern: &String| {
                pattern.bytes().zip(resource.bytes()).take_while(|(left, right)| left == right).count()
            };
            let longest = values.iter().map(common).max().unwrap_or_default();
            Some(1 + resource.len().saturating_sub(longest))
        }
        Failed::Principal { .. } => Some(usize::MAX),
    }
}
