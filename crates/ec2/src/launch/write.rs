//! Carrying a launch out: records of the new instances, each with a note for the reconciler.

use rolecall_base::{Fault, Time};
use rolecall_env::Env;
use rolecall_identity::PassedRole;
use rolecall_store::Tx;
use sha2::{Digest, Sha256};

use super::Plan;
use super::interfaces::{Kind, Planned};
use crate::faults;
use crate::interfaces;
use crate::lifecycle;
use crate::model::RunInstancesRequest;
use crate::network::Network;
use crate::place::Place;
use crate::profiles;
use crate::records::{
    Association, Boot, ClientToken, ClientTokens, Goal, Instance, InstancePlaces, Instances, ProfileRef,
    Settled, State,
};
use crate::tags;
use crate::templates::Merged;
use crate::volumes;

/// The instances of an earlier call with the same client token.
///
/// # Errors
/// IdempotentParameterMismatch when that call had other parameters.
pub fn repeated(
    tx: &Tx,
    place: Place<'_>,
    input: &RunInstancesRequest,
) -> Result<Option<Vec<Instance>>, Fault> {
    let Some(token) = input.client_token.as_deref().filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    if token.len() > 64 || !token.is_ascii() {
        let why = "A client token has at most 64 ASCII characters.";
        return Err(faults::invalid_value(token, "clientToken", why));
    }
    let Some(row) = tx.get::<ClientTokens>(&place.key(token))? else { return Ok(None) };
    if row.digest != digest(input) {
        return Err(faults::token_mismatch());
    }
    let mut instances = Vec::new();
    for id in &row.instances {
        instances.extend(tx.get::<Instances>(&place.key(id))?);
    }
    Ok(Some(instances))
}

/// Writes the instances of a plan; gives them as they are right after the call, still pending.
///
/// # Errors
/// When addresses run out, or the store can't be read.
pub fn write(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    merged: &Merged<'_>,
    plan: &Plan,
    launch: &Launch,
) -> Result<Vec<Instance>, Fault> {
    let input: &RunInstancesRequest = &merged.input;
    Network::settle(tx, place)?;
    let reservation = env.resource_id("r");
    let mut made = Vec::new();
    let first = u32::from_be_bytes(env.random());
    for index in 0..plan.count {
        let from = first.wrapping_add(index.unsigned_abs().wrapping_mul(plan.addresses()));
        let mut instance = new_instance(tx, env, place, input, plan, (index, from), &reservation)?;
        let id = instance.id.clone();
        tx.put::<InstancePlaces>(&id, &Settled { account: place.account, region: place.region.to_owned() })?;
        if let (Some((profile, _)), Some(passed)) = (&plan.profile, &launch.passed) {
            let association = Association {
                id: env.resource_id("iip-assoc"),
                instance: id.clone(),
                made: env.now().whole_seconds(),
            };
            let own = ProfileRef {
                id: profile.id.clone(),
                arn: profile.arn(),
                association: association.id.clone(),
                passed: passed.clone(),
            };
            profiles::associate(tx, place, &mut instance, own, &association)?;
        }
        tags::put(tx, place, &id, plan.instance_tags.clone())?;
        check_root(plan, launch.at_once)?;
        volumes::make(tx, env, env.now(), &mut instance, &plan.disks, &plan.volume_tags)?;
        lifecycle::want(tx, env, &mut instance, Goal::Running, launch.at_once)?;
        instance.state = State::Pending;
        made.push(instance);
    }
    if let Some(token) = input.client_token.as_deref().filter(|token| !token.is_empty()) {
        let instances = made.iter().map(|instance| instance.id.clone()).collect();
        let row = ClientToken { digest: digest(merged.given), reservation, instances };
        tx.put::<ClientTokens>(&place.key(token), &row)?;
    }
    Ok(made)
}

/// What the door decided, and what stands behind.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The proof that the profile's role may be passed.
    pub passed: Option<PassedRole>,
    pub at_once: bool,
}

/// The bytes of a root volume are its machine's disk, and end with it.
fn check_root(plan: &Plan, at_once: bool) -> Result<(), Fault> {
    let root = plan.disks.iter().find(|disk| disk.device == plan.image.root_device);
    if !at_once && root.is_some_and(|disk| !disk.delete_on_termination) {
        return Err(faults::unsupported("DeleteOnTermination=false of the root volume"));
    }
    Ok(())
}

/// `index` is its place among those of the call, `from` where in its subnet its addresses are looked for.
fn new_instance(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    input: &RunInstancesRequest,
    plan: &Plan,
    (index, mut from): (i32, u32),
    reservation: &str,
) -> Result<Instance, Fault> {
    let id = env.resource_id("i");
    let mut own = Vec::with_capacity(plan.interfaces.len());
    for planned in &plan.interfaces {
        own.push(interface(tx, env, place, plan, planned, from, &id)?);
        from = from.wrapping_add(planned.addresses());
    }
    let Some(primary) = plan.interfaces.first() else {
        return Err(Fault::internal("a launch without network interfaces"));
    };
    let now: Time = env.now();
    Ok(Instance {
        account: place.account,
        region: place.region.to_owned(),
        reservation: reservation.to_owned(),
        launch_index: index,
        launched: now.whole_seconds(),
        image: plan.image.id.clone(),
        boot: Boot::of(&plan.image),
        has_volumes: true,
        data_volumes: Vec::new(),
        instance_type: plan.instance_type.name.clone(),
        key_name: plan.key.as_ref().map(|key| key.name.clone()),
        public_key: plan.key.as_ref().map(|key| key.public_key.clone()),
        user_data: plan.user_data.clone(),
        interfaces: own,
        vpc: primary.vpc().to_owned(),
        subnet: primary.subnet().to_owned(),
        zone: primary.zone().to_owned(),
        volume: env.resource_id("vol"),
        profile: None,
        metadata: plan.metadata.clone(),
        shutdown: plan.shutdown,
        keep: input.disable_api_termination == Some(true),
        keep_running: input.disable_api_stop == Some(true),
        client_token: input.client_token.clone().filter(|token| !token.is_empty()),
        state: State::Pending,
        reason: None,
        transition: String::new(),
        goal: Goal::Running,
        reboots: 0,
        rebooted: 0,
        ran: false,
        ended: None,
        settings: plan.settings.clone(),
        id,
    })
}

/// Attaches an interface to a new instance, and makes it first if it is a new one; gives its id.
fn interface(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    plan: &Plan,
    planned: &Planned,
    from: u32,
    instance: &str,
) -> Result<String, Fault> {
    let mut own = match &planned.kind {
        Kind::Existing(own) => own.clone(),
        Kind::New(new) => {
            let new = interfaces::New {
                subnet: &new.subnet,
                cidr: new.cidr,
                addresses: new.addresses.clone(),
                count: new.count,
                from: Some(from),
                groups: new.groups.clone(),
                description: new.description.clone(),
                public: new.public,
                requester: None,
            };
            let own = interfaces::make(tx, env, place, new)?;
            tags::put(tx, place, &own.id, plan.interface_tags.clone())?;
            own
        }
    };
    let deleted = planned.delete_on_termination;
    own.attachment = Some(interfaces::attachment(env, instance, planned.device_index, deleted));
    interfaces::put(tx, &own)?;
    Ok(own.id)
}

/// What tells one request from another.
fn digest(input: &RunInstancesRequest) -> String {
    let mut hash = Sha256::new();
    // Its debug form hides the user data, so that goes in by itself.
    hash.update(format!("{input:?}"));
    hash.update(input.user_data.as_deref().unwrap_or_default());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use rolecall_testkit::{ACCOUNT, REGION, World};

    use super::*;
    use crate::describe::describe;
    use crate::scene::{launch, request};

    #[test]
    fn launches_into_one_subnet_at_the_same_time_are_not_in_each_others_way() {
        let world = World::new(1);
        // The first one stores the default network.
        launch(&world, request());
        let place = Place { account: ACCOUNT, region: REGION };
        let input = RunInstancesRequest { max_count: 20, ..request() };
        let begin = |_| {
            let mut tx = world.store.begin().unwrap();
            let merged = Merged { given: &input, input: Cow::Borrowed(&input), template: None };
            let plan = Plan::make(&tx, place, &merged).unwrap();
            let launch = Launch { passed: None, at_once: false };
            let made = write(&mut tx, &world.env, place, &merged, &plan, &launch).unwrap();
            assert_eq!(describe(&tx, place, made).unwrap().len(), 20);
            tx
        };
        let begun: Vec<_> = (0..4).map(begin).collect();
        for tx in begun {
            world.run(world.store.commit(tx)).unwrap();
        }
    }
}
