//! What the tests of this crate begin with: profiles and instances in a world of one seed.

use rolecall_base::Fault;
use rolecall_door::Visitor;
use rolecall_identity::records::{
    Entities, Entity, Holder, InstanceProfile, InstanceProfileIds, InstanceProfiles, Mark, ProfilePlace,
    ProfilesOfRole, Role, Roles, fold,
};
use rolecall_testkit::{ACCOUNT, World};

use crate::images;
use crate::model::{
    CreateLaunchTemplateRequest, DescribeInstances, DescribeInstancesRequest,
    IamInstanceProfileSpecification, Instance, RequestLaunchTemplateData, Reservation, RunInstances,
    RunInstancesRequest, Tag, TagSpecification,
};

/// Writes a role that EC2 may take on.
pub fn role(world: &World, name: &str) {
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}}}"#;
    let role = Role {
        account: ACCOUNT,
        name: name.into(),
        path: "/".into(),
        id: world.env.unique_id("AROA"),
        created: world.env.now(),
        trust: trust.into(),
        description: None,
        max_session: 3600,
        tags: Default::default(),
        boundary: None,
    };
    world.write(|tx| {
        tx.put::<Roles>(&(ACCOUNT, fold(name)), &role)?;
        let entity = Entity { account: ACCOUNT, holder: Holder::Role, name: fold(name) };
        tx.put::<Entities>(&role.id, &entity)?;
        Ok(())
    });
}

/// Writes an instance profile, with the role of that name if it is to have one.
pub fn profile(world: &World, name: &str, role: Option<&str>) -> InstanceProfile {
    let profile = InstanceProfile {
        account: ACCOUNT,
        name: name.into(),
        path: "/".into(),
        id: world.env.unique_id("AIPA"),
        created: world.env.now(),
        role: role.map(fold),
        tags: Default::default(),
    };
    world.write(|tx| {
        tx.put::<InstanceProfiles>(&(ACCOUNT, fold(name)), &profile)?;
        let place = ProfilePlace { account: ACCOUNT, name: fold(name) };
        tx.put::<InstanceProfileIds>(&profile.id, &place)?;
        if let Some(role) = role {
            tx.put::<ProfilesOfRole>(&(ACCOUNT, fold(role), fold(name)), &Mark {})?;
        }
        Ok(())
    });
    profile
}

/// One instance of the default image.
pub fn request() -> RunInstancesRequest {
    RunInstancesRequest {
        image_id: Some(images::DEFAULT.into()),
        instance_type: Some("t3.micro".into()),
        min_count: 1,
        max_count: 1,
        ..Default::default()
    }
}

/// A launch template of the default image.
pub fn template(name: &str, instance_type: &str) -> CreateLaunchTemplateRequest {
    CreateLaunchTemplateRequest {
        launch_template_name: name.into(),
        launch_template_data: RequestLaunchTemplateData {
            image_id: Some(images::DEFAULT.into()),
            instance_type: Some(instance_type.into()),
            ..Default::default()
        },
        ..Default::default()
    }
}

pub fn named(name: &str) -> Option<IamInstanceProfileSpecification> {
    Some(IamInstanceProfileSpecification { name: Some(name.into()), arn: None })
}

pub fn tagged(kind: &str, key: &str, value: &str) -> Option<Vec<TagSpecification>> {
    let tag = Tag { key: Some(key.into()), value: Some(value.into()) };
    Some(vec![TagSpecification { resource_type: Some(kind.into()), tags: Some(vec![tag]) }])
}

pub fn run(world: &World, visitor: &Visitor, input: RunInstancesRequest) -> Result<Reservation, Fault> {
    world.call::<RunInstances>(visitor, input)
}

/// Launches one instance as root; gives its id.
pub fn launch(world: &World, input: RunInstancesRequest) -> String {
    let reservation = run(world, &world.root(ACCOUNT), input).unwrap();
    reservation.instances.unwrap()[0].instance_id.clone().unwrap()
}

/// An instance as root sees it.
pub fn seen(world: &World, id: &str) -> Instance {
    let input = DescribeInstancesRequest { instance_ids: Some(vec![id.into()]), ..Default::default() };
    let answer = world.call::<DescribeInstances>(&world.root(ACCOUNT), input).unwrap();
    answer.reservations.unwrap().remove(0).instances.unwrap().remove(0)
}

/// The name of an instance's state.
pub fn state(world: &World, id: &str) -> String {
    seen(world, id).state.unwrap().name.unwrap()
}
