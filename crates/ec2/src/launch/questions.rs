//! What RunInstances asks: ec2:RunInstances on everything it uses and makes, iam:PassRole on the profile's role,
//! ec2:CreateTags on what it tags.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2". What is named and
//! does not exist is asked about all the same, so that only those who may launch learn that it is absent.

use std::collections::BTreeSet;

use rolecall_actions::ec2::{CreateTags, RunInstances, key, kind};
use rolecall_actions::{Kind, On};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, ByArn, Needs, Question};
use rolecall_store::Reader;

use super::metadata;
use super::network_questions::{self, Sketched};
use super::settings::of_image;
use super::wishes;
use crate::disk_questions::on_snapshot;
use crate::images::{self, Image};
use crate::instance_types;
use crate::model::{BlockDeviceMapping, RunInstancesRequest};
use crate::place::Place;
use crate::placement_groups;
use crate::profiles::{self, Profile};
use crate::questions::{enabled, required};
use crate::records::{ImageDisk, KeyPairs, MetadataOptions, PlacementGroup, PlacementGroups};
use crate::regions;
use crate::settings;
use crate::tags;
use crate::tags::pairs;
use crate::templates::Merged;
use crate::{snapshots, volumes};

/// What the questions are made of.
pub(super) struct Sketch<'a> {
    /// What the caller gave by itself, and that over what the template says.
    given: &'a RunInstancesRequest,
    input: &'a RunInstancesRequest,
    /// ARN of the launch template.
    template: Option<String>,
    /// What the account and the image say of the metadata service.
    metadata: MetadataOptions,
    placement: Option<PlacementGroup>,
    pub(super) place: Place<'a>,
    pub(super) interfaces: Vec<Sketched>,
    profile: Option<Profile>,
}

/// All questions of a launch.
///
/// # Errors
/// When the store can't be read.
pub fn questions(given: &RunInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
    let place = Place { account: at.account(), region: at.region };
    let db = at.db()?;
    let (merged, parameter) = Merged::sketch(at, given)?;
    let input: &RunInstancesRequest = &merged.input;
    let network = wishes::network(db, place, input)?;
    let image_id = input.image_id.as_deref().unwrap_or_default();
    let image = images::find(db, place, image_id)?;
    let sketch = Sketch {
        given,
        input,
        metadata: settings::of(db, place)?.metadata.over(of_image(image.as_ref())),
        placement: placement_group(db, place, input)?,
        template: merged.template.as_ref().map(|(own, _)| place.arn(kind::LaunchTemplate::NAME, &own.id)),
        place,
        interfaces: network_questions::sketch(db, place, &network, given, input)?,
        profile: profiles::seek(db, place.account, input.iam_instance_profile.as_ref())?,
    };
    let tagged = |id: &str| tags::of(db, place, id);
    // First of all: what the parameter says is told by the questions that follow.
    let mut asked = vec![parameter, sketch.image(image.as_ref(), tagged(image_id)?)];
    asked.push(sketch.instance());
    asked.extend(network_questions::questions(&sketch, db)?);
    asked.extend(sketch.volumes(db, image.as_ref()));
    asked.extend(sketch.snapshots(at)?);
    if let Some(spec) = &given.launch_template {
        let id = merged.template.as_ref().map(|(own, _)| own.id.as_str());
        let id = id.or(spec.launch_template_id.as_deref()).filter(|id| !id.is_empty()).unwrap_or("*");
        asked.push(sketch.launch_template(id, tagged(id)?));
    }
    let placement = input.placement.as_ref();
    let (name, id) = (
        placement.and_then(|own| own.group_name.as_deref()),
        placement.and_then(|own| own.group_id.as_deref()),
    );
    asked.extend(placement_groups::question(RunInstances, at, name, id)?);
    if let Some(name) = input.key_name.as_deref().filter(|name| !name.is_empty()) {
        let key = db.get::<KeyPairs>(&place.key(name))?;
        let has = key.as_ref().map(|key| tagged(&key.id)).transpose()?.unwrap_or_default();
        let resource = place.resource::<kind::KeyPair>(name).tagged(has);
        let question = Needs::action(RunInstances).on(&resource).key(key::Region, Some(place.region));
        let kind = key.map(|key| key.key_type.word());
        let question = question.key(key::KeyPairName, Some(name)).key(key::KeyPairType, kind);
        asked.push(sketch.with_template(question, given.key_name.is_some()).done());
    }
    if let Some(role) = sketch.profile.as_ref().and_then(|profile| profile.role.as_ref()) {
        asked.push(profiles::may_pass(role, &place.arn("instance", "*")));
    }
    asked.extend(sketch.tags::<kind::Instance>());
    asked.extend(sketch.tags::<kind::Volume>());
    asked.extend(sketch.tags::<kind::NetworkInterface>());
    Ok(Needs::all(asked))
}

/// The placement group that a launch names, if there is such a one.
fn placement_group(
    db: &Reader,
    place: Place<'_>,
    input: &RunInstancesRequest,
) -> Result<Option<PlacementGroup>, Fault> {
    let Some(own) = &input.placement else { return Ok(None) };
    match (own.group_name.as_deref(), own.group_id.as_deref()) {
        (Some(name), _) if !name.is_empty() => Ok(db.get::<PlacementGroups>(&place.key(name))?),
        (_, Some(id)) if !id.is_empty() => placement_groups::by_id(db, place, id),
        _ => Ok(None),
    }
}

impl Sketch<'_> {
    /// Adds where a resource comes from: the template, if there is one and the caller did not name another itself.
    pub(super) fn with_template(
        &self,
        question: Question<RunInstances>,
        named: bool,
    ) -> Question<RunInstances> {
        let template = self.template.as_deref();
        let from = template.map(|_| if named { "false" } else { "true" });
        question.key(key::LaunchTemplate, template).key(key::IsLaunchTemplateResource, from)
    }

    fn launch_template(&self, id: &str, has: Tags) -> Needs {
        let resource = self.place.resource::<kind::LaunchTemplate>(id).tagged(has);
        let question = Needs::action(RunInstances).on(&resource).key(key::Region, Some(self.place.region));
        self.with_template(question, false).done()
    }

    fn recovery(&self) -> &'static str {
        let wished = self.input.maintenance_options.as_ref().and_then(|own| own.auto_recovery.as_deref());
        crate::describe::unless(wished == Some("disabled"))
    }

    /// Whether the caller itself says what stands in the list.
    fn names<T>(list: &Option<Vec<T>>) -> bool {
        list.as_ref().is_some_and(|list| !list.is_empty())
    }

    fn zone(&self) -> Option<&str> {
        self.interfaces.first()?.zone.as_deref()
    }

    /// The id of a zone by its name.
    pub(super) fn zone_id(&self, zone: Option<&str>) -> Option<String> {
        regions::zone_id(self.place.region, zone?)
    }

    pub(super) fn wished_tags(&self, kind: &str) -> Vec<(String, String)> {
        tags::wished(self.input.tag_specifications.as_deref(), kind)
    }

    fn image(&self, image: Option<&Image>, has: Tags) -> Needs {
        let id = self.input.image_id.as_deref().unwrap_or("*");
        let resource = ByArn::<kind::Image>::new(images::arn(self.place.region, id), self.place.account);
        let question = Needs::action(RunInstances)
            .on(&resource.tagged(has))
            .key(key::Region, Some(self.place.region))
            .key(key::ImageID, self.input.image_id.as_deref())
            .key(key::ImageType, Some("machine"))
            .key(key::Owner, image.map(images::owner))
            .key(key::Public, image.map(|image| image.public.to_string()))
            .key(key::RootDeviceType, Some("ebs"));
        self.with_template(question, self.given.image_id.is_some()).done()
    }

    fn instance(&self) -> Needs {
        let wished = self.input.metadata_options.as_ref();
        let options = metadata(self.metadata.clone(), wished).unwrap_or_default();
        let instance_type = self.input.instance_type.as_deref().unwrap_or(instance_types::DEFAULT);
        let tags = self.wished_tags(kind::Instance::NAME);
        let question = Needs::action(RunInstances)
            .on(&self.place.resource::<kind::Instance>("*"))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::AvailabilityZoneId, self.zone_id(self.zone()))
            .key(key::EbsOptimized, Some((self.input.ebs_optimized == Some(true)).to_string()))
            .key(
                key::PlacementGroup,
                self.placement.as_ref().map(|own| self.place.arn("placement-group", &own.name)),
            )
            .key(key::InstanceMarketType, Some("on-demand"))
            .key(key::InstanceAutoRecovery, Some(self.recovery()))
            .key(key::InstanceProfile, self.profile.as_ref().map(|own| own.profile.arn()))
            .key(key::InstanceType, Some(instance_type))
            .key(key::InstanceMetadataTags, Some(enabled(options.tags)))
            .key(key::MetadataHttpEndpoint, Some(enabled(options.enabled)))
            .key(key::MetadataHttpPutResponseHopLimit, Some(options.hop_limit.to_string()))
            .key(key::MetadataHttpTokens, Some(required(options.tokens_required)))
            .key(key::RootDeviceType, Some("ebs"))
            .key(key::Tenancy, Some("default"))
            .request_tags(pairs(&tags));
        self.with_template(question, false).done()
    }

    /// One question for each disk of the image and of the request.
    fn volumes(&self, db: &Reader, image: Option<&Image>) -> Vec<Needs> {
        let mappings = self.input.block_device_mappings.as_deref();
        let disks = image.and_then(|image| volumes::disks(db, self.place, image, mappings).ok());
        match disks.filter(|disks| !disks.is_empty()) {
            Some(disks) => disks.iter().map(|disk| self.volume(Some(disk))).collect(),
            // What can't be launched is asked about all the same.
            None => vec![self.volume(None)],
        }
    }

    fn volume(&self, disk: Option<&ImageDisk>) -> Needs {
        let tags = self.wished_tags(kind::Volume::NAME);
        let number = |value: Option<i32>| value.map(|value| value.to_string());
        let parent = disk.and_then(|disk| disk.snapshot.as_deref());
        let question = Needs::action(RunInstances)
            .on(&self.place.resource::<kind::Volume>("*"))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::AvailabilityZoneId, self.zone_id(self.zone()))
            .key(key::Encrypted, Some("false"))
            .key(key::ParentSnapshot, parent.map(|id| snapshots::arn(self.place.region, id)))
            .key(key::VolumeIops, number(disk.and_then(|disk| disk.iops)))
            .key(key::VolumeSize, number(disk.map(|disk| disk.size)))
            .key(key::VolumeThroughput, number(disk.and_then(|disk| disk.throughput)))
            .key(key::VolumeType, Some(disk.map_or("gp3", |disk| disk.volume_type.as_str())))
            .request_tags(pairs(&tags));
        self.with_template(question, Self::names(&self.given.block_device_mappings)).done()
    }

    /// Each snapshot that a mapping names; those of the image come with it.
    fn snapshots(&self, at: &At<'_>) -> Result<Vec<Needs>, Fault> {
        let named = |mapping: &'_ BlockDeviceMapping| mapping.ebs.as_ref()?.snapshot_id.clone();
        let mappings = self.input.block_device_mappings.as_deref().unwrap_or_default();
        let ids: BTreeSet<String> = mappings.iter().filter_map(named).filter(|id| !id.is_empty()).collect();
        let own = Self::names(&self.given.block_device_mappings);
        let ask = |id: &String| Ok(self.with_template(on_snapshot(RunInstances, at, id)?, own).done());
        ids.iter().map(ask).collect()
    }

    /// ec2:CreateTags on what is made of one kind, if that is to have tags.
    fn tags<K: Kind>(&self) -> Option<Needs>
    where
        CreateTags: On<K>,
    {
        let tags = self.wished_tags(K::NAME);
        if tags.is_empty() {
            return None;
        }
        let question = Needs::action(CreateTags).on(&self.place.resource::<K>("*"));
        let question = question.key(key::CreateAction, Some("RunInstances"));
        Some(question.key(key::Region, Some(self.place.region)).request_tags(pairs(&tags)).done())
    }
}
