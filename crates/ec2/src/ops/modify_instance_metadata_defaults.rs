//! ModifyInstanceMetadataDefaults: what launches get in this account and region that do not say. What is not given stays.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    ModifyInstanceMetadataDefaults, ModifyInstanceMetadataDefaultsRequest,
    ModifyInstanceMetadataDefaultsResult,
};
use crate::place::Place;
use crate::questions::{enabled, required, said, with_values};
use crate::records::MetadataDefaults;
use crate::settings;

impl Operation for ModifyInstanceMetadataDefaults {
    type Access = Write;

    fn needs(input: &ModifyInstanceMetadataDefaultsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = Needs::action(ec2::ModifyInstanceMetadataDefaults).anywhere();
        let given = [
            ("HttpTokens", input.http_tokens.clone()),
            ("HttpPutResponseHopLimit", said(input.http_put_response_hop_limit)),
            ("HttpEndpoint", input.http_endpoint.clone()),
            ("InstanceMetadataTags", input.instance_metadata_tags.clone()),
            ("HttpTokensEnforced", input.http_tokens_enforced.clone()),
        ];
        Ok(with_values(question.key(key::Region, Some(at.region)), &given).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceMetadataDefaultsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let own = settings::of(req.db()?, place)?.metadata;
        let new = changed(own, input)?;
        faults::dry_run(input.dry_run)?;
        settings::change(req.tx()?, place, |own| own.metadata = new)?;
        Ok(ModifyInstanceMetadataDefaultsResult { return_: Some(true) })
    }
}

/// Takes back a wish.
const NONE: &str = "no-preference";

fn changed(
    own: MetadataDefaults,
    input: &ModifyInstanceMetadataDefaultsRequest,
) -> Result<MetadataDefaults, Fault> {
    let flag = |wish: &Option<String>, yes: &str, own: Option<bool>| match wish.as_deref() {
        None => own,
        Some(NONE) => None,
        Some(word) => Some(word == yes),
    };
    let hop_limit = match input.http_put_response_hop_limit {
        None => own.hop_limit,
        Some(-1) => None,
        Some(hops) if (1..=64).contains(&hops) => Some(hops),
        Some(hops) => {
            let why = "Specify a value between 1 and 64, or -1 to indicate no preference.";
            return Err(faults::invalid_value(hops, "HttpPutResponseHopLimit", why));
        }
    };
    Ok(MetadataDefaults {
        tokens_required: flag(&input.http_tokens, required(true), own.tokens_required),
        hop_limit,
        enabled: flag(&input.http_endpoint, enabled(true), own.enabled),
        tags: flag(&input.instance_metadata_tags, enabled(true), own.tags),
        enforced: flag(&input.http_tokens_enforced, enabled(true), own.enforced),
    })
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, run, seen};

    #[test]
    fn the_request_goes_before_the_account_which_goes_before_the_image() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let call = |input| world.call::<ModifyInstanceMetadataDefaults>(&root, input);
        call(ModifyInstanceMetadataDefaultsRequest {
            http_tokens: Some("required".into()),
            http_put_response_hop_limit: Some(3),
            ..Default::default()
        })
        .unwrap();
        let options = seen(&world, &launch(&world, request())).metadata_options.unwrap();
        assert_eq!(options.http_tokens.as_deref(), Some("required"));
        assert_eq!(options.http_put_response_hop_limit, Some(3));
        let mut own = request();
        own.metadata_options = Some(InstanceMetadataOptionsRequest {
            http_tokens: Some("optional".into()),
            ..Default::default()
        });
        let options = seen(&world, &launch(&world, own.clone())).metadata_options.unwrap();
        assert_eq!(options.http_tokens.as_deref(), Some("optional"));
        assert_eq!(options.http_put_response_hop_limit, Some(3));
        call(ModifyInstanceMetadataDefaultsRequest {
            http_tokens_enforced: Some("enabled".into()),
            http_put_response_hop_limit: Some(-1),
            ..Default::default()
        })
        .unwrap();
        let text = check_fault(run(&world, &root, own), "UnsupportedOperation");
        assert!(text.contains("httpTokensEnforced is enabled for this account"), "{text}");
        let id = launch(&world, request());
        assert_eq!(seen(&world, &id).metadata_options.unwrap().http_put_response_hop_limit, Some(1));
        let weaken = ModifyInstanceMetadataOptionsRequest {
            instance_id: id,
            http_tokens: Some("optional".into()),
            ..Default::default()
        };
        check_fault(world.call::<ModifyInstanceMetadataOptions>(&root, weaken), "UnsupportedOperation");
        let answer = world.call::<GetInstanceMetadataDefaults>(&root, Default::default()).unwrap();
        let own = answer.account_level.unwrap();
        assert_eq!(own.http_tokens.as_deref(), Some("required"));
        assert_eq!((own.http_put_response_hop_limit, own.http_endpoint), (None, None));
        let wrong = ModifyInstanceMetadataDefaultsRequest {
            http_put_response_hop_limit: Some(65),
            ..Default::default()
        };
        check_fault(call(wrong), "InvalidParameterValue");
    }

    #[test]
    fn a_policy_may_depend_on_what_is_set() {
        let world = World::new(1);
        let user = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "ec2:ModifyInstanceMetadataDefaults", "Resource": "*", "Condition":
                    {"StringNotEqualsIfExists": {"ec2:Attribute/HttpTokens": "required"}}},
                {"Effect": "Deny", "Action": "ec2:ModifyInstanceMetadataOptions", "Resource": "*", "Condition":
                    {"NumericGreaterThan": {"ec2:Attribute/HttpPutResponseHopLimit": "2"}}}]}"#,
        );
        let defaults = |tokens: &str| {
            let input = ModifyInstanceMetadataDefaultsRequest {
                http_tokens: Some(tokens.into()),
                ..Default::default()
            };
            world.call::<ModifyInstanceMetadataDefaults>(&user, input)
        };
        defaults("required").unwrap();
        check_fault(defaults("optional"), "UnauthorizedOperation");
        let id = launch(&world, request());
        let hops = |hops| {
            let input = ModifyInstanceMetadataOptionsRequest {
                instance_id: id.clone(),
                http_put_response_hop_limit: Some(hops),
                ..Default::default()
            };
            world.call::<ModifyInstanceMetadataOptions>(&user, input)
        };
        hops(2).unwrap();
        check_fault(hops(3), "UnauthorizedOperation");
    }
}
