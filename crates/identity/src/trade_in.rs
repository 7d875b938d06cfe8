//! The tokens that a product provider trades for credentials: which delegation request they are of, sealed. None is
//! stored; whether it is still good is the request's to say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_env::Env;

use crate::vault::{NotOurs, Vault};

/// What the seal is bound to.
const OWNER: &str = "delegation trade-in token";
/// Longer than any token of ours.
const LONGEST: usize = 1_024;

/// A token for a request.
pub fn trade_in_token(env: &Env, vault: &Vault, request: &str) -> Result<String, NotOurs> {
    Ok(URL_SAFE_NO_PAD.encode(vault.seal(env, OWNER, request.as_bytes())?))
}

/// The request that a token is of.
pub fn open_trade_in_token(vault: &Vault, token: &str) -> Result<String, NotOurs> {
    if token.len() > LONGEST {
        return Err(NotOurs);
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| NotOurs)?;
    let opened = vault.unseal(OWNER, &sealed)?;
    String::from_utf8(opened.to_vec()).map_err(|_| NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_to_its_request_and_an_altered_one_to_nothing() {
        let env = Env::sim(5);
        let vault = Vault::new(env.random());
        let token = trade_in_token(&env, &vault, "id-1").unwrap();
        assert_eq!(open_trade_in_token(&vault, &token).unwrap(), "id-1");
        assert_eq!(open_trade_in_token(&vault, &token.to_lowercase()), Err(NotOurs));
        assert_eq!(open_trade_in_token(&Vault::new(env.random()), &token), Err(NotOurs));
    }
}
