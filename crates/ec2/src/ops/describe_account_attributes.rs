//! DescribeAccountAttributes: what this account may have in this region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::groups;
use crate::launch;
use crate::model::{
    AccountAttribute, AccountAttributeValue, DescribeAccountAttributes, DescribeAccountAttributesRequest,
    DescribeAccountAttributesResult,
};
use crate::network;
use crate::place::Place;
use crate::questions::anywhere;
use crate::quotas::Quotas;

impl Operation for DescribeAccountAttributes {
    type Access = Read;

    fn needs(_: &DescribeAccountAttributesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeAccountAttributes, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeAccountAttributesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let default = network::standing_default(req.db()?, place)?;
        let default = default.map_or_else(|| "none".to_owned(), |vpc| vpc.id);
        let wanted = input.attribute_names.as_deref().unwrap_or_default();
        let elastic_ips = Quotas::of(req.extensions).elastic_ips.to_string();
        let all = [
            ("supported-platforms", "VPC".to_owned()),
            ("default-vpc", default),
            ("max-instances", launch::MOST.to_string()),
            ("vpc-max-security-groups-per-interface", groups::PER_INTERFACE.to_string()),
            ("max-elastic-ips", elastic_ips.clone()),
            ("vpc-max-elastic-ips", elastic_ips),
        ];
        let attribute = |(name, value): (&str, String)| AccountAttribute {
            attribute_name: Some(name.to_owned()),
            attribute_values: Some(vec![AccountAttributeValue { attribute_value: Some(value) }]),
        };
        let shown =
            all.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|own| own == name));
        Ok(DescribeAccountAttributesResult { account_attributes: Some(shown.map(attribute).collect()) })
    }
}
