//! What somebody is told whose credentials are nobody's, in each protocol's words.

use rolecall_base::Fault;
use rolecall_identity::Unknown;
use rolecall_wire::Protocol;

/// What a caller is told whose credentials are nobody's.
pub(crate) fn stranger(unknown: &Unknown, protocol: Protocol) -> Fault {
    match (unknown, protocol) {
        (Unknown::Failed(fault), _) => fault.clone(),
        (Unknown::Expired, Protocol::RestXml) => {
            Fault::new("ExpiredToken", 400, "The provided token has expired.")
        }
        (Unknown::Expired, Protocol::Ec2) => {
            Fault::new("RequestExpired", 400, "The security token included in the request is expired")
        }
        (Unknown::Expired, Protocol::Json(_) | Protocol::RestJson) => {
            Fault::new("ExpiredTokenException", 400, "The security token included in the request is expired")
        }
        (Unknown::Expired, _) => {
            Fault::new("ExpiredToken", 403, "The security token included in the request is expired")
        }
        (Unknown::Invalid, Protocol::Ec2) => {
            let text = "AWS was not able to validate the provided access credentials";
            Fault::new("AuthFailure", 401, text)
        }
        (Unknown::Invalid, Protocol::Json(_) | Protocol::RestJson) => Fault::new(
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.",
        ),
        (Unknown::Invalid, _) => {
            Fault::new("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
        }
    }
}
