//! DisableOutboundWebIdentityFederation: no more tokens about the account's principals; those given out stay good.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::DisableOutboundWebIdentityFederation;
use crate::outbound;

impl Operation for DisableOutboundWebIdentityFederation {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::DisableOutboundWebIdentityFederation).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let account = req.account();
        outbound::disable(req.tx()?, account)?;
        Ok(Self::Output::default())
    }
}
