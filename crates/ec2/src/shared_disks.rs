//! The images and snapshots of others that an account sees: an index by region and viewer, so that a listing reads no more
//! than it may show.

use std::collections::{BTreeMap, BTreeSet};

use rolecall_base::{AccountId, Fault};
use rolecall_store::{Reader, Scan, Starts, Tx};

use crate::place::Place;
use crate::records::{Image, Settled, SharedDisks, Snapshot};

/// The viewer that stands for every account.
const ALL: &str = "all";

/// Those to whom an image or a snapshot is open beside its owner.
pub fn viewers(public: bool, shared: &[AccountId]) -> BTreeSet<String> {
    let everybody = public.then(|| ALL.to_owned());
    shared.iter().map(ToString::to_string).chain(everybody).collect()
}

pub fn of_image(image: &Image) -> BTreeSet<String> {
    viewers(image.public, &image.shared)
}

pub fn of_snapshot(snapshot: &Snapshot) -> BTreeSet<String> {
    viewers(snapshot.public, &snapshot.shared)
}

/// Brings the index from those viewers of something to these.
///
/// # Errors
/// When it can't be written.
pub fn change(
    tx: &mut Tx,
    owner: Place<'_>,
    id: &str,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<(), Fault> {
    for viewer in before.difference(after) {
        tx.delete::<SharedDisks>(&(owner.region, viewer.as_str(), id))?;
    }
    let settled = Settled { account: owner.account, region: owner.region.to_owned() };
    for viewer in after.difference(before) {
        tx.put::<SharedDisks>(&(owner.region, viewer.as_str(), id), &settled)?;
    }
    Ok(())
}

/// Ids that begin so, of others, that an account sees in a region: each with its owner.
///
/// # Errors
/// When the store can't be read.
pub fn seen(db: &Reader, place: Place<'_>, prefix: &str) -> Result<BTreeMap<String, AccountId>, Fault> {
    let own = place.account.to_string();
    let mut seen = BTreeMap::new();
    for viewer in [ALL, &own] {
        let rows = db.run::<SharedDisks>(&Scan::new(&Starts((place.region, viewer), prefix)))?;
        let others = rows.into_iter().filter(|(_, settled)| settled.account != place.account);
        seen.extend(others.map(|((.., id), settled)| (id, settled.account)));
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use rolecall_base::AccountId;
    use rolecall_store::{Pre, Store};
    use rolecall_testkit::{ACCOUNT, REGION, World};

    use super::*;
    use crate::model::*;
    use crate::records::{Images, Snapshots};
    use crate::{images, snapshots, upgrade};

    fn other() -> AccountId {
        AccountId::new(111_111_111_111).unwrap()
    }

    /// An image of a snapshot, both of the other account; the image's id and the snapshot's.
    fn image(world: &World, name: &str) -> (String, String) {
        let root = world.root(other());
        let volume = CreateVolumeRequest {
            availability_zone: Some("us-east-1a".into()),
            size: Some(8),
            ..Default::default()
        };
        let volume = world.call::<CreateVolume>(&root, volume).unwrap().volume_id.unwrap();
        let snapshot = CreateSnapshotRequest { volume_id: volume, ..Default::default() };
        let snapshot = world.call::<CreateSnapshot>(&root, snapshot).unwrap().snapshot_id.unwrap();
        let id = world.env.resource_id("ami");
        world.write(|tx| {
            let mut image = images::built_in()[0].clone();
            (image.account, image.region) = (other(), REGION.to_owned());
            image.public = false;
            (image.id, image.name) = (id.clone(), name.to_owned());
            images::write_new(tx, &image, &Default::default())
        });
        (id, snapshot)
    }

    fn share(world: &World, (image, snapshot): &(String, String), add: bool, user: Option<AccountId>) {
        let root = world.root(other());
        let ids = user.map(|account| vec![account.to_string()]);
        let groups = user.is_none().then(|| vec!["all".to_owned()]);
        let word = Some(if add { "add" } else { "remove" }.to_owned());
        let input = ModifyImageAttributeRequest {
            image_id: image.clone(),
            operation_type: word.clone(),
            user_ids: ids.clone(),
            user_groups: groups.clone(),
            ..Default::default()
        };
        world.call::<ModifyImageAttribute>(&root, input).unwrap();
        let input = ModifySnapshotAttributeRequest {
            snapshot_id: snapshot.clone(),
            operation_type: word,
            user_ids: ids,
            group_names: groups,
            ..Default::default()
        };
        world.call::<ModifySnapshotAttribute>(&root, input).unwrap();
    }

    const PLACE: Place<'static> = Place { account: ACCOUNT, region: REGION };

    /// What an account sees of others.
    fn seen_by(world: &World, account: AccountId) -> (Vec<String>, Vec<String>) {
        let db = world.store.read().unwrap();
        let place = Place { account, ..PLACE };
        let images = images::all(&db, place).unwrap().into_iter().filter(|image| !image.is_built_in());
        let snapshots = snapshots::all(&db, place).unwrap().into_iter();
        (images.map(|own| own.id).collect(), snapshots.map(|own| own.id).collect())
    }

    /// How many rows of images and snapshots a listing of both reads.
    fn reads(world: &World) -> usize {
        let tx = world.store.begin().unwrap();
        images::all(&tx, PLACE).unwrap();
        snapshots::all(&tx, PLACE).unwrap();
        let db = world.store.read().unwrap();
        let images =
            db.keys(&Scan::<Images>::new(&())).unwrap().into_iter().map(|key| Store::key::<Images>(&key));
        let snapshots = db.keys(&Scan::<Snapshots>::new(&())).unwrap();
        let keys: Vec<_> = images.chain(snapshots.iter().map(Store::key::<Snapshots>)).collect();
        let of = |pre: &Pre| match pre {
            Pre::RevIs(key, _) => keys.iter().filter(|own| *own == key).count(),
            Pre::RangeIs(range, _) => keys.iter().filter(|key| range.contains(key)).count(),
            _ => 0,
        };
        tx.premises().iter().map(of).sum()
    }

    #[test]
    fn a_listing_reads_what_its_account_may_see_and_nothing_else() {
        let world = World::new(1);
        world.account(other());
        assert_eq!(reads(&world), 0);
        let all: Vec<_> = (0..20).map(|number| image(&world, &format!("image {number}"))).collect();
        assert_eq!(reads(&world), 0);
        assert_eq!(seen_by(&world, ACCOUNT), (vec![], vec![]));
        share(&world, &all[3], true, None);
        share(&world, &all[7], true, Some(ACCOUNT));
        share(&world, &all[7], true, None);
        assert_eq!(reads(&world), 4);
        let (images, snapshots) = seen_by(&world, ACCOUNT);
        assert!(images.contains(&all[3].0) && images.contains(&all[7].0) && images.len() == 2);
        assert!(snapshots.contains(&all[3].1) && snapshots.contains(&all[7].1) && snapshots.len() == 2);
        assert_eq!(seen_by(&world, other()).0.len(), 20, "its own are told once");
        share(&world, &all[7], false, None);
        assert_eq!(seen_by(&world, ACCOUNT).0.len(), 2);
        share(&world, &all[7], false, Some(ACCOUNT));
        assert_eq!(seen_by(&world, ACCOUNT), (vec![all[3].0.clone()], vec![all[3].1.clone()]));
        let root = world.root(other());
        let input = DeregisterImageRequest { image_id: all[3].0.clone(), ..Default::default() };
        world.call::<DeregisterImage>(&root, input).unwrap();
        let input = DeleteSnapshotRequest { snapshot_id: all[3].1.clone(), ..Default::default() };
        world.call::<DeleteSnapshot>(&root, input).unwrap();
        assert_eq!(seen_by(&world, ACCOUNT), (vec![], vec![]));
        assert_eq!(world.store.read().unwrap().count::<SharedDisks>(&()).unwrap(), 0);
    }

    #[test]
    fn what_was_shared_before_there_was_an_index_is_seen() {
        let world = World::new(1);
        world.account(other());
        let one = image(&world, "one");
        share(&world, &one, true, Some(ACCOUNT));
        world.write(|tx| Ok(tx.delete_prefix::<SharedDisks>(&())?));
        assert_eq!(seen_by(&world, ACCOUNT), (vec![], vec![]));
        for _ in 0..2 {
            world.run(upgrade(&world.store)).unwrap();
            assert_eq!(seen_by(&world, ACCOUNT), (vec![one.0.clone()], vec![one.1.clone()]));
        }
    }
}
