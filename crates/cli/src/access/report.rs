//! How access tests are told: to a person, and as JUnit's XML to a machine.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::cases::Case;

/// What became of a case.
#[derive(Debug)]
pub struct Outcome {
    /// The engine's word, or `error`.
    pub decision: String,
    /// Why, in AWS's words or those of the error.
    pub reason: String,
    /// The statements that decided, or came near.
    pub detail: Vec<String>,
}

/// Whether it is as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    /// It could not be decided.
    Broken,
}

impl Outcome {
    pub fn broken(reason: String) -> Outcome {
        Outcome { decision: "error".to_owned(), reason, detail: Vec::new() }
    }

    pub fn verdict(&self, case: &Case) -> Verdict {
        if self.decision == "error" {
            Verdict::Broken
        } else if case.expect.is(&self.decision) {
            Verdict::Passed
        } else {
            Verdict::Failed
        }
    }
}

/// For a person: what failed, and the numbers.
pub fn told(file: &str, all: &[(Case, Outcome)], color: bool) -> String {
    let paint = |code: &str, text: &str| {
        if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let (mut out, mut failed) = (String::new(), 0);
    for (case, outcome) in all {
        let word = match outcome.verdict(case) {
            Verdict::Passed => continue,
            Verdict::Failed => "FAILED",
            Verdict::Broken => "ERROR ",
        };
        failed += 1;
        let mut line = |text: &str| out.push_str(&format!("{text}\n"));
        line(&format!("{}  {}", paint("31", word), plain(&case.test)));
        line(&format!("        {} {} on {}", plain(&case.who), plain(&case.action), plain(&case.resource)));
        line(&format!("        expected {}, is {}", case.expect.word(), plain(&outcome.decision)));
        if !outcome.reason.is_empty() {
            line(&format!("        {}", plain(&outcome.reason)));
        }
        outcome.detail.iter().for_each(|detail| line(&format!("        {}", plain(detail))));
    }
    let passed = all.len() - failed;
    let end = match failed {
        0 => paint("32", &format!("{passed} passed")),
        failed => paint("31", &format!("{failed} failed, {passed} passed")),
    };
    // Writing to a text does not fail.
    let _written = writeln!(out, "{file}: {end}");
    out
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() { out.extend(char.escape_default()) } else { out.push(char) }
    }
    out
}

/// For a machine: the form that CI systems read.
pub fn junit(file: &str, all: &[(Case, Outcome)], seconds: f64) -> String {
    let count = |wanted| all.iter().filter(|(case, outcome)| outcome.verdict(case) == wanted).count();
    let (failures, errors) = (count(Verdict::Failed), count(Verdict::Broken));
    let head = format!(
        r#"name="{}" tests="{}" failures="{failures}" errors="{errors}" time="{seconds:.3}""#,
        attribute(file),
        all.len()
    );
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite {head}>\n");
    for (case, outcome) in all {
        let name = format!("{} [{} {} {}]", case.test, case.who, case.action, case.resource);
        let head = format!(r#"<testcase classname="{}" name="{}""#, attribute(&case.who), attribute(&name));
        let element = match outcome.verdict(case) {
            Verdict::Passed => {
                out.push_str(&format!("    {head}/>\n"));
                continue;
            }
            Verdict::Failed => "failure",
            Verdict::Broken => "error",
        };
        let message = format!("expected {}, is {}", case.expect.word(), outcome.decision);
        let mut text = vec![outcome.reason.clone()];
        text.extend(outcome.detail.iter().cloned());
        out.push_str(&format!(
            "    {head}>\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>\n",
            attribute(&message),
            attribute(&text.join("\n"))
        ));
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Escaped, without what XML can't hold.
fn attribute(text: &str) -> String {
    let kept: String = text.chars().filter(|char| *char == '\n' || *char >= ' ').collect();
    escape(&kept).into_owned()
}
