//! ModifyInstanceMetadataOptions: what is not given keeps its value.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::describe::metadata_to_wire;
use crate::faults;
use crate::launch;
use crate::lifecycle;
use crate::model::{
    InstanceMetadataOptionsRequest, ModifyInstanceMetadataOptions, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult,
};
use crate::place::Place;
use crate::questions::{on_instance, said, with_attributes};
use crate::settings;

impl Operation for ModifyInstanceMetadataOptions {
    type Access = Write;

    fn needs(input: &ModifyInstanceMetadataOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyInstanceMetadataOptions, at, &input.instance_id)?;
        let given = [
            ("HttpTokens", input.http_tokens.clone()),
            ("HttpPutResponseHopLimit", said(input.http_put_response_hop_limit)),
            ("HttpEndpoint", input.http_endpoint.clone()),
            ("HttpProtocolIpv6", input.http_protocol_ipv6.clone()),
            ("InstanceMetadataTags", input.instance_metadata_tags.clone()),
        ];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceMetadataOptionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut instance = lifecycle::get_standing(req.db()?, place, &input.instance_id, req.now)?;
        let account = settings::of(req.db()?, place)?.metadata;
        let wished = InstanceMetadataOptionsRequest {
            http_tokens: input.http_tokens.clone(),
            http_put_response_hop_limit: input.http_put_response_hop_limit,
            http_endpoint: input.http_endpoint.clone(),
            http_protocol_ipv6: input.http_protocol_ipv6.clone(),
            instance_metadata_tags: input.instance_metadata_tags.clone(),
        };
        instance.metadata = launch::metadata(instance.metadata, Some(&wished))?;
        if input.http_tokens.is_some() {
            account.check(&instance.metadata, "modify an instance")?;
        }
        faults::dry_run(input.dry_run)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(ModifyInstanceMetadataOptionsResult {
            instance_id: Some(instance.id),
            instance_metadata_options: Some(metadata_to_wire(&instance.metadata, "pending")),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    #[test]
    fn what_is_not_named_stays_and_a_change_is_pending_then_applied() {
        let world = World::new(1);
        let id = launch(&world, request());
        let modify = |change: fn(&mut ModifyInstanceMetadataOptionsRequest)| {
            let mut input =
                ModifyInstanceMetadataOptionsRequest { instance_id: id.clone(), ..Default::default() };
            change(&mut input);
            world.call::<ModifyInstanceMetadataOptions>(&world.root(ACCOUNT), input)
        };
        modify(|input| input.http_tokens = Some("required".into())).unwrap();
        modify(|input| input.instance_metadata_tags = Some("enabled".into())).unwrap();
        let answer = modify(|input| input.http_put_response_hop_limit = Some(64)).unwrap();
        assert_eq!(answer.instance_metadata_options.unwrap().state.as_deref(), Some("pending"));
        let own = seen(&world, &id).metadata_options.unwrap();
        assert_eq!(
            [
                own.state,
                own.http_tokens,
                own.instance_metadata_tags,
                own.http_endpoint,
                own.http_protocol_ipv6
            ]
            .map(Option::unwrap),
            ["applied", "required", "enabled", "enabled", "disabled"]
        );
        assert_eq!(own.http_put_response_hop_limit, Some(64));
        for hops in [0, 65] {
            let input = ModifyInstanceMetadataOptionsRequest {
                instance_id: id.clone(),
                http_put_response_hop_limit: Some(hops),
                ..Default::default()
            };
            let outcome = world.call::<ModifyInstanceMetadataOptions>(&world.root(ACCOUNT), input);
            check_fault(outcome, "InvalidParameterValue");
        }
    }
}
