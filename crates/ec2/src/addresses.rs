//! Which addresses are free: private ones of each subnet, and the loopback addresses that stand for public ones.
//!
//! Each address that is taken has a row with its owner, so two transactions that choose the same one conflict.

use std::net::Ipv4Addr;

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::place::Place;
use crate::records::{PrivateAddresses, PublicAddresses, Taken};

/// 127.64.0.0/10: reachable from the host without any set-up.
const PUBLIC: (u32, u32) = (0x7f40_0000, 0x003f_ffff);
/// How many addresses are tried beside a wished one, and how many are guessed, before every address is looked at.
const GUESSES: usize = 16;

fn taken(owner: &str) -> Taken {
    Taken { owner: owner.to_owned() }
}

/// How many addresses a block has.
fn size(cidr: Cidr) -> u32 {
    1_u32.checked_shl(32 - u32::from(cidr.prefix)).unwrap_or(u32::MAX)
}

/// Takes a free address of a subnet; the first four and the last are AWS's. It is looked for from `from` on, a place in
/// the subnet: who takes many takes them side by side, so that two who do so at once rarely want the same one.
///
/// # Errors
/// InsufficientFreeAddressesInSubnet when all are taken.
pub fn take_private(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    (subnet, cidr): (&str, Cidr),
    from: u32,
    owner: &str,
) -> Result<Ipv4Addr, Fault> {
    let usable = size(cidr).saturating_sub(5).max(1);
    let first = u32::from(cidr.nth(4));
    let beside = (0..GUESSES as u32).map(|next| from.wrapping_add(next));
    let guesses = (0..GUESSES).map(|_| u32::from_be_bytes(env.random()));
    let tried = beside.chain(guesses).map(|place| first + place % usable);
    for address in tried.chain(first..first + usable) {
        let key = (place.account, place.region, subnet, address);
        if !tx.exists::<PrivateAddresses>(&key)? {
            tx.put::<PrivateAddresses>(&key, &taken(owner))?;
            return Ok(Ipv4Addr::from(address));
        }
    }
    let text = "The specified subnet does not have enough free addresses to satisfy the request.";
    Err(faults::other("InsufficientFreeAddressesInSubnet", text))
}

/// Takes one address of a subnet, which [`wished`] found to be free.
///
/// # Errors
/// When it can't be written.
pub fn claim_private(
    tx: &mut Tx,
    place: Place<'_>,
    subnet: &str,
    address: Ipv4Addr,
    owner: &str,
) -> Result<(), Fault> {
    let key = (place.account, place.region, subnet, u32::from(address));
    Ok(tx.put::<PrivateAddresses>(&key, &taken(owner))?)
}

/// Frees a private address.
///
/// # Errors
/// When it can't be written.
pub fn free_private(tx: &mut Tx, place: Place<'_>, subnet: &str, address: Ipv4Addr) -> Result<(), Fault> {
    let key = (place.account, place.region, subnet, u32::from(address));
    Ok(tx.delete::<PrivateAddresses>(&key)?)
}

/// Who has a private address.
///
/// # Errors
/// When the store can't be read.
pub fn owner(
    db: &Reader,
    place: Place<'_>,
    subnet: &str,
    address: Ipv4Addr,
) -> Result<Option<String>, Fault> {
    let key = (place.account, place.region, subnet, u32::from(address));
    Ok(db.get::<PrivateAddresses>(&key)?.map(|row| row.owner))
}

/// An address that the caller wishes for, if it is in the subnet and not AWS's own.
///
/// # Errors
/// InvalidParameterValue.
pub fn wished(cidr: Cidr, text: &str) -> Result<Ipv4Addr, Fault> {
    let invalid = |why: &str| faults::invalid_value(text, "privateIpAddress", why);
    let address: Ipv4Addr = text.parse().map_err(|_| invalid("Invalid IPv4 address."))?;
    if !cidr.contains(address) {
        return Err(invalid("Address does not fall within the subnet's address range."));
    }
    let offset = u32::from(address).wrapping_sub(u32::from(cidr.base));
    if offset < 4 || offset.saturating_add(1) >= size(cidr) {
        return Err(invalid("Address is in subnet's reserved address range."));
    }
    Ok(address)
}

/// Takes a free public address.
///
/// # Errors
/// InsufficientAddressCapacity when none is found.
pub fn take_public(tx: &mut Tx, env: &Env, owner: &str) -> Result<Ipv4Addr, Fault> {
    let (base, mask) = PUBLIC;
    for _ in 0..GUESSES {
        let address = base | (u32::from_be_bytes(env.random()) & mask);
        // Neither a network's nor a broadcast's number: some programs refuse those.
        if matches!(address & 0xff, 0 | 255) || tx.exists::<PublicAddresses>(&address)? {
            continue;
        }
        tx.put::<PublicAddresses>(&address, &taken(owner))?;
        return Ok(Ipv4Addr::from(address));
    }
    Err(faults::other("InsufficientAddressCapacity", "There are no free public addresses."))
}

/// Takes one public address; false when it is none of them, or somebody has it.
///
/// # Errors
/// When the store can't be read.
pub fn claim_public(tx: &mut Tx, address: Ipv4Addr, owner: &str) -> Result<bool, Fault> {
    let (number, (base, mask)) = (u32::from(address), PUBLIC);
    if number & !mask != base || matches!(number & 0xff, 0 | 255) || tx.exists::<PublicAddresses>(&number)? {
        return Ok(false);
    }
    tx.put::<PublicAddresses>(&number, &taken(owner))?;
    Ok(true)
}

/// Frees a public address.
///
/// # Errors
/// When it can't be written.
pub fn free_public(tx: &mut Tx, address: Ipv4Addr) -> Result<(), Fault> {
    Ok(tx.delete::<PublicAddresses>(&u32::from(address))?)
}
