//! Address blocks: reading them from requests, and which may stand beside which.

use rolecall_base::Fault;
use rolecall_compute::Cidr;

use crate::faults;

/// A stored address block.
///
/// # Errors
/// InternalFailure when it is none.
pub fn block(text: &str) -> Result<Cidr, Fault> {
    text.parse().map_err(Fault::internal)
}

/// A block of a request, in its canonical form: what its prefix leaves open is zero.
///
/// # Errors
/// InvalidParameterValue when it is none.
pub fn of_request(text: &str, parameter: &str) -> Result<Cidr, Fault> {
    let cidr: Cidr = text
        .parse()
        .map_err(|_| faults::invalid_value(text, parameter, "This is not a valid CIDR block."))?;
    Ok(Cidr { base: (u32::from(cidr.base) & mask(cidr.prefix)).into(), prefix: cidr.prefix })
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// Whether two blocks have an address in common.
pub fn overlap(one: Cidr, other: Cidr) -> bool {
    let (wide, narrow) = if one.prefix <= other.prefix { (one, other) } else { (other, one) };
    wide.contains(narrow.base)
}

/// Whether all of `inner` is in `outer`.
pub fn holds(outer: Cidr, inner: Cidr) -> bool {
    outer.prefix <= inner.prefix && outer.contains(inner.base)
}

/// How many addresses a block has.
pub fn size(cidr: Cidr) -> u64 {
    1_u64 << (32 - u32::from(cidr.prefix.min(32)))
}

/// The private ranges that a VPC's blocks come from, and those that no VPC may have.
const PRIVATE: [(&str, u32, u8); 3] =
    [("10.0.0.0/8", 0x0a00_0000, 8), ("172.16.0.0/12", 0xac10_0000, 12), ("192.168.0.0/16", 0xc0a8_0000, 16)];
const NEVER: [(u32, u8); 4] = [(0, 8), (0x7f00_0000, 8), (0xa9fe_0000, 16), (0xe000_0000, 4)];
/// 198.19.0.0/16: only VPCs outside the private ranges may have it.
const BENCHMARK: Cidr = Cidr { base: std::net::Ipv4Addr::new(198, 19, 0, 0), prefix: 16 };

/// Checks a VPC's block: between /28 and /16, and of no range that is reserved on every host.
///
/// # Errors
/// InvalidVpc.Range
pub fn check_vpc(cidr: Cidr) -> Result<(), Fault> {
    let never = |(base, prefix): &(u32, u8)| overlap(Cidr { base: (*base).into(), prefix: *prefix }, cidr);
    if (16..=28).contains(&cidr.prefix) && !NEVER.iter().any(never) {
        return Ok(());
    }
    Err(faults::other("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")))
}

/// Checks that a further block may stand beside a VPC's first one.
///
/// # Errors
/// InvalidVpc.Range for another private range than the first one's.
pub fn check_beside(first: Cidr, further: Cidr) -> Result<(), Fault> {
    let range = |cidr: Cidr| {
        let holds_it = |(_, base, prefix): &&(&str, u32, u8)| {
            holds(Cidr { base: (*base).into(), prefix: *prefix }, cidr)
        };
        PRIVATE.iter().find(holds_it).map(|(name, ..)| *name)
    };
    let restricted = match (range(first), range(further)) {
        (Some(own), Some(other)) => own != other,
        (Some(_), None) => overlap(BENCHMARK, further),
        (None, Some(_)) => true,
        (None, None) => false,
    };
    if !restricted {
        return Ok(());
    }
    let text = format!(
        "The CIDR '{further}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html#VPC_Sizing"
    );
    Err(faults::other("InvalidVpc.Range", text))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_overlap_when_one_holds_the_other() {
        for (one, other, expected) in [
            ("10.0.0.0/16", "10.0.5.0/24", true),
            ("10.0.5.0/24", "10.0.0.0/16", true),
            ("10.0.0.0/24", "10.0.1.0/24", false),
            ("0.0.0.0/0", "10.0.1.0/24", true),
        ] {
            assert_eq!(overlap(cidr(one), cidr(other)), expected, "{one} {other}");
        }
        assert!(holds(cidr("10.0.0.0/16"), cidr("10.0.5.0/24")));
        assert!(!holds(cidr("10.0.5.0/24"), cidr("10.0.0.0/16")));
        assert_eq!(size(cidr("10.0.5.0/24")), 256);
    }

    #[test]
    fn a_block_is_taken_in_its_canonical_form() {
        assert_eq!(of_request("10.0.5.7/16", "cidrBlock").unwrap().to_string(), "10.0.0.0/16");
        check_fault(of_request("10.0.5/16", "cidrBlock"), "InvalidParameterValue");
        check_fault(of_request("10.0.5.0/33", "cidrBlock"), "InvalidParameterValue");
    }

    #[test]
    fn some_ranges_are_no_vpcs() {
        for bad in ["10.0.0.0/8", "10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/20", "224.0.0.0/16"] {
            check_fault(check_vpc(cidr(bad)), "InvalidVpc.Range");
        }
        check_vpc(cidr("198.51.100.0/24")).unwrap();
    }

    #[test]
    fn further_blocks_come_from_the_same_private_range() {
        check_beside(cidr("10.0.0.0/16"), cidr("10.1.0.0/16")).unwrap();
        check_beside(cidr("10.0.0.0/16"), cidr("100.64.0.0/16")).unwrap();
        check_fault(check_beside(cidr("10.0.0.0/16"), cidr("192.168.0.0/16")), "InvalidVpc.Range");
        check_fault(check_beside(cidr("10.0.0.0/16"), cidr("198.19.0.0/20")), "InvalidVpc.Range");
        check_fault(check_beside(cidr("100.64.0.0/16"), cidr("10.0.0.0/16")), "InvalidVpc.Range");
    }
}
