//! From EC2's records to what the metadata service shows of an instance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::{Fault, Time};
use rolecall_ec2::instances::{self, Instance, NetworkInterface, Surroundings};
use rolecall_ec2_instance_connect::pushed;
use rolecall_imds::{Details, InstanceView, Interface, KeyPair, Net, Options, Placement, Profile, PushedKey};
use rolecall_store::Reader;

/// The record as the metadata service sees it.
pub fn view(instance: &Instance, primary: &NetworkInterface) -> InstanceView {
    let key = instance.key_name.clone().zip(instance.public_key.clone());
    InstanceView {
        account: instance.account,
        region: instance.region.clone(),
        id: instance.id.clone(),
        reservation: instance.reservation.clone(),
        launch_index: instance.launch_index,
        launched: instance.launched,
        image: instance.image.clone(),
        instance_type: instance.instance_type.clone(),
        key: key.map(|(name, public_key)| KeyPair { name, public_key }),
        mac: primary.mac.clone(),
        private_ip: primary.private_ip(),
        public_ip: primary.public_ip(),
        vpc: primary.vpc.clone(),
        zone: primary.zone.clone(),
        profile: instance.profile.as_ref().map(|profile| Profile {
            id: profile.id.clone(),
            arn: profile.arn.clone(),
            association: profile.association.clone(),
        }),
        options: Options {
            enabled: instance.metadata.enabled,
            tokens_required: instance.metadata.tokens_required,
            hop_limit: u8::try_from(instance.metadata.hop_limit).unwrap_or(1),
            tags: instance.metadata.tags,
            ipv6: instance.metadata.ipv6,
        },
    }
}

/// What it shows beyond the record itself.
///
/// # Errors
/// When the store can't be read, or the record is broken.
pub fn details(db: &Reader, instance: &Instance, now: Time) -> Result<Details, Fault> {
    let primary = instances::primary_interface(db, instance)?;
    let mut interfaces = Vec::new();
    let (mut zone_id, mut public_name) = (String::new(), None);
    for own in instances::interfaces_of(db, instance)? {
        let around = instances::surroundings(db, &own)?;
        if own.id == primary.id {
            zone_id.clone_from(&around.zone_id);
            public_name = public_hostname(&own, &around);
        }
        interfaces.push(interface(own, around));
    }
    let tags = instances::tags(db, instance)?;
    let group = instance.settings.placement.as_ref();
    let decode = |text: &String| STANDARD.decode(text).map_err(Fault::internal);
    let root = || instance.boot.root_device.clone();
    let pushed = pushed(db, &instance.id, now)?.into_iter();
    Ok(Details {
        user_data: instance.user_data.as_ref().map(decode).transpose()?,
        tags: tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        interfaces,
        placement: Placement {
            zone_id,
            group: group.map(|group| group.name.clone()),
            partition: group.and_then(|group| group.partition),
            host: None,
        },
        architecture: instances::architecture().to_owned(),
        hostname: instances::own_dns_name(instance, primary.private_ip()),
        public_hostname: public_name,
        devices: vec![("ami".to_owned(), root()), ("root".to_owned(), root())],
        pushed_keys: pushed
            .map(|key| PushedKey { user: key.user, line: key.line, until: key.until })
            .collect(),
        monitored: instance.settings.monitored,
        ..Details::default()
    })
}

fn interface(own: NetworkInterface, around: Surroundings) -> Interface {
    let attachment = own.attachment.as_ref();
    let public = |one: &instances::PrivateAddress| Some((one.public.as_ref()?.address, one.address));
    Interface {
        device_number: attachment.map_or(0, |attachment| attachment.device_index),
        network_card: attachment.map_or(0, |attachment| attachment.network_card),
        owner: own.account,
        private_ips: own.addresses.iter().map(|one| one.address).collect(),
        public_ips: own.addresses.iter().filter_map(public).collect(),
        ipv6s: Vec::new(),
        prefixes: Vec::new(),
        local_hostname: instances::private_dns_name(own.private_ip(), &own.region),
        public_hostname: public_hostname(&own, &around),
        security_groups: around.groups,
        subnet: Net { id: own.subnet, blocks: around.subnet_blocks, ..Net::default() },
        vpc: Net { id: own.vpc, blocks: around.vpc_blocks, ..Net::default() },
        id: own.id,
        mac: own.mac,
    }
}

/// The name of an interface's first public address, where its VPC gives such names.
fn public_hostname(own: &NetworkInterface, around: &Surroundings) -> Option<String> {
    let address = own.public_ip().filter(|_| around.public_names)?;
    Some(instances::public_dns_name(address, &own.region))
}
