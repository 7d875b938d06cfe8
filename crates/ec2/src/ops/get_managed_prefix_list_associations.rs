//! GetManagedPrefixListAssociations: which security groups and route tables refer to a list.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::managed_prefix_lists as managed;
use crate::model::{
    GetManagedPrefixListAssociations, GetManagedPrefixListAssociationsRequest,
    GetManagedPrefixListAssociationsResult, PrefixListAssociation,
};
use crate::paging::Turn;
use crate::place::Place;

impl Operation for GetManagedPrefixListAssociations {
    type Access = Read;

    fn needs(input: &GetManagedPrefixListAssociationsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(managed::on_list(ec2::GetManagedPrefixListAssociations, at, &input.prefix_list_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetManagedPrefixListAssociationsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let list = managed::get(req.db()?, place, &input.prefix_list_id)?;
        faults::dry_run(input.dry_run)?;
        let users = managed::users(req.db()?, place, &list.id)?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(users, |(id, _)| id.clone())?;
        let wire = |(id, _): (String, String)| PrefixListAssociation {
            resource_id: Some(id),
            resource_owner: Some(place.account.to_string()),
        };
        let users = page.items.into_iter().map(wire).collect();
        Ok(GetManagedPrefixListAssociationsResult {
            prefix_list_associations: Some(users),
            next_token: page.next,
        })
    }
}
