//! ModifyNetworkInterfaceAttribute: one attribute of one interface.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Question, Write};

use crate::addresses;
use crate::faults::{self, unsupported};
use crate::groups;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{
    ModifyNetworkInterfaceAttribute, ModifyNetworkInterfaceAttributeRequest,
    ModifyNetworkInterfaceAttributeResponse, NetworkInterfaceAttachmentChanges,
};
use crate::network::questions::on_existing;
use crate::place::Place;
use crate::questions::{listed, said, with_attributes, with_named};
use crate::records::{NetworkInterface, State};

impl Operation for ModifyNetworkInterfaceAttribute {
    type Access = Write;

    fn needs(input: &ModifyNetworkInterfaceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = ec2::ModifyNetworkInterfaceAttribute;
        let question = on_interface(action, at, &input.network_interface_id)?;
        // A wrong wish is refused by `run`.
        let mut needs = match wish(input) {
            Ok(wish) => wish.tell(question),
            Err(_) => question.done(),
        };
        for id in input.groups.as_deref().unwrap_or_default() {
            let question = on_existing(action, kind::SecurityGroup, at, id)?;
            needs = needs.and(question.key(key::SecurityGroupID, Some(id.as_str())).done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyNetworkInterfaceAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut own = interfaces::own(req.db()?, place, &input.network_interface_id)?;
        let wish = wish(input)?;
        faults::dry_run(input.dry_run)?;
        match wish {
            Wish::Description(text) => {
                interfaces::check_description(Some(text))?;
                own.description = text.to_owned();
            }
            Wish::SourceDestCheck(yes) => own.source_dest_check = yes,
            Wish::Groups(ids) => own.groups = groups::for_interface(req.db()?, place, &own.vpc, ids)?,
            Wish::Attachment(changes) => attachment(&mut own, changes)?,
            Wish::Public(yes) => return public(req, own, yes),
        }
        interfaces::put(req.tx()?, &own)?;
        Ok(ModifyNetworkInterfaceAttributeResponse {})
    }
}

/// The one change that a request asks for.
enum Wish<'a> {
    Description(&'a str),
    SourceDestCheck(bool),
    Groups(&'a [String]),
    Attachment(&'a NetworkInterfaceAttachmentChanges),
    Public(bool),
}

impl Wish<'_> {
    /// What policies may ask of it.
    fn tell(&self, question: Question<ec2::ModifyNetworkInterfaceAttribute>) -> Needs {
        let (name, value) = match self {
            Wish::Description(text) => ("Description", Some((*text).to_owned())),
            Wish::SourceDestCheck(yes) => ("SourceDestCheck", said(Some(yes))),
            Wish::Groups(ids) => ("Groups", listed(Some(ids))),
            Wish::Attachment(_) => return with_named(question, &[], &[("Attachment", true)]),
            Wish::Public(yes) => ("AssociatePublicIpAddress", said(Some(yes))),
        };
        with_attributes(question, &[(name, value)])
    }
}

fn wish(input: &ModifyNetworkInterfaceAttributeRequest) -> Result<Wish<'_>, Fault> {
    let ModifyNetworkInterfaceAttributeRequest {
        ena_srd_specification,
        enable_primary_ipv6,
        connection_tracking_specification,
        associate_public_ip_address,
        associated_subnet_ids,
        dry_run: _,
        network_interface_id: _,
        description,
        source_dest_check,
        groups,
        attachment,
    } = input;
    let refused = [
        (ena_srd_specification.is_some(), "EnaSrdSpecification"),
        (enable_primary_ipv6.is_some(), "IPv6"),
        (connection_tracking_specification.is_some(), "ConnectionTrackingSpecification"),
        (associated_subnet_ids.as_ref().is_some_and(|list| !list.is_empty()), "AssociatedSubnetIds"),
    ];
    if let Some((_, what)) = refused.iter().find(|(given, _)| *given) {
        return Err(unsupported(what));
    }
    let mut wishes = Vec::new();
    wishes
        .extend(description.as_ref().map(|own| Wish::Description(own.value.as_deref().unwrap_or_default())));
    wishes.extend(source_dest_check.as_ref().and_then(|own| own.value).map(Wish::SourceDestCheck));
    wishes.extend(groups.as_deref().filter(|list| !list.is_empty()).map(Wish::Groups));
    wishes.extend(attachment.as_ref().map(Wish::Attachment));
    wishes.extend(associate_public_ip_address.map(Wish::Public));
    let mut wishes = wishes.into_iter();
    match (wishes.next(), wishes.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(faults::combination("No attributes specified.")),
        (Some(_), Some(_)) => {
            let text = "Fields for multiple attribute types specified. Specify only one attribute at a time.";
            Err(faults::combination(text))
        }
    }
}

fn attachment(own: &mut NetworkInterface, changes: &NetworkInterfaceAttachmentChanges) -> Result<(), Fault> {
    if changes.ena_queue_count.is_some() || changes.default_ena_queue_count.is_some() {
        return Err(unsupported("EnaQueueCount"));
    }
    let id = changes.attachment_id.as_deref().ok_or_else(|| faults::missing("attachmentId"))?;
    let yes = changes.delete_on_termination.ok_or_else(|| faults::missing("deleteOnTermination"))?;
    let found = own.attachment.as_mut().filter(|attachment| attachment.id == id);
    found.ok_or_else(|| interfaces::no_attachment(id))?.delete_on_termination = yes;
    Ok(())
}

/// Counts at once for the primary interface of a running instance, and at its next start.
fn public(
    req: &mut Authorized<'_, ModifyNetworkInterfaceAttribute>,
    mut own: NetworkInterface,
    yes: bool,
) -> Result<ModifyNetworkInterfaceAttributeResponse, Fault> {
    let (place, env, now) = (Place::here(req), req.env, req.now);
    own.public = yes;
    let tx = req.tx()?;
    let primary = own.attachment.as_ref().filter(|attachment| attachment.device_index == 0).cloned();
    let instance = primary.map(|at| lifecycle::get(tx, place, &at.instance, now)).transpose()?;
    if !yes
        && let Some(slot) = own.addresses.first_mut()
        && let Some(address) = slot.public.take_if(|public| public.elastic.is_none())
    {
        addresses::free_public(tx, address.address)?;
    }
    interfaces::put(tx, &own)?;
    if let Some(instance) = instance.filter(|own| yes && own.state == State::Running) {
        interfaces::started(tx, env, &instance)?;
    }
    Ok(ModifyNetworkInterfaceAttributeResponse {})
}
