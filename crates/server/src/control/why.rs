//! Why: how a recent call was decided, layer by layer, statement by statement, and what would have allowed it.

use std::sync::Weak;

use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::Caller;
use rolecall_identity::records::{AttachedTo, BoundaryOf, GroupMembers, Groups, Holder, Roles, Users, fold};
use rolecall_policy::{Change, Layer, Owner, PolicyId, Remedy, Trace};
use rolecall_store::Reader;
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
    trace: Trace,
    remedies: Vec<Way>,
}

/// A way to have had it allowed.
#[derive(Debug, Serialize)]
struct Way {
    #[serde(flatten)]
    remedy: Remedy,
    /// ARNs of others whom a changed policy binds too.
    also: Vec<String>,
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
        let db = req.db()?;
        let mut questions = Vec::new();
        for (ask, trace) in decided.asks.iter().zip(door.explain(&decided)) {
            let remedies = door.remedies(&decided, ask, &kin(ask.action));
            let with_others =
                |remedy: Remedy| Ok(Way { also: others(db, &decided.caller, &remedy)?, remedy });
            questions.push(Question {
                action: ask.action.to_owned(),
                resource: ask.resource.clone().into_owned(),
                trace,
                remedies: remedies.into_iter().map(with_others).collect::<Result<_, Fault>>()?,
            });
        }
        Ok(Explanation {
            request_id: id.clone(),
            at: decided.at.iso_millis(),
            service: decided.service.to_owned(),
            operation: decided.operation.to_owned(),
            caller: decided.caller.arn.clone(),
            region: decided.region.clone(),
            code: decided.fault.as_ref().map(|fault| fault.code().to_owned()),
            message: decided.fault.as_ref().map(|fault| fault.message().to_owned()),
            questions,
        })
    }
}

/// Others that are named; the rest are left out.
const MANY: usize = 100;

/// The actions on the same kinds of resource.
fn kin(action: &str) -> Vec<&'static str> {
    let Some(asked) = rolecall_actions::row(action) else { return Vec::new() };
    let service = action.split(':').next().unwrap_or_default();
    let rows = rolecall_actions::services().iter().filter(|rows| rows.service == service);
    let alike = |row: &&rolecall_actions::ActionRow| {
        let shares = row.resources.iter().any(|one| asked.resources.iter().any(|own| own.kind == one.kind));
        shares || (row.resources.is_empty() && asked.resources.is_empty())
    };
    rows.flat_map(|rows| rows.actions).filter(alike).map(|row| row.name).collect()
}

/// Whom else the changed policies bind: the members of a group, the others that a managed policy is attached to.
fn others(db: &Reader, caller: &Caller, remedy: &Remedy) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for change in &remedy.changes {
        let Change::Policy { layer, policy, .. } = change else { continue };
        match policy {
            PolicyId::Inline { owner: Owner::Group, entity, .. } => {
                let group = (caller.account, fold(entity));
                for ((_, _, user), _) in db.scan::<GroupMembers>(&group, None, MANY)? {
                    found.push((Holder::User, user));
                }
            }
            PolicyId::Managed(arn) => {
                let policy = (caller.account, arn.clone());
                let word = |of: &str| {
                    [Holder::User, Holder::Group, Holder::Role].into_iter().find(|holder| holder.word() == of)
                };
                let attached = match layer {
                    Layer::Boundary => keys(db.scan::<BoundaryOf>(&policy, None, MANY)?),
                    _ => keys(db.scan::<AttachedTo>(&policy, None, MANY)?),
                };
                found.extend(attached.into_iter().filter_map(|(_, _, of, name)| Some((word(&of)?, name))));
            }
            PolicyId::Inline { .. } | PolicyId::Attached(_) => {}
        }
    }
    let mut arns = Vec::new();
    for (holder, name) in found {
        if let Some(arn) = arn(db, caller, holder, &name)?
            && arn != caller.principal_arn
            && !arns.contains(&arn)
        {
            arns.push(arn);
        }
    }
    Ok(arns)
}

fn keys<K, V>(rows: Vec<(K, V)>) -> Vec<K> {
    rows.into_iter().map(|(key, _)| key).collect()
}

fn arn(db: &Reader, caller: &Caller, holder: Holder, name: &str) -> Result<Option<String>, Fault> {
    let key = (caller.account, name.to_owned());
    Ok(match holder {
        Holder::User => db.get::<Users>(&key)?.map(|user| user.arn()),
        Holder::Group => db.get::<Groups>(&key)?.map(|group| group.arn()),
        Holder::Role => db.get::<Roles>(&key)?.map(|role| role.arn()),
    })
}
