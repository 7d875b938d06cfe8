//! The default network: what there is in a region before anything is stored, and what CreateDefaultVpc makes anew.

use rolecall_base::Fault;
use rolecall_env::Env;
use rolecall_store::Tx;

use super::{own_association, put_in};
use crate::place::Place;
use crate::records::{
    AclRule, DhcpOptionSets, DhcpOptions, InternetGateway, InternetGateways, NetworkAcl, NetworkAcls, Route,
    RouteTable, RouteTables, SecurityGroup, SecurityGroups, Subnet, SubnetAssociation, Subnets, Via, Vpc,
    Vpcs,
};
use crate::regions;

/// A VPC with all that it begins with.
#[derive(Clone, Debug)]
pub struct Derived {
    pub vpc: Vpc,
    pub subnets: Vec<Subnet>,
    pub group: SecurityGroup,
    pub table: RouteTable,
    pub gateway: Option<InternetGateway>,
    pub options: DhcpOptions,
    pub acl: NetworkAcl,
}

impl Derived {
    /// The default network of a place, with ids that are always the same.
    pub fn of(place: Place<'_>) -> Derived {
        default_vpc(place, &|prefix: &str, name: &str| place.fixed_id(prefix, name))
    }

    /// Which associations there are, and whose they are.
    pub fn owners(&self) -> Vec<(String, String)> {
        let mut owners = vec![(self.vpc.cidr_association.clone(), self.vpc.id.clone())];
        owners.extend(self.table.main.iter().map(|id| (id.clone(), self.table.id.clone())));
        owners.extend(self.acl.associations.iter().map(|own| (own.id.clone(), self.acl.id.clone())));
        owners
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn store(&self, tx: &mut Tx, place: Place<'_>) -> Result<(), Fault> {
        let vpc = &self.vpc.id;
        tx.put::<Vpcs>(&place.key(vpc), &self.vpc)?;
        for subnet in &self.subnets {
            tx.put::<Subnets>(&place.key(&subnet.id), subnet)?;
            put_in(tx, place, vpc, &subnet.id)?;
        }
        tx.put::<SecurityGroups>(&place.key(&self.group.id), &self.group)?;
        tx.put::<RouteTables>(&place.key(&self.table.id), &self.table)?;
        put_in(tx, place, vpc, &self.table.id)?;
        if let Some(gateway) = &self.gateway {
            tx.put::<InternetGateways>(&place.key(&gateway.id), gateway)?;
        }
        if self.vpc.dhcp_options == self.options.id {
            tx.put::<DhcpOptionSets>(&place.key(&self.options.id), &self.options)?;
        }
        tx.put::<NetworkAcls>(&place.key(&self.acl.id), &self.acl)?;
        put_in(tx, place, vpc, &self.acl.id)?;
        for (association, owner) in self.owners() {
            own_association(tx, place, &association, &owner)?;
        }
        Ok(())
    }

    /// A VPC that was asked for: without subnets and without a way out.
    pub fn plain(place: Place<'_>, env: &Env, cidr: String) -> Derived {
        begin(place, &|prefix, _| env.resource_id(prefix), cidr)
    }
}

/// The default VPC, whose ids come from `id` by prefix and name.
pub fn default_vpc(place: Place<'_>, id: &dyn Fn(&str, &str) -> String) -> Derived {
    let mut made = begin(place, id, "172.31.0.0/16".to_owned());
    let gateway = InternetGateway { id: id("igw", "default"), vpc: Some(made.vpc.id.clone()) };
    made.vpc.default = true;
    made.vpc.dns_hostnames = true;
    made.vpc.internet_gateway = Some(gateway.id.clone());
    let out = Route { to: "0.0.0.0/0".into(), via: Via::Internet(gateway.id.clone()), own: false };
    made.table.routes.push(out);
    made.gateway = Some(gateway);
    for (n, (zone, zone_id)) in regions::zones(place.region).into_iter().enumerate() {
        let subnet = Subnet {
            id: id("subnet", &zone),
            vpc: made.vpc.id.clone(),
            cidr: default_subnet_block(n),
            default: true,
            public: true,
            route_table: None,
            network_acl: made.acl.id.clone(),
            acl_association: id("aclassoc", &zone),
            zone,
            zone_id,
        };
        let association = SubnetAssociation { id: subnet.acl_association.clone(), subnet: subnet.id.clone() };
        made.acl.associations.push(association);
        made.subnets.push(subnet);
    }
    made
}

/// The block of the `n`-th zone's default subnet.
pub fn default_subnet_block(n: usize) -> String {
    format!("172.31.{}.0/20", n * 16)
}

fn begin(place: Place<'_>, id: &dyn Fn(&str, &str) -> String, cidr: String) -> Derived {
    let new = |prefix: &str| id(prefix, "default");
    let options = DhcpOptions {
        // One for all VPCs of the region.
        id: place.fixed_id("dopt", "default"),
        options: vec![
            ("domain-name".to_owned(), vec![regions::private_domain(place.region)]),
            ("domain-name-servers".to_owned(), vec!["AmazonProvidedDNS".to_owned()]),
        ],
    };
    let vpc = Vpc {
        id: new("vpc"),
        cidr_association: new("vpc-cidr-assoc"),
        dhcp_options: options.id.clone(),
        route_table: new("rtb"),
        route_table_association: new("rtbassoc"),
        network_acl: new("acl"),
        group: new("sg"),
        dns_support: true,
        cidr,
        ..Vpc::default()
    };
    let group = SecurityGroup {
        id: vpc.group.clone(),
        name: "default".into(),
        description: "default VPC security group".into(),
        vpc: vpc.id.clone(),
        rules: None,
    };
    let table = RouteTable {
        id: vpc.route_table.clone(),
        vpc: vpc.id.clone(),
        routes: vec![Route { to: vpc.cidr.clone(), via: Via::Local, own: true }],
        main: Some(vpc.route_table_association.clone()),
        ..RouteTable::default()
    };
    let acl = NetworkAcl {
        id: vpc.network_acl.clone(),
        vpc: vpc.id.clone(),
        default: true,
        rules: [false, true].map(admit_all).to_vec(),
        ..NetworkAcl::default()
    };
    Derived { vpc, subnets: Vec::new(), group, table, gateway: None, options, acl }
}

/// The rule of a default access list: everything may pass.
fn admit_all(egress: bool) -> AclRule {
    let cidr = "0.0.0.0/0".to_owned();
    AclRule { egress, number: 100, allow: true, protocol: -1, cidr, ports: None, icmp: None }
}
