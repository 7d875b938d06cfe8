//! GetInstanceMetadataDefaults: what launches get in this account and region that do not say.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    GetInstanceMetadataDefaults, GetInstanceMetadataDefaultsRequest, GetInstanceMetadataDefaultsResult,
    InstanceMetadataDefaultsResponse,
};
use crate::place::Place;
use crate::questions::{anywhere, enabled, required};
use crate::settings;

impl Operation for GetInstanceMetadataDefaults {
    type Access = Read;

    fn needs(_: &GetInstanceMetadataDefaultsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetInstanceMetadataDefaults, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetInstanceMetadataDefaultsResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        let own = settings::of(req.db()?, Place::here(req))?.metadata;
        let word = |wish: Option<bool>| wish.map(|yes| enabled(yes).to_owned());
        Ok(GetInstanceMetadataDefaultsResult {
            account_level: Some(InstanceMetadataDefaultsResponse {
                http_tokens: own.tokens_required.map(|yes| required(yes).to_owned()),
                http_put_response_hop_limit: own.hop_limit,
                http_endpoint: word(own.enabled),
                instance_metadata_tags: word(own.tags),
                http_tokens_enforced: word(own.enforced),
                managed_by: Some("account".to_owned()),
                ..Default::default()
            }),
        })
    }
}
