//! ModifyImageAttribute: who may launch an image, its description, and whether its instances ask for tokens.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::faults;
use crate::images;
use crate::model::{
    LaunchPermission, ModifyImageAttribute, ModifyImageAttributeRequest, ModifyImageAttributeResponse,
};
use crate::permissions::Change;
use crate::place::Place;
use crate::questions::with_named;

impl Operation for ModifyImageAttribute {
    type Access = Write;

    fn needs(input: &ModifyImageAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let imds_support = input.imds_support.as_ref().and_then(|wish| wish.value.clone());
        let given = [("Description", description(input)), ("ImdsSupport", imds_support)];
        // Any that is wrong is refused by `run`.
        let permissions = change(input).is_ok_and(|change| change != Change::default());
        let question = on_image(ec2::ModifyImageAttribute, at, &input.image_id)?;
        Ok(with_named(question, &given, &[("LaunchPermission", permissions)]))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyImageAttributeResponse, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        let change = change(input)?;
        let text = description(input);
        // The decision was on one of them.
        let given = [text.is_some(), input.imds_support.is_some(), change != Change::default()];
        match given.iter().filter(|given| **given).count() {
            0 => return Err(faults::combination("No attributes specified.")),
            1 => {}
            _ => {
                let text =
                    "Fields for multiple attribute types specified. Specify only one attribute at a time.";
                return Err(faults::combination(text));
            }
        }
        if let Some(text) = text {
            image.description = Some(text).filter(|text| !text.is_empty());
        }
        if let Some(wish) = &input.imds_support {
            match wish.value.as_deref() {
                Some("v2.0") => image.tokens_required = true,
                value => {
                    let why = "Only v2.0 can be set, and it can't be taken back.";
                    return Err(faults::invalid_value(value.unwrap_or_default(), "imdsSupport", why));
                }
            }
        }
        if change != Change::default() {
            change.apply(&mut image.public, &mut image.shared)?;
        }
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(ModifyImageAttributeResponse {})
    }
}

/// The description that is wished for, in either form; an empty one takes it away.
fn description(input: &ModifyImageAttributeRequest) -> Option<String> {
    let older = || input.value.clone().filter(|_| input.attribute.as_deref() == Some("description"));
    let own = input.description.as_ref().map(|wish| wish.value.clone().unwrap_or_default());
    own.or_else(older)
}

/// What the two forms of the request say together of permissions.
fn change(input: &ModifyImageAttributeRequest) -> Result<Change, Fault> {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if some(&input.organization_arns) || some(&input.organizational_unit_arns) {
        return Err(faults::unsupported("Sharing an image with an organization"));
    }
    if some(&input.product_codes) {
        return Err(faults::unsupported("Product codes of an image"));
    }
    let mut change = Change::default();
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    change.add_older(input.operation_type.as_deref(), &list(&input.user_ids), &list(&input.user_groups));
    let wish = input.launch_permission.as_ref();
    for (list, is_added) in
        [(wish.and_then(|wish| wish.add.as_ref()), true), (wish.and_then(|wish| wish.remove.as_ref()), false)]
    {
        for one in list.into_iter().flatten() {
            let LaunchPermission { organization_arn, organizational_unit_arn, user_id, group } = one;
            if organization_arn.is_some() || organizational_unit_arn.is_some() {
                return Err(faults::unsupported("Sharing an image with an organization"));
            }
            let (users, groups) = match is_added {
                true => (&mut change.add_users, &mut change.add_groups),
                false => (&mut change.remove_users, &mut change.remove_groups),
            };
            users.extend(user_id.clone());
            groups.extend(group.clone());
        }
    }
    Ok(change)
}
