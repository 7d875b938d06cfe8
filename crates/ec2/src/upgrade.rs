//! Records of older servers, brought to today's form before anything is served.

use rolecall_base::Fault;
use rolecall_store::{CommitError, Scan, Store, StoreError, Tx};

use crate::interfaces;
use crate::place::Place;
use crate::records::{
    Embedded, EmbeddedInterfaces, Images, Instances, PublicAddresses, Settled, SharedDisks, Snapshots, Taken,
};
use crate::{addresses, shared_disks};

/// Why records could not be brought to today's form.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Brings everything to today's form.
///
/// # Errors
/// When the store can't be read or written.
pub async fn upgrade(store: &Store) -> Result<(), UpgradeError> {
    take_interfaces_out(store).await?;
    list_shared_disks(store).await
}

/// Lists the images and snapshots that were opened to others before there was a list of them.
async fn list_shared_disks(store: &Store) -> Result<(), UpgradeError> {
    let db = store.read()?;
    let images = db.run::<Images>(&Scan::new(&()))?.into_iter();
    let images = images.map(|(key, image)| (key, shared_disks::of_image(&image)));
    let snapshots = db.run::<Snapshots>(&Scan::new(&()))?.into_iter();
    let snapshots = snapshots.map(|(key, snapshot)| (key, shared_disks::of_snapshot(&snapshot)));
    let mut missing = Vec::new();
    for ((account, region, id), viewers) in images.chain(snapshots) {
        for viewer in viewers {
            if !db.exists::<SharedDisks>(&(region.as_str(), viewer.as_str(), id.as_str()))? {
                missing.push((
                    (region.clone(), viewer, id.clone()),
                    Settled { account, region: region.clone() },
                ));
            }
        }
    }
    for some in missing.chunks(1_000) {
        let write = |tx: &mut Tx| some.iter().try_for_each(|(key, row)| tx.put::<SharedDisks>(key, row));
        store.update(|tx| write(tx).map_err(UpgradeError::from)).await?;
    }
    Ok(())
}

/// Makes the network interface inside each instance's old record a record of its own.
async fn take_interfaces_out(store: &Store) -> Result<(), UpgradeError> {
    let rows = store.read()?.scan::<EmbeddedInterfaces>(&(), None, usize::MAX)?;
    let old = rows.into_iter().filter(|(_, row)| matches!(row, Embedded::Here(_)));
    for (key, _) in old {
        store
            .update(|tx| {
                let Some(Embedded::Here(row)) = tx.get::<EmbeddedInterfaces>(&key)? else { return Ok(()) };
                let Some(instance) = tx.get::<Instances>(&key)? else { return Ok(()) };
                if let Some(own) = row.interface() {
                    let place = Place { account: own.account, region: &own.region };
                    addresses::claim_private(tx, place, &own.subnet, own.private_ip(), &own.id)?;
                    if let Some(address) = own.public_ip() {
                        let taken = Taken { owner: own.id.clone() };
                        tx.put::<PublicAddresses>(&u32::from(address), &taken)?;
                    }
                    interfaces::put(tx, &own)?;
                }
                tx.put::<Instances>(&key, &instance)?;
                Ok::<(), UpgradeError>(())
            })
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_store::{Record, Table};
    use rolecall_testkit::{ACCOUNT, World};
    use serde::{Deserialize, Serialize};

    use super::upgrade;
    use crate::instances;
    use crate::model::{TerminateInstances, TerminateInstancesRequest};
    use crate::records::{Instances, Interfaces, PrivateAddresses, RegionalKey};
    use crate::scene::{launch, request, seen};

    /// A row of version 1: the row of today, but with its interface inside.
    #[derive(Serialize, Deserialize)]
    struct First {
        #[serde(flatten)]
        rest: crate::records::Instance,
        interface: FirstInterface,
    }

    #[derive(Serialize, Deserialize)]
    struct FirstInterface {
        id: String,
        attachment: String,
        mac: String,
        private_ip: std::net::Ipv4Addr,
        public_ip: Option<std::net::Ipv4Addr>,
        public: bool,
        vpc: String,
        subnet: String,
        zone: String,
        groups: Vec<String>,
        source_dest_check: bool,
    }

    impl Record for First {
        const VERSION: u8 = 1;
    }

    struct Firsts;

    impl Table for Firsts {
        const ID: u16 = Instances::ID;
        const NAME: &'static str = "instances";
        type Key = RegionalKey;
        type Row = First;
    }

    #[test]
    fn the_interface_of_an_old_record_becomes_its_own() {
        let world = World::new(1);
        let id = launch(&world, request());
        let before = seen(&world, &id);
        world.write(|tx| {
            let mut rest = instances::find(tx, &id)?.unwrap();
            let own = instances::primary_interface(tx, &rest)?;
            tx.delete::<Interfaces>(&own.key())?;
            tx.delete_prefix::<PrivateAddresses>(&(ACCOUNT,))?;
            let interface = FirstInterface {
                private_ip: own.private_ip(),
                public_ip: own.public_ip(),
                id: own.id,
                attachment: own.attachment.unwrap().id,
                mac: own.mac,
                public: own.public,
                vpc: std::mem::take(&mut rest.vpc),
                subnet: std::mem::take(&mut rest.subnet),
                zone: std::mem::take(&mut rest.zone),
                groups: own.groups,
                source_dest_check: true,
            };
            rest.interfaces.clear();
            Ok(tx.put::<Firsts>(&rest.key(), &First { rest, interface })?)
        });
        for _ in 0..2 {
            world.run(upgrade(&world.store)).unwrap();
            assert_eq!(seen(&world, &id), before);
        }
        let end = TerminateInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<TerminateInstances>(&world.root(ACCOUNT), end).unwrap();
        let db = world.store.read().unwrap();
        assert_eq!(db.count::<Interfaces>(&()).unwrap(), 0);
        assert_eq!(db.count::<PrivateAddresses>(&()).unwrap(), 0);
    }
}
