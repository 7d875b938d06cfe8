//! Decide: what somebody may do now, by the policies that are stored, without doing it. For access tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use rolecall_actions::rolecall;
use rolecall_base::{Arn, Fault};
use rolecall_door::{Ask, At, Authorized, Decided, KeyValue, Needs, Operation, Origin, Placed, Read};
use rolecall_identity::records::{Roles, fold};
use rolecall_identity::{Caller, Identity};
use rolecall_policy::{Rule, Trace};
use rolecall_store::Reader;
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

/// Cases of one call.
const MANY: usize = 1000;

#[derive(Debug)]
pub struct Decide;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// An ARN, a service, or `anonymous`.
    principal: String,
    action: String,
    /// An ARN, or `*`.
    resource: String,
    /// Condition keys, over those that the server knows itself.
    #[serde(default)]
    context: BTreeMap<String, Texts>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Serialize)]
pub struct Answers {
    answers: Vec<Answer>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Decided {
        trace: Box<Trace>,
    },
    /// The case names somebody or something that there is not.
    Undecided {
        error: String,
    },
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("cases", Some(&self.cases.len().to_string()));
        t.close();
    }
}

operation!(Decide, "POST" "/_rolecall/decide", Request => Answers);

impl Operation for Decide {
    type Access = Read;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::Decide).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Answers, Fault> {
        if req.input.cases.len() > MANY {
            return Err(Fault::new("ValidationException", 400, format!("At most {MANY} cases at a time.")));
        }
        let door = req.extensions.get::<super::Server>()?.door.get().and_then(Weak::upgrade);
        let door = door.ok_or_else(|| Fault::internal("the server has no door"))?;
        let (db, mut answers) = (req.db()?, Vec::new());
        for case in &req.input.cases {
            let Some(caller) = req.identity.principal(db, &case.principal, req.account())? else {
                let error = format!("there is no principal {}", case.principal);
                answers.push(Answer::Undecided { error });
                continue;
            };
            let Some(row) = rolecall_actions::row(&case.action) else {
                answers.push(Answer::Undecided { error: format!("there is no action {}", case.action) });
                continue;
            };
            let mut decided = Decided {
                request_id: String::new(),
                at: req.now,
                service: "rolecall",
                operation: "Decide",
                asks: vec![question(db, req.identity, &caller, row.name, case)?],
                caller: Arc::new(caller),
                region: req.region.to_owned(),
                origin: Origin { secure: true, ..Origin::default() },
                fault: None,
            };
            door.find_placements(&mut decided)?;
            let trace = door.explain(&decided).into_iter().next();
            let trace = trace.ok_or_else(|| Fault::internal("a question got no answer"))?;
            answers.push(Answer::Decided { trace: Box::new(trace) });
        }
        Ok(Answers { answers })
    }
}

/// The question, with the policy of its resource: a bucket's, or a role's trust.
fn question(
    db: &Reader,
    identity: &Identity,
    caller: &Caller,
    action: &'static str,
    case: &Case,
) -> Result<Ask, Fault> {
    let arn = Arn::parse(&case.resource).ok();
    let mut ask = Ask {
        action,
        resource: case.resource.clone().into(),
        account: arn.and_then(|arn| arn.account_id()),
        tags: rolecall_base::Tags::default(),
        policy: None,
        keys: case.context.iter().map(|(key, texts)| (key.to_lowercase().into(), value(texts))).collect(),
        rule: Rule::Standard,
        placed: Placed::default(),
        via: None,
    };
    let Some(arn) = arn else { return Ok(ask) };
    if arn.service == "s3" {
        let bucket = arn.resource.split('/').next().unwrap_or_default();
        if let Some(said) = rolecall_s3::bucket_policy(db, &identity.documents, caller, bucket)? {
            (ask.account, ask.policy) = (Some(said.owner), said.policy);
        }
    }
    if arn.service == "iam"
        && arn.kind_and_rest().0 == "role"
        && let Some(account) = ask.account
        && let Some(role) =
            db.get::<Roles>(&(account, fold(arn.name())))?.filter(|role| role.arn() == case.resource)
    {
        ask.tags = role.tags.clone();
        if action.starts_with("sts:") {
            (ask.policy, ask.rule) = (Some(identity.documents.trust(&role.trust)?), Rule::TrustDecides);
        }
    }
    Ok(ask)
}

fn value(texts: &Texts) -> KeyValue {
    match texts {
        Texts::One(text) => KeyValue::One(text.clone()),
        Texts::Many(list) => KeyValue::Many(list.clone()),
    }
}
