//! DescribeAccountAttributes: what this account may have in this region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    AccountAttribute, AccountAttributeValue, DescribeAccountAttributes, DescribeAccountAttributesRequest,
    DescribeAccountAttributesResult,
};
use crate::network;
use crate::place::Place;
use crate::questions::anywhere;

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
        let all = [
            ("supported-platforms", "VPC".to_owned()),
            ("default-vpc", default),
            ("max-instances", "500".to_owned()),
            ("vpc-max-security-groups-per-interface", "5".to_owned()),
            ("max-elastic-ips", "0".to_owned()),
            ("vpc-max-elastic-ips", "0".to_owned()),
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
