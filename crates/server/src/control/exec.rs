//! Exec: permission to run a command in an instance, as a ticket that a terminal connection redeems once.

use std::sync::Arc;

use rolecall_actions::ec2::kind;
use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_compute::ExecSpec;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};
use rolecall_wire::record::{HIDDEN, Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;
use crate::terminal::Tickets;

#[derive(Debug)]
pub struct Exec;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    instance_id: String,
    /// Program and arguments; a login shell when empty.
    #[serde(default)]
    command: Vec<String>,
    #[serde(default = "root")]
    user: String,
    /// Columns and rows of a terminal.
    #[serde(default)]
    tty: Option<(u16, u16)>,
}

fn root() -> String {
    "root".to_owned()
}

#[derive(Serialize)]
pub struct Ticket {
    ticket: String,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket")
    }
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("instanceId", Some(&self.instance_id));
        t.put("user", Some(&self.user));
        t.put("tty", Some(&self.tty.is_some()));
        // Command lines may hold secrets.
        t.masked("command", !self.command.is_empty(), HIDDEN);
        t.close();
    }
}

operation!(Exec, "POST" "/_rolecall/exec", Request => Ticket);

impl Operation for Exec {
    type Access = Read;

    fn needs(input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        let resource: ByArn<kind::Instance> = super::instance(at, &input.instance_id)?;
        Ok(Needs::action(rolecall::Exec).on(&resource).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Ticket, Fault> {
        let id = &req.input.instance_id;
        super::own_instance(&req.at(), id)?;
        let shell = || vec!["/bin/bash".to_owned(), "-l".to_owned()];
        let argv = if req.input.command.is_empty() { shell() } else { req.input.command.clone() };
        let spec =
            ExecSpec { argv, user: req.input.user.clone(), tty: req.input.tty, ..ExecSpec::root([""; 0]) };
        let tickets: Arc<Tickets> = req.extensions.get()?;
        Ok(Ticket { ticket: tickets.issue(id, spec, req.request_id)? })
    }
}
