//! What is done with bytes from strangers, as functions of bytes that must not panic and must keep their promises.
//!
//! `make fuzz` runs each [`Target`] under libFuzzer (folder `fuzz`); this crate's test runs each over its seeds, what
//! earlier runs found (`findings/`), and inputs mutated from a fixed seed.
#![expect(clippy::expect_used, reason = "a panic is how a target tells its finding")]

mod codecs;
mod jwt;
mod keys;
mod machines;
mod mutate;
mod policy;
mod request;
mod requests;
mod saml;
mod seeds;
mod sigv4;
mod token;

pub use mutate::Mutator;

/// One way into the program.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub name: &'static str,
    /// Panics when it finds something.
    pub run: fn(&[u8]),
    /// Good inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "query", run: codecs::query, seeds: codecs::query_seeds },
    Target { name: "ec2", run: codecs::ec2, seeds: codecs::ec2_seeds },
    Target { name: "json", run: codecs::json, seeds: codecs::json_seeds },
    Target { name: "rest-xml", run: codecs::rest_xml, seeds: codecs::rest_xml_seeds },
    Target { name: "requests", run: requests::run, seeds: seeds::requests },
    Target { name: "sigv4", run: sigv4::run, seeds: seeds::signed },
    Target { name: "chunks", run: sigv4::chunks, seeds: seeds::chunks },
    Target { name: "policy", run: policy::run, seeds: seeds::policies },
    Target { name: "token", run: token::run, seeds: token::seeds },
    Target { name: "jwt", run: jwt::token, seeds: jwt::tokens },
    Target { name: "jwks", run: jwt::keys, seeds: jwt::sets },
    Target { name: "saml", run: saml::response, seeds: saml::responses },
    Target { name: "saml-metadata", run: saml::metadata, seeds: saml::documents },
    Target { name: "trade-in", run: token::trade_in, seeds: token::trade_ins },
    Target { name: "public-keys", run: keys::public, seeds: keys::public_keys },
    Target { name: "certificates", run: keys::certificates, seeds: keys::chains },
    Target { name: "user-data", run: rolecall_compute::hostile::user_data, seeds: machines::user_data },
    Target { name: "images", run: machines::image, seeds: machines::images },
    Target {
        name: "netlink",
        run: rolecall_compute::hostile::kernel_answers,
        seeds: machines::kernel_answers,
    },
];
