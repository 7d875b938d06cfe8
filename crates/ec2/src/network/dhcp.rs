//! Sets of DHCP options: which there are, and which values each takes.
//!
//! Source: EC2 API Reference, CreateDhcpOptions.

use std::net::{IpAddr, Ipv4Addr};

use rolecall_base::Fault;

use crate::faults;
use crate::model::NewDhcpConfiguration;

/// Characters of a domain name, or of several.
const LONGEST: usize = 1024;

/// The options of a request: names, each with its values.
///
/// # Errors
/// InvalidParameterValue for an option or value that there is not, UnsupportedOperation for IPv6.
pub fn checked(given: &[NewDhcpConfiguration]) -> Result<Vec<(String, Vec<String>)>, Fault> {
    let mut options: Vec<(String, Vec<String>)> = Vec::new();
    for one in given {
        let key = one.key.as_deref().unwrap_or_default();
        // Values may come one by one, or separated by commas.
        let given = one.values.iter().flatten().flat_map(|value| value.split(','));
        let values: Vec<String> = given.map(|value| value.trim().to_owned()).collect();
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err(faults::missing("value"));
        }
        if options.iter().any(|(known, _)| known == key) {
            return Err(faults::invalid(format!("The DHCP option '{key}' is given twice")));
        }
        check(key, &values)?;
        options.push((key.to_owned(), values));
    }
    if options.is_empty() {
        return Err(faults::missing("dhcpConfiguration"));
    }
    Ok(options)
}

fn check(key: &str, values: &[String]) -> Result<(), Fault> {
    match key {
        "domain-name" => domain(values),
        "domain-name-servers" => {
            if values.iter().any(|value| value == "AmazonProvidedDNS") && values.len() == 1 {
                return Ok(());
            }
            addresses(key, values)
        }
        "ntp-servers" | "netbios-name-servers" => addresses(key, values),
        "netbios-node-type" => match values {
            [one] if matches!(one.as_str(), "1" | "2" | "4" | "8") => Ok(()),
            _ => Err(faults::invalid_value(values.join(","), key, "It must be 1, 2, 4 or 8.")),
        },
        "ipv6-address-preferred-lease-time" => Err(faults::unsupported("An IPv6 lease")),
        _ => Err(faults::invalid_value(key, "key", "Unknown DHCP option.")),
    }
}

fn domain(values: &[String]) -> Result<(), Fault> {
    let sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ' ');
    match values {
        [one] if one.len() <= LONGEST && one.chars().all(sound) => Ok(()),
        _ => Err(faults::invalid_value(values.join(","), "domain-name", "Invalid domain name.")),
    }
}

/// Up to four IPv4 addresses.
fn addresses(key: &str, values: &[String]) -> Result<(), Fault> {
    if values.len() > 4 {
        return Err(faults::invalid_value(
            values.join(","),
            key,
            "Too many addresses; up to 4 may be given.",
        ));
    }
    for value in values {
        if value.parse::<Ipv4Addr>().is_ok() {
            continue;
        }
        if value.parse::<IpAddr>().is_ok() {
            return Err(faults::unsupported("An IPv6 address of a server"));
        }
        return Err(faults::invalid_value(value, key, "Invalid IP address."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;

    fn option(key: &str, values: &[&str]) -> NewDhcpConfiguration {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        NewDhcpConfiguration { key: Some(key.into()), values: Some(values) }
    }

    #[test]
    fn servers_may_be_separated_by_commas() {
        let checked = checked(&[option("domain-name-servers", &["10.0.0.2, 10.0.0.3"])]).unwrap();
        assert_eq!(checked[0].1, ["10.0.0.2", "10.0.0.3"]);
    }

    #[test]
    fn each_option_has_its_values() {
        for (key, values, code) in [
            ("domain-name", vec!["a.example b.example"], ""),
            ("domain-name", vec!["a/b"], "InvalidParameterValue"),
            ("domain-name-servers", vec!["AmazonProvidedDNS"], ""),
            ("domain-name-servers", vec!["AmazonProvidedDNS", "10.0.0.1"], "InvalidParameterValue"),
            ("ntp-servers", vec!["1.1.1.1"; 5], "InvalidParameterValue"),
            ("ntp-servers", vec!["fd00::1"], "UnsupportedOperation"),
            ("netbios-node-type", vec!["2"], ""),
            ("netbios-node-type", vec!["3"], "InvalidParameterValue"),
            ("more", vec!["2"], "InvalidParameterValue"),
        ] {
            let outcome = checked(&[option(key, &values)]);
            if code.is_empty() {
                outcome.unwrap();
            } else {
                check_fault(outcome, code);
            }
        }
    }
}
