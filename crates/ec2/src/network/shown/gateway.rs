//! Internet gateways as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::place::Place;
use crate::records::InternetGateway;
use crate::tags;

impl Row for InternetGateway {
    type More = ();

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, _: &Reader, _: Place<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

impl Shown<InternetGateway> {
    pub fn to_wire(&self) -> model::InternetGateway {
        let attachment = |vpc: &String| model::InternetGatewayAttachment {
            state: Some("available".into()),
            vpc_id: Some(vpc.clone()),
        };
        model::InternetGateway {
            internet_gateway_id: Some(self.row.id.clone()),
            owner_id: Some(self.owner.to_string()),
            attachments: Some(self.row.vpc.iter().map(attachment).collect()),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Shown<InternetGateway> {
    const NAMES: &'static [&'static str] =
        &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"];

    fn values(&self, name: &str) -> Vec<String> {
        let attached = self.row.vpc.iter();
        match name {
            "attachment.state" => attached.map(|_| "available".to_owned()).collect(),
            "attachment.vpc-id" => attached.cloned().collect(),
            "internet-gateway-id" => vec![self.row.id.clone()],
            _ => vec![self.owner.to_string()],
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
