//! How instances change their state, and what an instance takes and gives back on the way.

use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_door::{Authorized, Operation};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::interfaces;
use crate::machines::Machines;
use crate::model::{InstanceState, InstanceStateChange};
use crate::place::Place;
use crate::records::{
    Associations, ClientTokens, Ended, Goal, Instance, InstancePlaces, Instances, Mark, Reason, State, Work,
};
use crate::{tags, volumes, wiring};

/// How long a terminated instance is still described.
pub const REMEMBERED: Duration = Duration::from_secs(3600);

/// The instance of an id.
///
/// # Errors
/// InvalidInstanceID.Malformed or InvalidInstanceID.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str, now: Time) -> Result<Instance, Fault> {
    check_id(id)?;
    let found = db.get::<Instances>(&place.key(id))?.filter(|instance| is_remembered(instance, now));
    found.ok_or_else(|| faults::no_instances(&[id]))
}

/// The instances of some ids, in their order; all the missing ones are named in one fault.
///
/// # Errors
/// InvalidInstanceID.Malformed, InvalidInstanceID.NotFound, or MissingParameter for none at all.
pub fn get_all(db: &Reader, place: Place<'_>, ids: &[String], now: Time) -> Result<Vec<Instance>, Fault> {
    if ids.is_empty() {
        return Err(faults::missing("InstanceId"));
    }
    let (mut found, mut missing) = (Vec::<Instance>::new(), Vec::new());
    for id in ids {
        check_id(id)?;
        match db.get::<Instances>(&place.key(id))?.filter(|instance| is_remembered(instance, now)) {
            Some(instance) if found.iter().any(|own| own.id == instance.id) => {}
            Some(instance) => found.push(instance),
            None => missing.push(id.as_str()),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(faults::no_instances(&missing)) }
}

/// An instance that is not over, nor about to be.
///
/// # Errors
/// Those of [`get`], and IncorrectInstanceState.
pub fn get_standing(db: &Reader, place: Place<'_>, id: &str, now: Time) -> Result<Instance, Fault> {
    let instance = get(db, place, id, now)?;
    if instance.state.is_ending() {
        let text = format!("The instance '{id}' is not in the 'running' or 'stopped' state.");
        return Err(faults::wrong_state(text));
    }
    Ok(instance)
}

/// An instance that is stopped.
///
/// # Errors
/// Those of [`get`], and IncorrectInstanceState.
pub fn get_stopped(db: &Reader, place: Place<'_>, id: &str, now: Time) -> Result<Instance, Fault> {
    let instance = get(db, place, id, now)?;
    if instance.state == State::Stopped { Ok(instance) } else { Err(not_stopped(&instance)) }
}

pub fn not_stopped(instance: &Instance) -> Fault {
    faults::wrong_state(format!("The instance '{}' is not in the 'stopped' state.", instance.id))
}

/// Whether it is still described.
pub fn is_remembered(instance: &Instance, now: Time) -> bool {
    instance.ended.is_none_or(|ended| now.since(ended) < REMEMBERED)
}

/// Checks the form of an instance id: 8 or 17 hexadecimal digits.
fn check_id(id: &str) -> Result<(), Fault> {
    let digits = id.strip_prefix("i-").unwrap_or_default();
    let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex && matches!(digits.len(), 8 | 17) {
        return Ok(());
    }
    Err(faults::malformed("InvalidInstanceID.Malformed", id, "i"))
}

/// Whether states are reached by writing them: no machine stands behind.
pub fn at_once<Op: Operation>(req: &Authorized<'_, Op>) -> bool {
    req.extensions.get::<Machines>().map_or(true, |machines| machines.is_paper())
}

/// Sets what is wanted of an instance and writes it, with a note for the reconciler. Without a machine behind it
/// the goal is reached at once.
///
/// # Errors
/// When the store can't be read, or no address is left.
pub fn want(tx: &mut Tx, env: &Env, instance: &mut Instance, goal: Goal, at_once: bool) -> Result<(), Fault> {
    instance.goal = goal;
    instance.state = goal.under_way();
    if goal == Goal::Running {
        interfaces::started(tx, env, instance)?;
    } else {
        interfaces::stopped(tx, instance)?;
    }
    tx.put::<Work>(&instance.id, &Mark {})?;
    let place = Place { account: instance.account, region: &instance.region };
    wiring::touch(tx, place, &instance.vpc)?;
    if at_once { reach(tx, env.now(), instance) } else { write(tx, instance) }
}

/// Writes that an instance has reached its goal.
///
/// # Errors
/// When the store can't be read.
pub fn reach(tx: &mut Tx, now: Time, instance: &mut Instance) -> Result<(), Fault> {
    instance.state = instance.goal.reached();
    instance.rebooted = instance.reboots;
    match instance.goal {
        Goal::Running => {
            instance.reason = None;
            instance.transition = String::new();
            instance.settings.hard = false;
            instance.ran = true;
        }
        Goal::Stopped => {}
        Goal::Terminated => end(tx, now, instance)?,
    }
    write(tx, instance)
}

/// Writes an instance.
///
/// # Errors
/// When it can't be written.
pub fn write(tx: &mut Tx, instance: &Instance) -> Result<(), Fault> {
    tx.put::<Instances>(&instance.key(), instance)?;
    Ok(())
}

/// What a terminated instance no longer has.
fn end(tx: &mut Tx, now: Time, instance: &mut Instance) -> Result<(), Fault> {
    let place = Place { account: instance.account, region: &instance.region };
    if let Some(profile) = instance.profile.take() {
        tx.delete::<Associations>(&place.key(&profile.association))?;
    }
    interfaces::ended(tx, instance)?;
    volumes::release(tx, instance)?;
    instance.ended = Some(now);
    instance.user_data = None;
    tx.put::<Ended>(&(now.millis(), instance.id.clone()), &Mark {})?;
    Ok(())
}

/// Removes every trace of an instance that was terminated long ago.
///
/// # Errors
/// When the store can't be read.
pub fn forget(tx: &mut Tx, ended: i64, id: &str) -> Result<(), Fault> {
    tx.delete::<Ended>(&(ended, id.to_owned()))?;
    let Some(settled) = tx.get::<InstancePlaces>(&id)? else { return Ok(()) };
    let place = Place { account: settled.account, region: &settled.region };
    let Some(instance) = tx.get::<Instances>(&place.key(id))? else { return Ok(()) };
    tags::put(tx, place, &instance.id, Default::default())?;
    if let Some(token) = instance.client_token.filter(|_| instance.launch_index == 0) {
        tx.delete::<ClientTokens>(&place.key(&token))?;
    }
    tx.delete::<Instances>(&place.key(id))?;
    tx.delete::<InstancePlaces>(&id)?;
    tx.delete::<Work>(&id)?;
    Ok(())
}

/// `User initiated (2026-01-01 00:00:00 GMT)`
pub fn user_initiated(now: Time) -> String {
    let text = now.iso_seconds().replace('T', " ").replace('Z', " GMT");
    format!("User initiated ({text})")
}

/// `Client.UserInitiatedShutdown`
pub fn user_shutdown() -> Reason {
    Reason::new("Client.UserInitiatedShutdown", "User initiated shutdown")
}

/// One entry of what Start, Stop and Terminate answer.
pub fn change(id: &str, before: State, after: State) -> InstanceStateChange {
    InstanceStateChange {
        instance_id: Some(id.to_owned()),
        current_state: Some(state_to_wire(after)),
        previous_state: Some(state_to_wire(before)),
    }
}

pub fn state_to_wire(state: State) -> InstanceState {
    InstanceState { code: Some(state.code()), name: Some(state.name().to_owned()) }
}
