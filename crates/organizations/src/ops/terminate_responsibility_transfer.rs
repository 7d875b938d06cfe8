//! TerminateResponsibilityTransfer: either side ends a transfer, with the end of a month.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    TerminateResponsibilityTransfer, TerminateResponsibilityTransferRequest,
    TerminateResponsibilityTransferResponse, fault,
};
use crate::standing::{Reach, Scope, Standing};
use crate::transfers::{self, BILLING, Side};

impl Operation for TerminateResponsibilityTransfer {
    type Access = Write;

    fn needs(input: &TerminateResponsibilityTransferRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let (transfer, side) = scope.transfer(&input.id)?;
        let question = Needs::action(organizations::TerminateResponsibilityTransfer)
            .on(&transfer)
            .key(key::TransferDirection, side.map(Side::word))
            .key(key::TransferType, Some(BILLING.to_lowercase()));
        Ok(scope.ask(question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TerminateResponsibilityTransferResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, now) = (req.input, req.now);
        let tx = req.tx()?;
        let mut transfer = transfers::get(tx, &organization, &input.id)?;
        match transfers::status(&transfer, now) {
            "ACCEPTED" => {}
            "WITHDRAWN" => {
                let text = "The responsibility transfer is already in the status that you specified.";
                return Err(fault::responsibility_transfer_already_in_status(text));
            }
            _ => {
                let text = "The responsibility transfer can't transition to the requested state because it's not in a \
                            valid state for this operation.";
                return Err(fault::invalid_responsibility_transfer_transition(text));
            }
        }
        transfer.end = Some(transfers::end(input.end_timestamp, transfer.start, now)?);
        transfer.status = "WITHDRAWN".into();
        transfers::put(tx, &transfer)?;
        let shown = transfers::shown(tx, &organization, &transfer, now)?;
        Ok(TerminateResponsibilityTransferResponse { responsibility_transfer: Some(shown) })
    }
}
