//! What a launch comes to: every parameter checked and every name found, before anything is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::{Fault, Tags};
use rolecall_compute::USER_DATA_LIMIT;
use rolecall_identity::records::{InstanceProfile, Role};
use rolecall_store::Reader;

use super::interfaces::{self, Planned};
use super::metadata;
use super::refuse::refuse;
use super::settings::of_image;
use super::wishes;
use crate::faults;
use crate::images::{self, Image};
use crate::instance_types::{self, InstanceType};
use crate::model::RunInstancesRequest;
use crate::place::Place;
use crate::profiles;
use crate::records::{ImageDisk, KeyPair, KeyPairs, MetadataOptions, Settings, Shutdown};
use crate::settings;
use crate::tags;
use crate::templates::Merged;
use crate::volumes;

/// The most instances of one call.
pub const MOST: i32 = 500;
/// Kinds of resource that a launch makes and tags.
const MAKES: [&str; 3] = ["instance", "volume", "network-interface"];

/// A launch that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    pub count: i32,
    pub image: Image,
    pub disks: Vec<ImageDisk>,
    pub instance_type: &'static InstanceType,
    pub key: Option<KeyPair>,
    /// The network interfaces of each instance, the primary one first.
    pub interfaces: Vec<Planned>,
    pub profile: Option<(InstanceProfile, Role)>,
    pub metadata: MetadataOptions,
    /// Base64.
    pub user_data: Option<String>,
    pub shutdown: Shutdown,
    pub settings: Settings,
    pub instance_tags: Tags,
    pub volume_tags: Tags,
    pub interface_tags: Tags,
}

impl Plan {
    /// How many addresses each instance takes, of all subnets together.
    pub fn addresses(&self) -> u32 {
        self.interfaces.iter().map(Planned::addresses).sum()
    }

    /// Checks a request against what there is.
    ///
    /// # Errors
    /// The faults of RunInstances but the ones about permission.
    pub fn make(db: &Reader, place: Place<'_>, merged: &Merged<'_>) -> Result<Plan, Fault> {
        let input: &RunInstancesRequest = &merged.input;
        refuse(input)?;
        let network = wishes::network(db, place, input)?;
        let image = image(db, place, input.image_id.as_deref())?;
        let instance_type = instance_type(input.instance_type.as_deref())?;
        super::settings::check_type(instance_type, &image.architecture)?;
        let account = settings::of(db, place)?;
        let own_metadata =
            metadata(account.metadata.over(of_image(Some(&image))), input.metadata_options.as_ref())?;
        account.metadata.check(&own_metadata, "launch instances")?;
        let (least, most) = count(input)?;
        let interfaces = interfaces::plan(db, place, &network, input, instance_type, most > 1)?;
        let count = possible(db, place, least, most, &interfaces)?;
        let made = |kind| tags::of_request(input.tag_specifications.as_deref(), &MAKES, kind);
        let mut instance_tags = made("instance")?;
        if let Some((template, number)) = &merged.template {
            instance_tags.set("aws:ec2launchtemplate:id", &template.id);
            instance_tags.set("aws:ec2launchtemplate:version", number.to_string());
        }
        let disks = volumes::disks(db, place, &image, input.block_device_mappings.as_deref())?;
        Ok(Plan {
            count,
            disks,
            image,
            instance_type,
            key: key_pair(db, place, input.key_name.as_deref())?,
            profile: profiles::find(db, place.account, input.iam_instance_profile.as_ref())?,
            metadata: own_metadata,
            user_data: user_data(input.user_data.as_deref())?,
            interfaces,
            shutdown: shutdown(input.instance_initiated_shutdown_behavior.as_deref()),
            settings: super::settings::settings(db, place, input, instance_type, &account)?,
            instance_tags,
            volume_tags: made("volume")?,
            interface_tags: made("network-interface")?,
        })
    }
}

/// How many there are to be as free addresses allow: as many as may be, at least as many as must.
fn possible(db: &Reader, place: Place<'_>, least: i32, most: i32, planned: &[Planned]) -> Result<i32, Fault> {
    // One transaction holds so many records, and each interface of an instance is some of them.
    let others = i32::try_from(planned.len()).unwrap_or(i32::MAX).saturating_sub(1);
    let ceiling = MOST * 2 / others.saturating_add(2);
    if least > ceiling {
        return Err(limit(least, ceiling));
    }
    if most == 1 {
        return Ok(1);
    }
    let wished = most.min(ceiling);
    let possible = interfaces::enough_for(db, place, planned, usize::try_from(wished).unwrap_or(0))?;
    let possible = i32::try_from(possible).unwrap_or(wished);
    if possible < least {
        let subnet = planned.first().map(Planned::subnet).unwrap_or_default();
        return Err(interfaces::not_enough(subnet));
    }
    Ok(possible)
}

fn limit(wished: i32, most: i32) -> Fault {
    let text = format!(
        "You have requested more instances ({wished}) than your current instance limit of {most} allows for the specified instance type."
    );
    faults::other("InstanceLimitExceeded", text)
}

/// At least how many, and at most.
fn count(input: &RunInstancesRequest) -> Result<(i32, i32), Fault> {
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
        return Err(limit(least, MOST));
    }
    Ok((least, most.min(MOST)))
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

fn shutdown(word: Option<&str>) -> Shutdown {
    match word {
        Some("terminate") => Shutdown::Terminate,
        _ => Shutdown::Stop,
    }
}
