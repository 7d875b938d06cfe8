//! ListInboundResponsibilityTransfers: the transfers by which this organization manages others'.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    ListInboundResponsibilityTransfers, ListInboundResponsibilityTransfersRequest,
    ListInboundResponsibilityTransfersResponse,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::transfers::{self, BILLING, Side};

impl Operation for ListInboundResponsibilityTransfers {
    type Access = Read;

    fn needs(_input: &ListInboundResponsibilityTransfersRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let question = Needs::action(organizations::ListInboundResponsibilityTransfers)
            .anywhere()
            .key(key::TransferDirection, Some(Side::Inbound.word()))
            .key(key::TransferType, Some(BILLING.to_lowercase()));
        Ok(scope.ask(question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListInboundResponsibilityTransfersResponse, Fault> {
        let (input, now) = (req.input, req.now);
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let organization = Standing::require(req, Reach::Management)?.organization;
        let db = req.db()?;
        let mut all = transfers::all(db, &organization.id)?;
        all.retain(|transfer| Side::of(transfer, &organization.id) == Some(Side::Inbound));
        if let Some(id) = &input.id {
            all.retain(|transfer| transfer.id == *id);
            if all.is_empty() {
                return Err(transfers::absent());
            }
        }
        let items = all.into_iter().map(|transfer| (transfer.id.clone(), transfer));
        let (page, next_token) =
            window.cut(items, |transfer| transfers::shown(db, &organization, &transfer, now))?;
        Ok(ListInboundResponsibilityTransfersResponse { responsibility_transfers: Some(page), next_token })
    }
}
