//! OpenTerminal: permission to log in to an instance from a browser, as a ticket that a WebSocket redeems once. It is
//! asked what SendSSHPublicKey asks, and port 22 must be open, as for a login by EC2 Instance Connect.

use std::sync::Arc;

use rolecall_actions::ec2::kind;
use rolecall_actions::ec2_instance_connect;
use rolecall_base::Fault;
use rolecall_compute::ExecSpec;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};
use rolecall_ec2::instances::{self, State};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;
use crate::ssh_port;
use crate::terminal::Tickets;

#[derive(Debug)]
pub struct OpenTerminal;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    instance_id: String,
    /// The login user of the instance's image when absent.
    #[serde(default)]
    user: Option<String>,
    /// 0 is the usual size.
    #[serde(default)]
    columns: u16,
    #[serde(default)]
    rows: u16,
}

#[derive(Serialize)]
pub struct Opened {
    ticket: String,
    /// Where the WebSocket is opened.
    path: String,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opened")
    }
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("instanceId", Some(&self.instance_id));
        t.put("user", self.user.as_ref());
        t.close();
    }
}

operation!(OpenTerminal, "POST" "/_rolecall/terminal", Request => Opened);

/// Whose terminal it is to be.
fn user(input: &Request, at: &At<'_>) -> Result<String, Fault> {
    if let Some(user) = &input.user {
        return Ok(user.clone());
    }
    let found = instances::find(at.db()?, &input.instance_id)?;
    let boot = found.filter(|instance| instance.account == at.account()).map(|instance| instance.boot);
    Ok(boot.unwrap_or_default().login)
}

impl Operation for OpenTerminal {
    type Access = Read;

    fn needs(input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        let resource: ByArn<kind::Instance> = super::instance(at, &input.instance_id)?;
        let question = Needs::action(ec2_instance_connect::SendSSHPublicKey).on(&resource);
        Ok(question.key(ec2_instance_connect::key::Ec2Osuser, Some(&user(input, at)?)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Opened, Fault> {
        let input = req.input;
        let id = &input.instance_id;
        let instance = super::own_instance(&req.at(), id)?;
        if instance.state != State::Running {
            let text = format!("The instance {id} is {}, not running", instance.state.name());
            return Err(Fault::new("ConflictException", 409, text));
        }
        if !ssh_port::is_open(req.db()?, &instance, req.origin.source_ip)? {
            let text = format!(
                "No security group of {id} lets port 22 be reached from here. Authorize it with \
                 AuthorizeSecurityGroupIngress, or run commands with rolecall exec."
            );
            return Err(Fault::new("AccessDeniedException", 403, text));
        }
        let or = |given: u16, usual| if given == 0 { usual } else { given };
        let spec = ExecSpec {
            user: user(input, &req.at())?,
            tty: Some((or(input.columns, 80), or(input.rows, 24))),
            env: vec![("TERM".to_owned(), "xterm-256color".to_owned())],
            ..ExecSpec::root([""; 0])
        };
        let tickets: Arc<Tickets> = req.extensions.get()?;
        let ticket = tickets.issue(id, spec, req.request_id)?;
        Ok(Opened { path: format!("/_rolecall/terminal/{ticket}"), ticket })
    }
}
