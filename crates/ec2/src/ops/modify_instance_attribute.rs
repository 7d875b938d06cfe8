//! ModifyInstanceAttribute: one attribute of one instance, some only while it is stopped.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Question, Write};

use crate::faults;
use crate::groups;
use crate::instance_types;
use crate::interfaces;
use crate::launch;
use crate::lifecycle;
use crate::model::{
    ModifyInstanceAttribute, ModifyInstanceAttributeRequest, ModifyInstanceAttributeResponse,
};
use crate::place::Place;
use crate::questions::{listed, on_instance, said, with_attributes, with_named};
use crate::records::{Instance, Shutdown, State};

impl Operation for ModifyInstanceAttribute {
    type Access = Write;

    fn needs(input: &ModifyInstanceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyInstanceAttribute, at, &input.instance_id)?;
        // A wrong wish is refused by `run`.
        let mut needs = match wish(input) {
            Ok(wish) => wish.tell(question),
            Err(_) => question.done(),
        };
        for group in input.groups.as_deref().unwrap_or_default() {
            needs = needs.and(groups::on_group(ec2::ModifyInstanceAttribute, at, Some(group), None)?.done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut instance = lifecycle::get(req.db()?, place, &input.instance_id, req.now)?;
        let wish = wish(input)?;
        let stopped = instance.state == State::Stopped;
        if instance.state.is_ending() || wish.wants_stopped() && !stopped {
            return Err(lifecycle::not_stopped(&instance));
        }
        let mut interface = interfaces::primary(req.db()?, &instance)?;
        match wish {
            Wish::Groups(ids) => {
                interface.groups = groups::for_interface(req.db()?, place, &instance.vpc, ids)?;
            }
            Wish::SourceDestCheck(yes) => interface.source_dest_check = yes,
            wish => apply(&mut instance, wish)?,
        }
        faults::dry_run(input.dry_run)?;
        interfaces::put(req.tx()?, &interface)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(ModifyInstanceAttributeResponse {})
    }
}

/// The one change that a request asks for.
enum Wish<'a> {
    Type(&'a str),
    UserData(Vec<u8>),
    Keep(bool),
    KeepRunning(bool),
    Shutdown(&'a str),
    Groups(&'a [String]),
    SourceDestCheck(bool),
    EbsOptimized(bool),
    EnaSupport(bool),
}

impl Wish<'_> {
    fn name(&self) -> &'static str {
        match self {
            Wish::Type(_) => "InstanceType",
            Wish::UserData(_) => "UserData",
            Wish::Keep(_) => "DisableApiTermination",
            Wish::KeepRunning(_) => "DisableApiStop",
            Wish::Shutdown(_) => "InstanceInitiatedShutdownBehavior",
            Wish::Groups(_) => "Groups",
            Wish::SourceDestCheck(_) => "SourceDestCheck",
            Wish::EbsOptimized(_) => "EbsOptimized",
            Wish::EnaSupport(_) => "EnaSupport",
        }
    }

    /// What policies may ask of it.
    fn tell(&self, question: Question<ec2::ModifyInstanceAttribute>) -> Needs {
        let value = match self {
            Wish::UserData(_) => return with_named(question, &[], &[(self.name(), true)]),
            Wish::Type(word) | Wish::Shutdown(word) => Some((*word).to_owned()),
            Wish::Groups(ids) => listed(Some(ids)),
            Wish::Keep(yes)
            | Wish::KeepRunning(yes)
            | Wish::SourceDestCheck(yes)
            | Wish::EbsOptimized(yes)
            | Wish::EnaSupport(yes) => said(Some(yes)),
        };
        with_attributes(question, &[(self.name(), value)])
    }

    fn wants_stopped(&self) -> bool {
        matches!(self, Wish::Type(_) | Wish::UserData(_) | Wish::EbsOptimized(_) | Wish::EnaSupport(_))
    }
}

/// What is asked for, in either of the two forms: a member of its own, or `Attribute` with `Value`.
fn wish(input: &ModifyInstanceAttributeRequest) -> Result<Wish<'_>, Fault> {
    let ModifyInstanceAttributeRequest {
        source_dest_check,
        enclave_options,
        disable_api_stop,
        dry_run: _,
        instance_id: _,
        attribute,
        value,
        block_device_mappings,
        disable_api_termination,
        instance_type,
        kernel,
        ramdisk,
        user_data,
        instance_initiated_shutdown_behavior,
        groups,
        ebs_optimized,
        sriov_net_support,
        ena_support,
    } = input;
    let refused = [
        (enclave_options.is_some(), "EnclaveOptions"),
        (block_device_mappings.as_ref().is_some_and(|list| !list.is_empty()), "BlockDeviceMapping"),
        (kernel.is_some(), "Kernel"),
        (ramdisk.is_some(), "Ramdisk"),
        (sriov_net_support.is_some(), "SriovNetSupport"),
    ];
    if let Some((_, what)) = refused.iter().find(|(given, _)| *given) {
        return Err(faults::unsupported(what));
    }
    let mut wishes = Vec::new();
    wishes.extend(instance_type.as_ref().and_then(|own| own.value.as_deref()).map(Wish::Type));
    wishes.extend(user_data.as_ref().map(|own| Wish::UserData(own.value.clone().unwrap_or_default())));
    wishes.extend(disable_api_termination.as_ref().and_then(|own| own.value).map(Wish::Keep));
    wishes.extend(disable_api_stop.as_ref().and_then(|own| own.value).map(Wish::KeepRunning));
    let behavior = instance_initiated_shutdown_behavior.as_ref();
    wishes.extend(behavior.and_then(|own| own.value.as_deref()).map(Wish::Shutdown));
    wishes.extend(groups.as_deref().filter(|list| !list.is_empty()).map(Wish::Groups));
    wishes.extend(source_dest_check.as_ref().and_then(|own| own.value).map(Wish::SourceDestCheck));
    wishes.extend(ebs_optimized.as_ref().and_then(|own| own.value).map(Wish::EbsOptimized));
    wishes.extend(ena_support.as_ref().and_then(|own| own.value).map(Wish::EnaSupport));
    if let Some(attribute) = attribute {
        wishes.push(named(attribute, value.as_deref())?);
    }
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

fn named<'a>(attribute: &str, value: Option<&'a str>) -> Result<Wish<'a>, Fault> {
    let value = value.ok_or_else(|| faults::missing("Value"))?;
    let flag = || match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(faults::invalid_value(value, "value", "It must be true or false.")),
    };
    Ok(match attribute {
        "instanceType" => Wish::Type(value),
        "userData" => {
            use base64::Engine as _;
            let decoded = base64::engine::general_purpose::STANDARD.decode(value);
            Wish::UserData(decoded.map_err(|_| faults::invalid("Invalid BASE64 encoding of user data."))?)
        }
        "disableApiTermination" => Wish::Keep(flag()?),
        "disableApiStop" => Wish::KeepRunning(flag()?),
        "instanceInitiatedShutdownBehavior" => Wish::Shutdown(value),
        "sourceDestCheck" => Wish::SourceDestCheck(flag()?),
        "ebsOptimized" => Wish::EbsOptimized(flag()?),
        "enaSupport" => Wish::EnaSupport(flag()?),
        other => return Err(faults::unsupported(&format!("The attribute {other}"))),
    })
}

fn apply(instance: &mut Instance, wish: Wish<'_>) -> Result<(), Fault> {
    match wish {
        Wish::Type(name) => {
            let found = instance_types::find(name).ok_or_else(|| {
                let text = format!("Invalid value '{name}' for InstanceType.");
                faults::other("InvalidInstanceAttributeValue", text)
            })?;
            // What it was told of its cores was told of the old ones. Whether it bursts without limit stays, as in AWS.
            if found.name != instance.instance_type {
                instance.settings.cpus = None;
            }
            launch::check_type(found, &instance.boot.architecture)?;
            instance.instance_type = found.name.clone();
        }
        Wish::UserData(bytes) => instance.user_data = launch::checked_user_data(&bytes)?,
        Wish::Keep(yes) => instance.keep = yes,
        Wish::KeepRunning(yes) => instance.keep_running = yes,
        Wish::Shutdown(word) => {
            instance.shutdown = match word {
                "stop" => Shutdown::Stop,
                "terminate" => Shutdown::Terminate,
                other => {
                    let why = "It must be stop or terminate.";
                    return Err(faults::invalid_value(other, "instanceInitiatedShutdownBehavior", why));
                }
            }
        }
        // Those of its primary interface: see `run`.
        Wish::Groups(_) | Wish::SourceDestCheck(_) => {}
        Wish::EbsOptimized(yes) => instance.settings.ebs_optimized = yes,
        Wish::EnaSupport(true) => {}
        Wish::EnaSupport(false) => return Err(faults::unsupported("EnaSupport=false")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    #[test]
    fn the_type_changes_only_while_it_is_stopped() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let change = || ModifyInstanceAttributeRequest {
            instance_id: id.clone(),
            instance_type: Some(AttributeValue { value: Some("t3.large".into()) }),
            ..Default::default()
        };
        check_fault(world.call::<ModifyInstanceAttribute>(&root, change()), "IncorrectInstanceState");
        let stop = StopInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<StopInstances>(&root, stop).unwrap();
        world.call::<ModifyInstanceAttribute>(&root, change()).unwrap();
        assert_eq!(seen(&world, &id).instance_type.unwrap(), "t3.large");
        let mut unknown = change();
        unknown.instance_type = Some(AttributeValue { value: Some("t9.large".into()) });
        let text = check_fault(
            world.call::<ModifyInstanceAttribute>(&root, unknown),
            "InvalidInstanceAttributeValue",
        );
        assert_eq!(text, "Invalid value 't9.large' for InstanceType.");
        let mut two = change();
        two.disable_api_stop = Some(AttributeBooleanValue { value: Some(true) });
        check_fault(world.call::<ModifyInstanceAttribute>(&root, two), "InvalidParameterCombination");
    }

    #[test]
    fn a_named_attribute_is_set_and_read() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let change = ModifyInstanceAttributeRequest {
            instance_id: id.clone(),
            attribute: Some("disableApiTermination".into()),
            value: Some("true".into()),
            ..Default::default()
        };
        world.call::<ModifyInstanceAttribute>(&root, change).unwrap();
        let read = DescribeInstanceAttributeRequest {
            instance_id: id,
            attribute: "disableApiTermination".into(),
            ..Default::default()
        };
        let read = world.call::<DescribeInstanceAttribute>(&root, read).unwrap();
        assert_eq!(read.disable_api_termination.unwrap().value, Some(true));
    }

    #[test]
    fn metadata_options_that_are_not_named_stay() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let change = |tokens: Option<&str>, hops| ModifyInstanceMetadataOptionsRequest {
            instance_id: id.clone(),
            http_tokens: tokens.map(Into::into),
            http_put_response_hop_limit: hops,
            ..Default::default()
        };
        let call = |input| world.call::<ModifyInstanceMetadataOptions>(&root, input);
        call(change(Some("required"), None)).unwrap();
        let answer = call(change(None, Some(3))).unwrap().instance_metadata_options.unwrap();
        assert_eq!(answer.state.as_deref(), Some("pending"));
        let options = seen(&world, &id).metadata_options.unwrap();
        assert_eq!(
            (options.http_tokens.as_deref(), options.http_put_response_hop_limit),
            (Some("required"), Some(3))
        );
        check_fault(call(change(None, Some(65))), "InvalidParameterValue");
    }
}
