//! Which names a request may give the service in its Host header.
//!
//! EC2 answers whatever the name. A page in a browser can be made to ask 169.254.169.254, or the loopback port of an
//! instance without a network of its own, under a name of its maker's (DNS rebinding), and then even ask for tokens. So a
//! name must be one that leads nowhere else: an address, or EC2's own names for it.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, header};

/// Whether the Host header, if there is one, names this service.
pub fn is_ours(headers: &HeaderMap) -> bool {
    headers.get_all(header::HOST).iter().all(|value| value.to_str().is_ok_and(is_own_name))
}

fn is_own_name(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || is_port(port.strip_prefix(':')));
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    if port.is_some() && !is_port(port) {
        return false;
    }
    // HTTP/1.0 clients may send none, and some an empty one.
    name.is_empty()
        || name.parse::<Ipv4Addr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.eq_ignore_ascii_case("instance-data")
        || name.eq_ignore_ascii_case("instance-data.ec2.internal")
}

fn is_port(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_ec2s_own_names_are_ours_and_no_others() {
        for host in [
            "169.254.169.254",
            "127.0.0.1:41234",
            "[fd00:ec2::254]",
            "[::1]:80",
            "localhost:80",
            "instance-data",
        ] {
            assert!(is_own_name(host), "{host}");
        }
        for host in [
            "evil.example",
            "169.254.169.254.nip.io",
            "evil.example:80",
            "[evil]",
            "127.0.0.1:x",
            "localhost.evil",
        ] {
            assert!(!is_own_name(host), "{host}");
        }
    }

    #[test]
    fn a_request_without_the_header_is_answered() {
        assert!(is_ours(&HeaderMap::new()));
    }
}
