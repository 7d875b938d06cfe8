//! `rolecall test FILE`: access tests, by the file's own policies or by those of a running server.

use std::path::Path;
use std::time::Duration;

use rolecall_env::Env;
use rolecall_policy::{Effect, Failed, LayerTrace, Reason, StatementTrace};
use serde::Deserialize;
use serde_json::{Value, json};

use super::block_on;
use crate::access::{Case, File, Outcome, Verdict, cases, junit, told};
use crate::arguments::Test;
use crate::client::{Client, Failure};
use crate::explanation::place;

/// Cases that one call to a server takes.
const BATCH: usize = 500;
/// Statements of a failed case that are told.
const DETAILS: usize = 3;

/// What is told of a decision, whoever made it.
#[derive(Debug, Deserialize)]
struct Told {
    decision: String,
    reason: String,
    because: Reason,
    layers: Vec<LayerTrace>,
}

/// Runs the tests, writes the reports; 0 when all are as expected, 1 when one is not.
pub fn run(test: &Test) -> Result<u8, Failure> {
    let env = Env::system();
    let begun = env.now();
    let file = File::open(&test.file)?;
    let all = cases(&file)?;
    let outcomes = match &test.server {
        Some(endpoint) => block_on(by_server(endpoint, &all))?,
        None => all.iter().map(|case| by_file(&file, case)).collect(),
    };
    let all: Vec<_> = all.into_iter().zip(outcomes).collect();
    let name = test.file.display().to_string();
    if let Some(path) = &test.junit {
        let seconds = env.now().since(begun).max(Duration::from_millis(1)).as_secs_f64();
        write(path, &junit(&name, &all, seconds))?;
    }
    let color = test.color && std::io::IsTerminal::is_terminal(&std::io::stdout());
    super::show(&told(&name, &all, color))?;
    let passed = all.iter().all(|(case, outcome)| outcome.verdict(case) == Verdict::Passed);
    Ok(u8::from(!passed))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))
}

fn by_file(file: &File, case: &Case) -> Outcome {
    let trace = match file.decide(case) {
        Ok(trace) => trace,
        Err(reason) => return Outcome::broken(reason),
    };
    let (decision, reason) = (trace.decision.to_owned(), trace.reason);
    outcome(Told { decision, reason, because: trace.because, layers: trace.layers })
}

async fn by_server(endpoint: &str, all: &[Case]) -> Result<Vec<Outcome>, Failure> {
    let client = Client::new(endpoint)?;
    let mut outcomes = Vec::with_capacity(all.len());
    for batch in all.chunks(BATCH) {
        let cases: Vec<Value> = batch.iter().map(asked).collect();
        let answer = client.call("/_rolecall/decide", &json!({ "cases": cases })).await?;
        let answers = answer.get("answers").and_then(Value::as_array).cloned().unwrap_or_default();
        if answers.len() != batch.len() {
            return Err(Failure(format!("{endpoint} did not answer every case")));
        }
        for answer in answers {
            outcomes.push(match (answer.get("trace"), answer.get("error").and_then(Value::as_str)) {
                (_, Some(error)) => Outcome::broken(error.to_owned()),
                (Some(trace), None) => {
                    let told = Told::deserialize(trace);
                    outcome(
                        told.map_err(|error| {
                            Failure(format!("{endpoint} answers in another form: {error}"))
                        })?,
                    )
                }
                (None, None) => return Err(Failure(format!("{endpoint} answered a case with nothing"))),
            });
        }
    }
    Ok(outcomes)
}

fn asked(case: &Case) -> Value {
    json!({
        "principal": case.principal,
        "action": case.action,
        "resource": case.resource,
        "context": case.context.to_json(),
    })
}

fn outcome(told: Told) -> Outcome {
    let reason = match told.because {
        Reason::Granted(layer) => format!("a statement of the {} allows it", layer.noun()),
        Reason::Root => "the root user of an account needs no policy of its own".to_owned(),
        Reason::Always => "no policy can deny it to a signed caller".to_owned(),
        Reason::ExplicitDeny(_) | Reason::Silent(_) => told.reason,
    };
    let wanted = match told.because {
        Reason::ExplicitDeny(layer) | Reason::Granted(layer) | Reason::Silent(layer) => Some(layer),
        Reason::Root | Reason::Always => None,
    };
    let silent = matches!(told.because, Reason::Silent(_));
    let here = told.layers.iter().filter(|layer| Some(layer.layer) == wanted && !layer.skipped);
    let statements = here.flat_map(|layer| &layer.statements);
    let detail = statements.filter_map(|one| if silent { miss(one) } else { hit(one, &told.decision) });
    let detail = detail.take(DETAILS).collect();
    Outcome { decision: told.decision, reason, detail }
}

fn hit(statement: &StatementTrace, decision: &str) -> Option<String> {
    let wanted = if decision == "allowed" { Effect::Allow } else { Effect::Deny };
    (statement.matched && statement.effect == wanted).then(|| format!("by {}", place(&statement.at)))
}

fn miss(statement: &StatementTrace) -> Option<String> {
    let element = match statement.failed.as_ref().filter(|_| statement.effect == Effect::Allow)? {
        Failed::Action => return None,
        Failed::Principal { .. } => "Principal".to_owned(),
        Failed::Resource { .. } => "Resource".to_owned(),
        Failed::Condition { operator, key, .. } => format!("Condition {operator} {key}"),
    };
    Some(format!("{} comes near: its {element} does not match", place(&statement.at)))
}
