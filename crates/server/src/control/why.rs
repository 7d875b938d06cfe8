//! Why: how a recent call was decided, layer by layer, statement by statement.

use std::sync::Weak;

use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

#[derive(Debug)]
pub struct Why;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    request_id: String,
}

#[derive(Debug, Serialize)]
pub struct Explanation {
    request_id: String,
    at: String,
    service: String,
    operation: String,
    caller: String,
    region: String,
    code: Option<String>,
    message: Option<String>,
    questions: Vec<Question>,
}

#[derive(Debug, Serialize)]
struct Question {
    action: String,
    resource: String,
    trace: serde_json::Value,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("requestId", Some(&self.request_id));
        t.close();
    }
}

operation!(Why, "POST" "/_rolecall/why", Request => Explanation);

impl Operation for Why {
    type Access = Read;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::Why).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Explanation, Fault> {
        let id = &req.input.request_id;
        let door = req.extensions.get::<super::Server>()?.door.get().and_then(Weak::upgrade);
        let door = door.ok_or_else(|| Fault::internal("the server has no door"))?;
        let decided = door.decisions.find(id).ok_or_else(|| {
            let text = format!("There is no decision on request {id} among the last 1,024.");
            Fault::new("ResourceNotFoundException", 404, text)
        })?;
        let traces = door.explain(&decided);
        let questions = decided.asks.iter().zip(traces).map(|(ask, trace)| Question {
            action: ask.action.to_owned(),
            resource: ask.resource.clone().into_owned(),
            trace: serde_json::to_value(trace).unwrap_or_default(),
        });
        Ok(Explanation {
            request_id: id.clone(),
            at: decided.at.iso_millis(),
            service: decided.service.to_owned(),
            operation: decided.operation.to_owned(),
            caller: decided.caller.arn.clone(),
            region: decided.region.clone(),
            code: decided.fault.as_ref().map(|fault| fault.code().to_owned()),
            message: decided.fault.as_ref().map(|fault| fault.message().to_owned()),
            questions: questions.collect(),
        })
    }
}
