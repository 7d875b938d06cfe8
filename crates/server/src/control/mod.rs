//! Our own service, `rolecall`: what the `rolecall` commands ask of a running server, signed and decided like any
//! other operation. JSON in, JSON out.

mod create_account;
mod decide;
mod delegation_notice;
mod exec;
mod json;
mod list_instances;
mod open_metadata;
mod open_terminal;
mod put_policy_template;
mod put_role_template;
mod reset;
mod why;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, Weak};

use rolecall_actions::ec2::kind;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, ByArn, Door, Row, row};
use rolecall_ec2::instances::{self, Instance, State};
use rolecall_identity::Who;
use rolecall_imds::Imds;
use rolecall_wire::{Protocol, Service};

/// What these operations need to know of the server.
#[derive(Debug, Default)]
pub struct Server {
    /// The first account, the only one that may use this service.
    pub account: AccountId,
    pub ephemeral: bool,
    /// An authorized call asked to empty everything; done before its answer is sent.
    pub resetting: AtomicBool,
    pub door: OnceLock<Weak<Door>>,
    pub imds: OnceLock<Weak<Imds>>,
}

pub static SERVICE: Service = Service {
    name: "rolecall",
    protocol: Protocol::RestJson,
    version: "2026-01-01",
    xmlns: "",
    target_prefix: "",
};

pub static OPERATIONS: &[Row] = &[
    row::<create_account::CreateAccount>(),
    row::<decide::Decide>(),
    row::<delegation_notice::DelegationNotice>(),
    row::<exec::Exec>(),
    row::<list_instances::ListInstances>(),
    row::<open_metadata::OpenMetadata>(),
    row::<open_terminal::OpenTerminal>(),
    row::<put_policy_template::PutPolicyTemplate>(),
    row::<put_role_template::PutRoleTemplate>(),
    row::<reset::Reset>(),
    row::<why::Why>(),
];

/// Only the first account's principals may use the server's own operations.
///
/// # Errors
/// AccessDenied for all others, whatever their own policies say.
fn only_first_account(at: &At<'_>) -> Result<Arc<Server>, Fault> {
    let server = at.extensions.get::<Server>()?;
    if at.caller.account == server.account && at.caller.who != Who::Anonymous {
        return Ok(server);
    }
    let text = format!("Only principals of account {} may administer this server.", server.account);
    Err(Fault::new("AccessDeniedException", 403, text))
}

/// What a question about an instance is asked about: the caller's own one with its tags, or the name alone.
fn instance(at: &At<'_>, id: &str) -> Result<ByArn<kind::Instance>, Fault> {
    let found = instances::find(at.db()?, id)?;
    Ok(match found.filter(|instance| instance.account == at.account()) {
        Some(instance) => {
            let tags = instances::tags(at.db()?, &instance)?;
            ByArn::new(instance.arn(), at.account()).tagged(tags)
        }
        None => {
            let arn = format!("arn:aws:ec2:{}:{}:instance/{id}", at.region, at.account());
            ByArn::new(arn, at.account())
        }
    })
}

/// The caller's own instance of an id.
///
/// # Errors
/// ResourceNotFoundException.
fn own_instance(at: &At<'_>, id: &str) -> Result<Instance, Fault> {
    let found = instances::find(at.db()?, id)?;
    let own = |instance: &Instance| instance.account == at.account() && instance.state != State::Terminated;
    found.filter(own).ok_or_else(|| {
        Fault::new("ResourceNotFoundException", 404, format!("The instance ID '{id}' does not exist"))
    })
}
