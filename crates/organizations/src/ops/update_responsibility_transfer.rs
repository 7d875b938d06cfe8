//! UpdateResponsibilityTransfer: another name for a transfer, by who gave it the first one.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    UpdateResponsibilityTransfer, UpdateResponsibilityTransferRequest, UpdateResponsibilityTransferResponse,
};
use crate::refusal::constraint;
use crate::standing::{Reach, Scope, Standing};
use crate::transfers::{self, BILLING, Side};

impl Operation for UpdateResponsibilityTransfer {
    type Access = Write;

    fn needs(input: &UpdateResponsibilityTransferRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let (transfer, side) = scope.transfer(&input.id)?;
        let question = Needs::action(organizations::UpdateResponsibilityTransfer)
            .on(&transfer)
            .key(key::TransferDirection, side.map(Side::word))
            .key(key::TransferType, Some(BILLING.to_lowercase()));
        Ok(scope.ask(question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateResponsibilityTransferResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, now) = (req.input, req.now);
        let tx = req.tx()?;
        let mut transfer = transfers::get(tx, &organization, &input.id)?;
        if Side::of(&transfer, &organization.id) != Some(Side::Inbound) {
            let text = "Only the account that manages the responsibility can update the transfer.";
            return Err(constraint("TRANSFER_RESPONSIBILITY_UPDATE_NOT_ALLOWED", text));
        }
        transfer.name.clone_from(&input.name);
        transfers::put(tx, &transfer)?;
        let shown = transfers::shown(tx, &organization, &transfer, now)?;
        Ok(UpdateResponsibilityTransferResponse { responsibility_transfer: Some(shown) })
    }
}
