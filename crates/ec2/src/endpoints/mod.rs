//! VPC endpoints: services that have them, their policies, and what they are made of in routes and interfaces.

mod change;
mod shown;

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Needs, Question};
use rolecall_identity::records::Accounts;
use rolecall_identity::{saved_principal, shown_principals};
use rolecall_policy::{Kind, Policy, PrincipalType};
use rolecall_store::Reader;

use crate::faults;
use crate::network::questions::on_existing;
use crate::place::Place;
use crate::prefix_lists::GATEWAYS;
use crate::records::{VpcEndpoint, VpcEndpoints};

pub use change::{add_interfaces, add_routes, remove, remove_interfaces, remove_routes, set_groups};
pub use shown::{Shown, show};

/// Services of this server that have interface endpoints.
pub const INTERFACES: [&str; 6] = ["cloudtrail", "dynamodb", "ec2", "s3", "ssm", "sts"];
/// What an endpoint says that was given no policy.
pub const EVERYTHING: &str = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
/// The most characters of a policy.
const POLICY: usize = 20_480;

/// `com.amazonaws.us-east-1.s3`
pub fn service_name(region: &str, service: &str) -> String {
    format!("com.amazonaws.{region}.{service}")
}

/// The service that a request names.
///
/// # Errors
/// InvalidServiceName for one that has no endpoint of this type here.
pub fn service(region: &str, name: &str, gateway: bool) -> Result<&'static str, Fault> {
    let known: &[&'static str] = if gateway { &GATEWAYS } else { &INTERFACES };
    let found = known.iter().find(|service| service_name(region, service) == name);
    found.copied().ok_or_else(|| {
        let other: &[&str] = if gateway { &INTERFACES } else { &GATEWAYS };
        if other.iter().any(|service| service_name(region, service) == name) {
            let kind = if gateway { "Gateway" } else { "Interface" };
            let text = format!("The Vpc Endpoint Service '{name}' does not support the endpoint type {kind}");
            return faults::other("InvalidParameter", text);
        }
        let text = format!("The Vpc Endpoint Service '{name}' does not exist");
        faults::other("InvalidServiceName", text)
    })
}

pub fn no_endpoint(id: &str) -> Fault {
    faults::other("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint Id '{id}' does not exist"))
}

/// # Errors
/// InvalidVpcEndpointId.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<VpcEndpoint, Fault> {
    db.get::<VpcEndpoints>(&place.key(id))?.ok_or_else(|| no_endpoint(id))
}

/// A policy as it is kept: ARNs of users and roles turned into unique ids, so that one deleted and made again is not
/// meant.
///
/// # Errors
/// InvalidPolicyDocument.
pub fn accept(db: &Reader, text: &str) -> Result<String, Fault> {
    let invalid = |text: String| faults::other("InvalidPolicyDocument", text);
    if text.chars().count() > POLICY {
        return Err(invalid(format!("The policy document has more than {POLICY} characters.")));
    }
    let policy = Policy::parse(text, Kind::Endpoint).map_err(|malformed| invalid(malformed.to_string()))?;
    let mut ids = std::collections::HashMap::new();
    for entry in policy.principals().iter().filter(|entry| entry.kind == PrincipalType::Aws) {
        let known = |account| Ok(db.exists::<Accounts>(&account)?);
        let Some(stored) = saved_principal(db, &entry.value, &known)? else {
            return Err(invalid(format!("Invalid principal in policy: \"AWS\":\"{}\"", entry.value)));
        };
        ids.insert(entry.value.clone(), stored);
    }
    Ok(policy.text_with_principals(&|entry| {
        ids.get(&entry.value).filter(|stored| **stored != entry.value).cloned()
    }))
}

/// A kept policy as it is shown.
///
/// # Errors
/// InternalFailure when it does not parse.
fn shown_policy(db: &Reader, text: Option<&str>) -> Result<String, Fault> {
    let Some(text) = text else { return Ok(EVERYTHING.to_owned()) };
    let policy = Policy::load(text, Kind::Endpoint).map_err(Fault::internal)?;
    let arns = shown_principals(db, &policy)?;
    Ok(policy.text_with_principals(&|entry| arns.get(&entry.value).cloned()))
}

/// What an action on an endpoint asks of the route tables, subnets and groups that it names.
pub trait OnParts:
    Action
    + On<kind::RouteTable>
    + On<kind::Subnet>
    + On<kind::SecurityGroup>
    + Takes<key::Region>
    + Takes<key::RouteTableID>
    + Takes<key::SubnetID>
    + Takes<key::SecurityGroupID>
    + Copy
{
}

impl<A> OnParts for A where
    A: Action
        + On<kind::RouteTable>
        + On<kind::Subnet>
        + On<kind::SecurityGroup>
        + Takes<key::Region>
        + Takes<key::RouteTableID>
        + Takes<key::SubnetID>
        + Takes<key::SecurityGroupID>
        + Copy
{
}

/// # Errors
/// When the store can't be read.
pub fn on_parts<'i, A: OnParts>(
    action: A,
    at: &At<'_>,
    tables: impl Iterator<Item = &'i String>,
    subnets: impl Iterator<Item = &'i String>,
    groups: impl Iterator<Item = &'i String>,
) -> Result<Needs, Fault> {
    let mut needs = Vec::new();
    for id in tables {
        let question = on_existing(action, kind::RouteTable, at, id)?;
        needs.push(question.key(key::RouteTableID, Some(id.as_str())).done());
    }
    for id in subnets {
        let question = on_existing(action, kind::Subnet, at, id)?;
        needs.push(question.key(key::SubnetID, Some(id.as_str())).done());
    }
    for id in groups {
        let question = on_existing(action, kind::SecurityGroup, at, id)?;
        needs.push(question.key(key::SecurityGroupID, Some(id.as_str())).done());
    }
    Ok(Needs::all(needs))
}

/// An action on one endpoint.
///
/// # Errors
/// When the store can't be read.
pub fn on_endpoint<A>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: Action + On<kind::VpcEndpoint> + Takes<key::Region>,
{
    on_existing(action, kind::VpcEndpoint, at, id)
}

/// Whether DNS options ask for other than what every endpoint has.
pub fn changes_names(options: &crate::model::DnsOptionsSpecification) -> bool {
    let plain = |kind: &String| matches!(kind.as_str(), "ipv4" | "service-defined");
    !options.dns_record_ip_type.as_ref().is_none_or(plain)
        || options.private_dns_only_for_inbound_resolver_endpoint == Some(true)
        || options.private_dns_preference.is_some()
        || options.private_dns_specified_domains.as_ref().is_some_and(|list| !list.is_empty())
}
