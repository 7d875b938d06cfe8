//! Finding what a network consists of, by id or by VPC, whether it is stored or derived.

use rolecall_base::Fault;
use rolecall_store::{Reader, Scan, Starts, Table};

use super::Derived;
use crate::place::Place;
use crate::records::{
    DhcpOptionSets, InVpc, InternetGateways, NatGateways, NetworkAcls, Networks, RegionalKey, RouteTables,
    SecurityGroups, Subnets, Vpc, Vpcs,
};

/// A table whose first rows are derived.
pub trait InNetwork: Table<Key = RegionalKey> {
    fn derived(fresh: Derived) -> Vec<Self::Row>;
    fn id(row: &Self::Row) -> &str;
}

macro_rules! in_network {
    ($($table:ident $fresh:ident => $rows:expr;)*) => {$(
        impl InNetwork for $table {
            fn derived($fresh: Derived) -> Vec<Self::Row> {
                $rows
            }

            fn id(row: &Self::Row) -> &str {
                &row.id
            }
        }
    )*};
}

in_network! {
    Vpcs fresh => vec![fresh.vpc];
    Subnets fresh => fresh.subnets;
    SecurityGroups fresh => vec![fresh.group];
    RouteTables fresh => vec![fresh.table];
    InternetGateways fresh => fresh.gateway.into_iter().collect();
    DhcpOptionSets fresh => vec![fresh.options];
    NetworkAcls fresh => vec![fresh.acl];
    NatGateways _fresh => Vec::new();
}

/// Whether the networks of a place are in the tables.
///
/// # Errors
/// When the store can't be read.
pub fn is_settled(db: &Reader, place: Place<'_>) -> Result<bool, Fault> {
    Ok(db.get::<Networks>(&(place.account, place.region))?.is_some_and(|row| row.whole))
}

/// The one of an id.
///
/// # Errors
/// When the store can't be read.
pub fn get<T: InNetwork>(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<T::Row>, Fault> {
    if is_settled(db, place)? {
        return Ok(db.get::<T>(&place.key(id))?);
    }
    Ok(T::derived(Derived::of(place)).into_iter().find(|row| T::id(row) == id))
}

/// The one of an id, which must be there.
///
/// # Errors
/// What `missing` says when it is not.
pub fn must<T: InNetwork>(
    db: &Reader,
    place: Place<'_>,
    id: &str,
    missing: fn(&str) -> Fault,
) -> Result<T::Row, Fault> {
    get::<T>(db, place, id)?.ok_or_else(|| missing(id))
}

/// All of them.
///
/// # Errors
/// When the store can't be read.
pub fn all<T: InNetwork>(db: &Reader, place: Place<'_>) -> Result<Vec<T::Row>, Fault> {
    if is_settled(db, place)? { rows::<T>(db, place) } else { Ok(T::derived(Derived::of(place))) }
}

/// The default VPC, unless it was deleted.
///
/// # Errors
/// When the store can't be read.
pub fn standing_default(db: &Reader, place: Place<'_>) -> Result<Option<Vpc>, Fault> {
    Ok(all::<Vpcs>(db, place)?.into_iter().find(|vpc| vpc.default))
}

/// Ids of what is in a VPC and begins with a prefix, such as `subnet-`. Only of stored networks.
///
/// # Errors
/// When the store can't be read.
pub fn in_vpc(db: &Reader, place: Place<'_>, vpc: &str, prefix: &str) -> Result<Vec<String>, Fault> {
    let keys = db.keys(&Scan::<InVpc>::new(&Starts((place.account, place.region, vpc), prefix)))?;
    Ok(keys.into_iter().map(|(.., id)| id).collect())
}

/// All rows of a table at one place.
///
/// # Errors
/// When the store can't be read.
pub fn rows<T: Table<Key = RegionalKey>>(db: &Reader, place: Place<'_>) -> Result<Vec<T::Row>, Fault> {
    let rows = db.scan::<T>(&(place.account, place.region), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
