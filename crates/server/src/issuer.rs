//! What the accounts' issuers of web identity tokens publish: `/_rolecall/issuer/ID/.well-known/…`, for everybody.

use http::{Method, StatusCode};
use rolecall_base::Fault;
use rolecall_identity::{Issuers, issuer_owner};
use rolecall_sts::issuing;
use serde_json::{Value, json};

use crate::exchange::{AnswerBody, plain};
use crate::start::World;

/// The answer to a request below the path of issuers; `None` for any other path.
pub fn answer(world: &World, method: &Method, path: &str) -> Option<http::Response<AnswerBody>> {
    let rest = path.strip_prefix(Issuers::PATH)?;
    let found = match *method == Method::GET {
        true => document(world, rest),
        false => Ok(None),
    };
    Some(match found {
        Ok(Some(document)) => plain(StatusCode::OK, &document),
        Ok(None) => plain(StatusCode::NOT_FOUND, &json!({"message": "There is no such document."})),
        Err(fault) => {
            log::error!("{path}: {fault:?}");
            plain(StatusCode::SERVICE_UNAVAILABLE, &json!({"message": fault.message()}))
        }
    })
}

fn document(world: &World, rest: &str) -> Result<Option<Value>, Fault> {
    let Some((id, name)) = rest.split_once("/.well-known/") else { return Ok(None) };
    let db = world.door.identity.store.read()?;
    let Some(account) = issuer_owner(&db, id)? else { return Ok(None) };
    Ok(match name {
        "openid-configuration" => Some(issuing::description(&*world.door.extensions.get::<Issuers>()?, id)),
        "jwks.json" => Some(issuing::key_set(&db, account)?),
        _ => None,
    })
}
