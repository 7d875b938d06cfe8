//! The networks of an account in a region.
//!
//! Every account has a default VPC in every region, 172.31.0.0/16 with a /20 subnet in each zone. It is derived from
//! account and region alone until something is changed there; then the same records are stored.

pub mod acls;
pub mod block;
mod derived;
pub mod dhcp;
mod lookup;
pub mod nats;
pub mod questions;
pub mod refusals;
pub mod routes;
pub mod shown;
pub mod subnets;
pub mod token;

pub use block::block;
pub use derived::{Derived, default_subnet_block, default_vpc};
pub use lookup::{InNetwork, all, get, in_vpc, is_settled, must, rows, standing_default};

use rolecall_base::Fault;
use rolecall_store::{Reader, Tx};

use crate::place::Place;
use crate::records::{
    AssociationOwner, AssociationOwners, InVpc, Mark, Networks, SecurityGroup, SecurityGroups,
    SettledNetwork, Subnet, Subnets, Vpc, Vpcs,
};

/// All VPCs, subnets and groups at one place. Who looks for one of them asks [`get`] instead.
#[derive(Clone, Debug)]
pub struct Network {
    pub vpcs: Vec<Vpc>,
    pub subnets: Vec<Subnet>,
    pub groups: Vec<SecurityGroup>,
}

impl Network {
    /// The networks as stored, or the default ones.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn load(db: &Reader, place: Place<'_>) -> Result<Network, Fault> {
        if !is_settled(db, place)? {
            let fresh = Derived::of(place);
            return Ok(Network { vpcs: vec![fresh.vpc], subnets: fresh.subnets, groups: vec![fresh.group] });
        }
        Ok(Network {
            vpcs: rows::<Vpcs>(db, place)?,
            subnets: rows::<Subnets>(db, place)?,
            groups: rows::<SecurityGroups>(db, place)?,
        })
    }

    /// What a launch looks at: some subnets, or for `None` those of the default VPC; their VPCs with the default groups;
    /// the groups of some ids.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn near(
        db: &Reader,
        place: Place<'_>,
        subnets: &[Option<&str>],
        groups: &[&str],
    ) -> Result<Network, Fault> {
        if !is_settled(db, place)? {
            return Network::load(db, place);
        }
        let mut near = Network { vpcs: Vec::new(), subnets: Vec::new(), groups: Vec::new() };
        for wished in subnets {
            let vpc = match wished {
                Some(id) => {
                    let found = get::<Subnets>(db, place, id)?;
                    let vpc = found.as_ref().map(|own| get::<Vpcs>(db, place, &own.vpc)).transpose()?;
                    near.subnets.extend(found);
                    vpc.flatten()
                }
                None => {
                    let vpc = standing_default(db, place)?;
                    if let Some(vpc) = &vpc {
                        near.subnets.extend(subnets::of_vpc(db, place, &vpc.id)?);
                    }
                    vpc
                }
            };
            near.vpcs.extend(vpc);
        }
        let defaults = near.vpcs.iter().map(|vpc| vpc.group.as_str());
        for id in defaults.chain(groups.iter().copied()) {
            near.groups.extend(get::<SecurityGroups>(db, place, id)?);
        }
        Ok(near)
    }

    /// Stores the default network, if that was not done yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn settle(tx: &mut Tx, place: Place<'_>) -> Result<(), Fault> {
        if is_settled(tx, place)? {
            return Ok(());
        }
        Derived::of(place).store(tx, place)?;
        tx.put::<Networks>(&(place.account, place.region), &SettledNetwork { whole: true })?;
        Ok(())
    }

    pub fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.id == id)
    }

    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    pub fn group(&self, id: &str) -> Option<&SecurityGroup> {
        self.groups.iter().find(|group| group.id == id)
    }

    pub fn default_vpc(&self) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.default)
    }

    /// The default subnet of a zone, or of the first zone.
    pub fn default_subnet(&self, zone: Option<&str>) -> Option<&Subnet> {
        let fits = |subnet: &&Subnet| subnet.default && zone.is_none_or(|zone| subnet.zone == zone);
        let mut fitting: Vec<_> = self.subnets.iter().filter(fits).collect();
        fitting.sort_by(|a, b| a.zone.cmp(&b.zone));
        fitting.first().copied()
    }

    /// A VPC's group by its name.
    pub fn group_named(&self, name: &str, vpc: &str) -> Option<&SecurityGroup> {
        self.groups.iter().find(|group| group.name == name && group.vpc == vpc)
    }
}

/// Notes that something is in a VPC.
///
/// # Errors
/// When it can't be written.
pub fn put_in(tx: &mut Tx, place: Place<'_>, vpc: &str, id: &str) -> Result<(), Fault> {
    tx.put::<InVpc>(&(place.account, place.region, vpc, id), &Mark {})?;
    Ok(())
}

/// Takes that note back.
///
/// # Errors
/// When it can't be written.
pub fn take_out(tx: &mut Tx, place: Place<'_>, vpc: &str, id: &str) -> Result<(), Fault> {
    tx.delete::<InVpc>(&(place.account, place.region, vpc, id))?;
    Ok(())
}

/// Notes whose an association is.
///
/// # Errors
/// When it can't be written.
pub fn own_association(tx: &mut Tx, place: Place<'_>, association: &str, owner: &str) -> Result<(), Fault> {
    let row = AssociationOwner { id: owner.to_owned() };
    tx.put::<AssociationOwners>(&place.key(association), &row)?;
    Ok(())
}

/// Whose an association is.
///
/// # Errors
/// When the store can't be read.
pub fn owner_of(db: &Reader, place: Place<'_>, association: &str) -> Result<Option<String>, Fault> {
    if !is_settled(db, place)? {
        let owners = Derived::of(place).owners();
        return Ok(owners.into_iter().find(|(id, _)| id == association).map(|(_, owner)| owner));
    }
    Ok(db.get::<AssociationOwners>(&place.key(association))?.map(|row| row.id))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;
    use crate::scene::{launch, request};

    #[test]
    fn the_default_network_is_the_same_before_and_after_the_first_launch() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let look = || {
            let vpcs = world.call::<DescribeVpcs>(&root, Default::default()).unwrap().vpcs.unwrap();
            let subnets = world.call::<DescribeSubnets>(&root, Default::default()).unwrap().subnets.unwrap();
            let groups = world
                .call::<DescribeSecurityGroups>(&root, Default::default())
                .unwrap()
                .security_groups
                .unwrap();
            let free: i32 = subnets.iter().map(|subnet| subnet.available_ip_address_count.unwrap()).sum();
            let ids: Vec<_> = subnets.into_iter().map(|subnet| subnet.subnet_id.unwrap()).collect();
            ((vpcs[0].vpc_id.clone(), ids, groups[0].group_id.clone()), free)
        };
        let before = look();
        assert_eq!(before.1, 3 * 4091);
        launch(&world, request());
        let after = look();
        assert_eq!((before.0, before.1 - 1), after);
    }
}
