//! CreateNetworkAcl: a network access list, which admits nothing yet.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateNetworkAcl, CreateNetworkAclRequest, CreateNetworkAclResult};
use crate::network::questions::on_vpc;
use crate::network::shown::Shown;
use crate::network::{self, Network, get, must, refusals, token};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{NetworkAcl, NetworkAcls, Vpcs};
use crate::{faults, tags};

impl Operation for CreateNetworkAcl {
    type Access = Write;

    fn needs(input: &CreateNetworkAclRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::NetworkAcl>("*");
        let tags = input.tag_specifications.as_deref();
        let needs = to_make(ec2::CreateNetworkAcl, &made, Place::of(at), tags, |question| question);
        Ok(needs.and(on_vpc(ec2::CreateNetworkAcl, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateNetworkAclResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let has = tags::of_request(input.tag_specifications.as_deref(), &["network-acl"], "network-acl")?;
        let once = token::of("CreateNetworkAcl", input.client_token.as_deref(), input)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let made = token::made(tx, place, once.as_ref())?;
        let acl = match made.map(|id| get::<NetworkAcls>(tx, place, &id)).transpose()?.flatten() {
            Some(acl) => acl,
            None => {
                let vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
                let there = network::in_vpc(tx, place, &vpc.id, "acl-")?.len();
                refusals::within(there, refusals::NETWORK_ACLS, "NetworkAclLimitExceeded", "network ACLs")?;
                faults::dry_run(input.dry_run)?;
                let acl = NetworkAcl {
                    id: env.resource_id("acl"),
                    vpc: vpc.id,
                    token: once.as_ref().map(|once| once.name.clone()),
                    ..NetworkAcl::default()
                };
                tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
                network::put_in(tx, place, &acl.vpc, &acl.id)?;
                tags::put(tx, place, &acl.id, has)?;
                token::keep(tx, place, once.as_ref(), &acl.id)?;
                acl
            }
        };
        let shown = Shown::load(tx, place, acl)?;
        Ok(CreateNetworkAclResult {
            network_acl: Some(shown.to_wire()),
            client_token: input.client_token.clone(),
        })
    }
}
