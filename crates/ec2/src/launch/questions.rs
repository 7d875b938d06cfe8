//! What RunInstances asks: ec2:RunInstances on everything it uses and makes, iam:PassRole on the profile's role,
//! ec2:CreateTags on what it tags.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2". What is named and
//! does not exist is asked about all the same, so that only those who may launch learn that it is absent.

use rolecall_actions::ec2::{CreateTags, RunInstances, key, kind};
use rolecall_actions::{Kind, On};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, ByArn, Needs};

use super::{Wishes, metadata, subnet};
use crate::images;
use crate::instance_types;
use crate::model::RunInstancesRequest;
use crate::network::Network;
use crate::place::Place;
use crate::profiles::{self, Profile};
use crate::questions::{enabled, required};
use crate::records::{KeyPairs, MetadataOptions, Subnet};
use crate::tags;
use crate::tags::pairs;

/// What the questions are made of.
struct Sketch<'a> {
    input: &'a RunInstancesRequest,
    place: Place<'a>,
    wishes: Wishes<'a>,
    subnet: Option<Subnet>,
    profile: Option<Profile>,
}

/// All questions of a launch.
///
/// # Errors
/// When the store can't be read.
pub fn questions(input: &RunInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
    let place = Place { account: at.account(), region: at.region };
    let db = at.db()?;
    let network = Network::load(db, place)?;
    let sketch = Sketch {
        input,
        place,
        wishes: Wishes::of(input),
        subnet: subnet(&network, input).cloned(),
        profile: profiles::seek(db, place.account, input.iam_instance_profile.as_ref())?,
    };
    let tagged = |id: &str| tags::of(db, place, id);
    let mut asked = vec![sketch.image(tagged(input.image_id.as_deref().unwrap_or_default())?)];
    asked.push(sketch.instance());
    asked.push(sketch.in_subnet(tagged(&sketch.subnet_id())?));
    for group in sketch.groups(&network) {
        asked.push(sketch.group(&group, tagged(&group)?));
    }
    asked.push(sketch.interface());
    asked.push(sketch.volume());
    if let Some(name) = input.key_name.as_deref().filter(|name| !name.is_empty()) {
        let key = db.get::<KeyPairs>(&place.key(name))?;
        let has = key.as_ref().map(|key| tagged(&key.id)).transpose()?.unwrap_or_default();
        let resource = place.resource::<kind::KeyPair>(name).tagged(has);
        let question = Needs::action(RunInstances).on(&resource).key(key::Region, Some(place.region));
        let kind = key.map(|key| key.key_type.word());
        asked.push(question.key(key::KeyPairName, Some(name)).key(key::KeyPairType, kind).done());
    }
    if let Some(role) = sketch.profile.as_ref().and_then(|profile| profile.role.as_ref()) {
        asked.push(profiles::may_pass(role, &place.arn("instance", "*")));
    }
    asked.extend(sketch.tags::<kind::Instance>());
    asked.extend(sketch.tags::<kind::Volume>());
    asked.extend(sketch.tags::<kind::NetworkInterface>());
    Ok(Needs::all(asked))
}

impl Sketch<'_> {
    fn subnet_id(&self) -> String {
        match (&self.subnet, self.wishes.subnet) {
            (Some(subnet), _) => subnet.id.clone(),
            (None, id) => id.unwrap_or("*").to_owned(),
        }
    }

    fn subnet_arn(&self) -> String {
        self.place.arn("subnet", &self.subnet_id())
    }

    fn vpc_arn(&self) -> Option<String> {
        self.subnet.as_ref().map(|subnet| self.place.arn("vpc", &subnet.vpc))
    }

    fn zone(&self) -> Option<&str> {
        self.subnet.as_ref().map(|subnet| subnet.zone.as_str())
    }

    fn wished_tags(&self, kind: &str) -> Vec<(String, String)> {
        tags::wished(self.input.tag_specifications.as_deref(), kind)
    }

    /// Ids of the groups: as given, by name, or the default one.
    fn groups(&self, network: &Network) -> Vec<String> {
        if !self.wishes.groups.is_empty() {
            return self.wishes.groups.to_vec();
        }
        let Some(vpc) = self.subnet.as_ref().map(|subnet| subnet.vpc.as_str()) else {
            return vec!["*".to_owned()];
        };
        let default = ["default".to_owned()];
        let names = if self.wishes.group_names.is_empty() { &default[..] } else { self.wishes.group_names };
        let id =
            |name: &String| network.group_named(name, vpc).map_or("*", |group| group.id.as_str()).to_owned();
        names.iter().map(id).collect()
    }

    fn image(&self, has: Tags) -> Needs {
        let id = self.input.image_id.as_deref().unwrap_or("*");
        let resource = ByArn::<kind::Image>::new(images::arn(self.place.region, id), self.place.account);
        Needs::action(RunInstances)
            .on(&resource.tagged(has))
            .key(key::Region, Some(self.place.region))
            .key(key::ImageID, self.input.image_id.as_deref())
            .key(key::ImageType, Some("machine"))
            .key(key::Owner, Some("amazon"))
            .key(key::Public, Some("true"))
            .key(key::RootDeviceType, Some("ebs"))
            .done()
    }

    fn instance(&self) -> Needs {
        let wished = self.input.metadata_options.as_ref();
        let options = metadata(MetadataOptions::default(), wished).unwrap_or_default();
        let instance_type = self.input.instance_type.as_deref().unwrap_or(instance_types::DEFAULT);
        let tags = self.wished_tags(kind::Instance::NAME);
        Needs::action(RunInstances)
            .on(&self.place.resource::<kind::Instance>("*"))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::EbsOptimized, Some("false"))
            .key(key::InstanceProfile, self.profile.as_ref().map(|own| own.profile.arn()))
            .key(key::InstanceType, Some(instance_type))
            .key(key::InstanceMetadataTags, Some(enabled(options.tags)))
            .key(key::MetadataHttpEndpoint, Some(enabled(options.enabled)))
            .key(key::MetadataHttpPutResponseHopLimit, Some(options.hop_limit.to_string()))
            .key(key::MetadataHttpTokens, Some(required(options.tokens_required)))
            .key(key::RootDeviceType, Some("ebs"))
            .key(key::Tenancy, Some("default"))
            .request_tags(pairs(&tags))
            .done()
    }

    fn in_subnet(&self, has: Tags) -> Needs {
        let id = self.subnet_id();
        Needs::action(RunInstances)
            .on(&self.place.resource::<kind::Subnet>(&id).tagged(has))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::SubnetID, Some(id.as_str()))
            .key(key::Vpc, self.vpc_arn())
            .done()
    }

    fn group(&self, id: &str, has: Tags) -> Needs {
        Needs::action(RunInstances)
            .on(&self.place.resource::<kind::SecurityGroup>(id).tagged(has))
            .key(key::Region, Some(self.place.region))
            .key(key::SecurityGroupID, Some(id))
            .key(key::Vpc, self.vpc_arn())
            .done()
    }

    fn interface(&self) -> Needs {
        let tags = self.wished_tags(kind::NetworkInterface::NAME);
        Needs::action(RunInstances)
            .on(&self.place.resource::<kind::NetworkInterface>("*"))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::AssociatePublicIpAddress, self.wishes.public.map(|yes| yes.to_string()))
            .key(key::Subnet, Some(self.subnet_arn()))
            .key(key::Vpc, self.vpc_arn())
            .request_tags(pairs(&tags))
            .done()
    }

    fn volume(&self) -> Needs {
        let tags = self.wished_tags(kind::Volume::NAME);
        Needs::action(RunInstances)
            .on(&self.place.resource::<kind::Volume>("*"))
            .key(key::Region, Some(self.place.region))
            .key(key::AvailabilityZone, self.zone())
            .key(key::Encrypted, Some("false"))
            .key(key::VolumeType, Some("gp3"))
            .request_tags(pairs(&tags))
            .done()
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
