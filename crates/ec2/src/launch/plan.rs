//! What a launch comes to: every parameter checked and every name found, before anything is written.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::{Fault, Tags};
use rolecall_compute::{Cidr, USER_DATA_LIMIT};
use rolecall_identity::records::{InstanceProfile, Role};
use rolecall_store::Reader;

use super::refuse::refuse;
use super::{Wishes, metadata, subnet};
use crate::addresses;
use crate::faults;
use crate::images::{self, Image};
use crate::instance_types::{self, InstanceType};
use crate::model::RunInstancesRequest;
use crate::network::{self, Network};
use crate::place::Place;
use crate::profiles;
use crate::records::{KeyPair, KeyPairs, MetadataOptions, Settings, Shutdown, Subnet};
use crate::settings;
use crate::tags;
use crate::templates::Merged;

/// The most instances of one call.
const MOST: i32 = 500;
/// Kinds of resource that a launch makes and tags.
const MAKES: [&str; 3] = ["instance", "volume", "network-interface"];

/// A launch that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    pub count: i32,
    pub image: Image,
    pub instance_type: &'static InstanceType,
    pub key: Option<KeyPair>,
    pub subnet: Subnet,
    pub cidr: Cidr,
    pub groups: Vec<String>,
    pub profile: Option<(InstanceProfile, Role)>,
    pub metadata: MetadataOptions,
    /// Base64.
    pub user_data: Option<String>,
    pub private_ip: Option<Ipv4Addr>,
    pub public: bool,
    pub description: String,
    pub shutdown: Shutdown,
    pub settings: Settings,
    pub instance_tags: Tags,
    pub volume_tags: Tags,
    pub interface_tags: Tags,
}

impl Plan {
    /// Checks a request against what there is.
    ///
    /// # Errors
    /// The faults of RunInstances but the ones about permission.
    pub fn make(db: &Reader, place: Place<'_>, merged: &Merged<'_>) -> Result<Plan, Fault> {
        let input: &RunInstancesRequest = &merged.input;
        refuse(input)?;
        let wishes = Wishes::of(input);
        let network = Network::load(db, place)?;
        let count = count(input)?;
        let image = image(db, place, input.image_id.as_deref())?;
        let instance_type = instance_type(input.instance_type.as_deref())?;
        super::settings::check_type(instance_type, &image.architecture)?;
        let account = settings::of(db, place)?;
        let own_metadata =
            metadata(account.metadata.over(MetadataOptions::default()), input.metadata_options.as_ref())?;
        account.metadata.check(&own_metadata, "launch instances")?;
        let subnet = found_subnet(&network, input, &wishes)?;
        let cidr = network::block(&subnet.cidr)?;
        let made = |kind| tags::of_request(input.tag_specifications.as_deref(), &MAKES, kind);
        let mut instance_tags = made("instance")?;
        if let Some((template, number)) = &merged.template {
            instance_tags.set("aws:ec2launchtemplate:id", &template.id);
            instance_tags.set("aws:ec2launchtemplate:version", number.to_string());
        }
        Ok(Plan {
            count,
            image,
            instance_type,
            key: key_pair(db, place, input.key_name.as_deref())?,
            groups: groups(&network, &subnet, &wishes)?,
            profile: profiles::find(db, place.account, input.iam_instance_profile.as_ref())?,
            metadata: own_metadata,
            user_data: user_data(input.user_data.as_deref())?,
            private_ip: private_ip(db, place, &subnet, cidr, count, wishes.private_ip)?,
            public: wishes.public.unwrap_or(subnet.public),
            description: wishes.description.unwrap_or_default().to_owned(),
            shutdown: shutdown(input.instance_initiated_shutdown_behavior.as_deref()),
            settings: super::settings::settings(db, place, input, instance_type, &account)?,
            instance_tags,
            volume_tags: made("volume")?,
            interface_tags: made("network-interface")?,
            subnet,
            cidr,
        })
    }
}

/// How many: as many as may be, at least as many as must.
fn count(input: &RunInstancesRequest) -> Result<i32, Fault> {
    let (least, most) = (input.min_count, input.max_count);
    if least < 1 {
        return Err(faults::invalid_value(
            least,
            "minCount",
            "The minimum number of instances must be at least 1.",
        ));
    }
    if most < least {
        let why = "The maximum number of instances must not be below the minimum.";
        return Err(faults::invalid_value(most, "maxCount", why));
    }
    if least > MOST {
        let text = format!(
            "You have requested more instances ({least}) than your current instance limit of {MOST} allows for the specified instance type."
        );
        return Err(faults::other("InstanceLimitExceeded", text));
    }
    Ok(most.min(MOST))
}

fn image(db: &Reader, place: Place<'_>, id: Option<&str>) -> Result<Image, Fault> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Err(faults::missing("ImageId")) };
    images::launchable(db, place, id)
}

/// The type of a name.
///
/// # Errors
/// InvalidParameterValue for an unknown one.
fn instance_type(name: Option<&str>) -> Result<&'static InstanceType, Fault> {
    let name = name.unwrap_or(instance_types::DEFAULT);
    instance_types::find(name)
        .ok_or_else(|| faults::invalid(format!("Invalid value '{name}' for InstanceType.")))
}

fn key_pair(db: &Reader, place: Place<'_>, name: Option<&str>) -> Result<Option<KeyPair>, Fault> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    match db.get::<KeyPairs>(&place.key(name))? {
        Some(key) => Ok(Some(key)),
        None => Err(faults::no_key_pair(name)),
    }
}

fn found_subnet(
    network: &Network,
    input: &RunInstancesRequest,
    wishes: &Wishes<'_>,
) -> Result<Subnet, Fault> {
    let placement = input.placement.as_ref();
    let zone = placement.and_then(|p| p.availability_zone.as_deref().or(p.availability_zone_id.as_deref()));
    let Some(subnet) = subnet(network, input) else {
        return Err(match (wishes.subnet, zone) {
            (Some(id), _) => faults::no_subnet(id),
            (None, Some(zone)) => faults::invalid(format!("Invalid availability zone: [{zone}]")),
            (None, None) => {
                let text = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
                faults::other("VPCIdNotSpecified", text)
            }
        });
    };
    if zone.is_some_and(|zone| zone != subnet.zone && zone != subnet.zone_id) {
        let text = format!(
            "The availability zone '{}' does not match the subnet's, '{}'.",
            zone.unwrap_or_default(),
            subnet.zone
        );
        return Err(faults::combination(text));
    }
    Ok(subnet.clone())
}

fn groups(network: &Network, subnet: &Subnet, wishes: &Wishes<'_>) -> Result<Vec<String>, Fault> {
    if !wishes.groups.is_empty() && !wishes.group_names.is_empty() {
        let text = "The parameter groupName cannot be used with the parameter groupId";
        return Err(faults::combination(text));
    }
    let mut found = Vec::new();
    for id in wishes.groups {
        let group = network.group(id).ok_or_else(|| faults::no_group(id))?;
        if group.vpc != subnet.vpc {
            let text = format!("Security group {id} and subnet {} belong to different networks.", subnet.id);
            return Err(faults::other("InvalidParameter", text));
        }
        found.push(group.id.clone());
    }
    for name in wishes.group_names {
        let group = network.group_named(name, &subnet.vpc);
        found.push(group.ok_or_else(|| faults::no_group_named(name, &subnet.vpc))?.id.clone());
    }
    if found.is_empty() {
        let default = network.group_named("default", &subnet.vpc);
        found.push(default.ok_or_else(|| faults::no_group_named("default", &subnet.vpc))?.id.clone());
    }
    found.dedup();
    Ok(found)
}

/// User data as it is kept: base64 without line breaks.
///
/// # Errors
/// InvalidParameterValue for what is no base64 or above 16 KiB.
pub(super) fn user_data(given: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let packed: String = given.split_ascii_whitespace().collect();
    let bytes =
        STANDARD.decode(packed).map_err(|_| faults::invalid("Invalid BASE64 encoding of user data."))?;
    checked_user_data(&bytes)
}

/// The same for user data that is decoded already.
///
/// # Errors
/// InvalidParameterValue above 16 KiB.
pub fn checked_user_data(bytes: &[u8]) -> Result<Option<String>, Fault> {
    if bytes.len() > USER_DATA_LIMIT {
        return Err(faults::invalid(format!("User data is limited to {USER_DATA_LIMIT} bytes")));
    }
    Ok((!bytes.is_empty()).then(|| STANDARD.encode(bytes)))
}

fn private_ip(
    db: &Reader,
    place: Place<'_>,
    subnet: &Subnet,
    cidr: Cidr,
    count: i32,
    wished: Option<&str>,
) -> Result<Option<Ipv4Addr>, Fault> {
    let Some(text) = wished.filter(|text| !text.is_empty()) else { return Ok(None) };
    if count > 1 {
        let text = "A private IP address may be given to one instance only.";
        return Err(faults::combination(text));
    }
    let address = addresses::wished(cidr, text)?;
    if addresses::owner(db, place, &subnet.id, address)?.is_some() {
        return Err(faults::address_taken(address));
    }
    Ok(Some(address))
}

fn shutdown(word: Option<&str>) -> Shutdown {
    match word {
        Some("terminate") => Shutdown::Terminate,
        _ => Shutdown::Stop,
    }
}
