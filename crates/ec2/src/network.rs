//! The networks of an account in a region.
//!
//! Every account has a default VPC in every region, 172.31.0.0/16 with a /20 subnet in each zone. It is derived from
//! account and region alone until something is launched there; then the same records are stored.

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_store::{Reader, Table, Tx};

use crate::place::Place;
use crate::records::{
    Mark, Networks, RegionalKey, SecurityGroup, SecurityGroups, Subnet, Subnets, Vpc, Vpcs,
};
use crate::regions;

/// All networks at one place.
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
        if !db.exists::<Networks>(&(place.account, place.region))? {
            return Ok(Network::fresh(place));
        }
        Ok(Network {
            vpcs: rows::<Vpcs>(db, place)?,
            subnets: rows::<Subnets>(db, place)?,
            groups: rows::<SecurityGroups>(db, place)?,
        })
    }

    /// Stores the default network, if that was not done yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn settle(tx: &mut Tx, place: Place<'_>) -> Result<(), Fault> {
        if tx.exists::<Networks>(&(place.account, place.region))? {
            return Ok(());
        }
        let fresh = Network::fresh(place);
        for vpc in &fresh.vpcs {
            tx.put::<Vpcs>(&place.key(&vpc.id), vpc)?;
        }
        for subnet in &fresh.subnets {
            tx.put::<Subnets>(&place.key(&subnet.id), subnet)?;
        }
        for group in &fresh.groups {
            tx.put::<SecurityGroups>(&place.key(&group.id), group)?;
        }
        tx.put::<Networks>(&(place.account, place.region), &Mark {})?;
        Ok(())
    }

    fn fresh(place: Place<'_>) -> Network {
        let id = |prefix: &str| place.fixed_id(prefix, "default");
        let vpc = Vpc {
            id: id("vpc"),
            cidr: "172.31.0.0/16".into(),
            cidr_association: id("vpc-cidr-assoc"),
            default: true,
            dhcp_options: id("dopt"),
            route_table: id("rtb"),
            route_table_association: id("rtbassoc"),
            internet_gateway: Some(id("igw")),
        };
        let subnet = |(n, (zone, zone_id)): (usize, (String, String))| Subnet {
            id: place.fixed_id("subnet", &zone),
            vpc: vpc.id.clone(),
            cidr: format!("172.31.{}.0/20", n * 16),
            zone,
            zone_id,
            default: true,
            public: true,
        };
        let group = SecurityGroup {
            id: id("sg"),
            name: "default".into(),
            description: "default VPC security group".into(),
            vpc: vpc.id.clone(),
        };
        let subnets = regions::zones(place.region).into_iter().enumerate().map(subnet).collect();
        Network { subnets, groups: vec![group], vpcs: vec![vpc] }
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

/// All rows of a table at one place.
///
/// # Errors
/// When the store can't be read.
pub fn rows<T: Table<Key = RegionalKey>>(db: &Reader, place: Place<'_>) -> Result<Vec<T::Row>, Fault> {
    let rows = db.scan::<T>(&(place.account, place.region), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// A stored address block.
///
/// # Errors
/// InternalFailure when it is none.
pub fn block(text: &str) -> Result<Cidr, Fault> {
    text.parse().map_err(Fault::internal)
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
