//! DescribeResponsibilityTransfer: one transfer that the caller's organization takes part in.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    DescribeResponsibilityTransfer, DescribeResponsibilityTransferRequest,
    DescribeResponsibilityTransferResponse,
};
use crate::standing::{Reach, Scope, Standing};
use crate::transfers::{self, BILLING, Side};

impl Operation for DescribeResponsibilityTransfer {
    type Access = Read;

    fn needs(input: &DescribeResponsibilityTransferRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let (transfer, side) = scope.transfer(&input.id)?;
        let question = Needs::action(organizations::DescribeResponsibilityTransfer)
            .on(&transfer)
            .key(key::TransferDirection, side.map(Side::word))
            .key(key::TransferType, Some(BILLING.to_lowercase()));
        Ok(scope.ask(question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeResponsibilityTransferResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let db = req.db()?;
        let transfer = transfers::get(db, &organization, &req.input.id)?;
        let shown = transfers::shown(db, &organization, &transfer, req.now)?;
        Ok(DescribeResponsibilityTransferResponse { responsibility_transfer: Some(shown) })
    }
}
