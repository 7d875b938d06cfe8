//! ListInstances: the caller's instances of all regions, with what EC2's API does not say of them: the role behind the
//! profile, how long its credentials last, how they run.

use rolecall_actions::rolecall;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_ec2::instances::{self, Instance};
use rolecall_identity::records::{InstanceProfileIds, InstanceProfiles, Roles};
use rolecall_store::Reader;
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::Server;
use super::json::operation;

#[derive(Debug)]
pub struct ListInstances;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {}

#[derive(Debug, Serialize)]
pub struct Listing {
    instances: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    instance_id: String,
    name: Option<String>,
    region: String,
    state: &'static str,
    instance_type: String,
    private_ip: Option<String>,
    public_ip: Option<String>,
    /// The role that its profile holds now.
    role: Option<String>,
    /// The end of the credentials that were handed out last.
    credentials_expire: Option<String>,
    driver: &'static str,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

operation!(ListInstances, "POST" "/_rolecall/instances", Request => Listing);

impl Operation for ListInstances {
    type Access = Read;

    fn needs(_: &Request, _: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(rolecall::ListInstances).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Listing, Fault> {
        let server = req.extensions.get::<Server>()?;
        let machines = req.extensions.get::<rolecall_compute::Driver>()?;
        let imds = server.imds.get().and_then(std::sync::Weak::upgrade);
        let expiry = |id: &str| imds.as_ref().and_then(|imds| imds.expiry(id, req.now));
        let mut shown = Vec::new();
        for instance in instances::of_account(req.db()?, req.account())? {
            let expires = expiry(&instance.id).map(|time| time.iso_seconds());
            let driver = machines.kind_of(&instance.id).name();
            shown.push(show(req.db()?, instance, expires, driver)?);
        }
        Ok(Listing { instances: shown })
    }
}

fn show(
    db: &Reader,
    instance: Instance,
    credentials_expire: Option<String>,
    driver: &'static str,
) -> Result<Shown, Fault> {
    let own = instances::interfaces_of(db, &instance)?.into_iter().next();
    let tags = instances::tags(db, &instance)?;
    let profile = instance.profile.as_ref().map(|profile| profile.id.clone());
    Ok(Shown {
        name: tags.get("Name").map(str::to_owned),
        state: instance.state.name(),
        private_ip: own.as_ref().map(|own| own.private_ip().to_string()),
        public_ip: own.as_ref().and_then(|own| Some(own.public_ip()?.to_string())),
        role: profile.map(|id| role(db, instance.account, id)).transpose()?.flatten(),
        credentials_expire,
        driver,
        instance_id: instance.id,
        region: instance.region,
        instance_type: instance.instance_type,
    })
}

/// The name of the role in a profile, if it is there.
fn role(db: &Reader, account: AccountId, profile: String) -> Result<Option<String>, Fault> {
    let Some(place) = db.get::<InstanceProfileIds>(&profile)? else { return Ok(None) };
    let found = db.get::<InstanceProfiles>(&(place.account, place.name))?;
    let Some(role) = found.filter(|found| found.id == profile).and_then(|found| found.role) else {
        return Ok(None);
    };
    Ok(db.get::<Roles>(&(account, role))?.map(|role| role.name))
}
