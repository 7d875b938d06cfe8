//! The certificates that instance identity documents are verified against: `/_rolecall/instance-identity/REGION`, for
//! everybody, as AWS publishes its own.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use rolecall_base::Fault;
use rolecall_ec2::instances;
use rolecall_imds::Signer;
use serde_json::json;

use crate::exchange::{AnswerBody, plain};
use crate::start::World;

const PATH: &str = "/_rolecall/instance-identity/";

/// The answer to a request below the path of certificates; `None` for any other path.
pub async fn answer(world: &World, method: &Method, path: &str) -> Option<http::Response<AnswerBody>> {
    let region = path.strip_prefix(PATH)?;
    let found = match *method == Method::GET {
        true => certificate(world, region).await,
        false => Ok(None),
    };
    Some(match found {
        Ok(None) => plain(StatusCode::NOT_FOUND, &json!({"message": "There is no such certificate."})),
        Ok(Some(signer)) => {
            let body = Bytes::from(signer.certificate.clone());
            let mut answer = http::Response::new(AnswerBody::Whole(Some(body)));
            let kind = HeaderValue::from_static("application/x-pem-file");
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        }
        Err(fault) => {
            log::error!("{path}: {fault:?}");
            plain(StatusCode::SERVICE_UNAVAILABLE, &json!({"message": fault.message()}))
        }
    })
}

/// Anybody may ask, so only regions that are listed get a key by that.
async fn certificate(world: &World, region: &str) -> Result<Option<Arc<Signer>>, Fault> {
    match instances::is_listed_region(region) || region == world.region {
        true => world.signers.of(region).await.map(Some),
        false => world.signers.existing(region).await,
    }
}
