//! Reset: empties an ephemeral server.

use std::sync::atomic::Ordering;

use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

#[derive(Debug)]
pub struct Reset;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {}

#[derive(Debug, Serialize)]
pub struct Emptied {
    status: &'static str,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

operation!(Reset, "POST" "/_rolecall/reset", Request => Emptied);

impl Operation for Reset {
    // The emptying itself is no transaction: `exchange` does it before it sends the answer.
    type Access = Read;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        let server = super::only_first_account(at)?;
        if !server.ephemeral {
            let text = "Only a server that was started with --ephemeral can be reset.";
            return Err(Fault::new("InvalidRequestException", 400, text));
        }
        if at.caller.who != rolecall_identity::Who::Root {
            let text = "Only the root user may reset this server.";
            return Err(Fault::new("AccessDeniedException", 403, text));
        }
        Ok(Needs::action(rolecall::Reset).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Emptied, Fault> {
        req.extensions.get::<super::Server>()?.resetting.store(true, Ordering::SeqCst);
        Ok(Emptied { status: "empty" })
    }
}
