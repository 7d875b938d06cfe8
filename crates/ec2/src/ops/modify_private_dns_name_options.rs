//! ModifyPrivateDnsNameOptions: what an instance is called inside its network.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::launch;
use crate::lifecycle;
use crate::model::{
    ModifyPrivateDnsNameOptions, ModifyPrivateDnsNameOptionsRequest, ModifyPrivateDnsNameOptionsResult,
};
use crate::place::Place;
use crate::questions::{on_instance, said, with_attributes};
use crate::records::State;
use crate::wiring;

impl Operation for ModifyPrivateDnsNameOptions {
    type Access = Write;

    fn needs(input: &ModifyPrivateDnsNameOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyPrivateDnsNameOptions, at, &input.instance_id)?;
        let given = [
            ("PrivateDnsHostnameType", input.private_dns_hostname_type.clone()),
            ("EnableResourceNameDnsARecord", said(input.enable_resource_name_dns_a_record)),
            ("EnableResourceNameDnsAAAARecord", said(input.enable_resource_name_dns_aaaa_record)),
        ];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyPrivateDnsNameOptionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut instance = lifecycle::get_standing(req.db()?, place, &input.instance_id, req.now)?;
        let kind = input.private_dns_hostname_type.as_deref();
        if kind.is_some() && instance.state != State::Stopped {
            return Err(lifecycle::not_stopped(&instance));
        }
        let (a, aaaa) = (input.enable_resource_name_dns_a_record, input.enable_resource_name_dns_aaaa_record);
        instance.settings.names = launch::host_names(instance.settings.names, kind, a, aaaa);
        faults::dry_run(input.dry_run)?;
        lifecycle::write(req.tx()?, &instance)?;
        wiring::touch(req.tx()?, place, &instance.vpc)?;
        Ok(ModifyPrivateDnsNameOptionsResult { return_: Some(true) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen, stop};

    #[test]
    fn an_instance_is_named_by_its_address_or_its_id() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let name = || seen(&world, &id).private_dns_name.unwrap();
        assert!(name().starts_with("ip-172-31-"), "{}", name());
        let change = || ModifyPrivateDnsNameOptionsRequest {
            instance_id: id.clone(),
            private_dns_hostname_type: Some("resource-name".into()),
            ..Default::default()
        };
        let call = |input| world.call::<ModifyPrivateDnsNameOptions>(&root, input);
        check_fault(call(change()), "IncorrectInstanceState");
        stop(&world, &id);
        call(change()).unwrap();
        assert_eq!(name(), format!("{id}.ec2.internal"));
    }
}
