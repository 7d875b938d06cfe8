//! Web identity tokens and the keys that providers publish: whatever is sent, only what was signed is proved.

use rolecall_base::{AccountId, Time};
use rolecall_identity::records::OidcProvider;
use rolecall_sts::web_identity::{Token, federation, read_keys};

/// The key and the token of RFC 7515, appendix A.3.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
const SIGNED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv\
                      bS9pc19yb290Ijp0cnVlfQ";
const SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// Claims as AWS takes them, which nobody signed.
const CLAIMS: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2pvZSIsInN1YiI6Im1lIiwiYXVkIjpbImEiLC\
                      JiIl0sImF6cCI6ImEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAwMDAwMCwiYW1yIjpbIm1mYSJdfQ.AA";

fn provider() -> OidcProvider {
    OidcProvider {
        account: AccountId::ZERO,
        url: "joe".into(),
        client_ids: vec!["a".into()],
        thumbprints: Vec::new(),
        created: Time::default(),
        tags: Default::default(),
        plain: false,
    }
}

pub(crate) fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(token) = Token::parse(text) else { return };
    let keys = read_keys(KEYS.as_bytes()).expect("keys");
    let signed = keys.iter().any(|key| key.fits(&token) && key.verifies(&token));
    assert!(!signed || token.signed == SIGNED, "nobody signed {text}");
    if let Err(fault) =
        federation(&provider(), &token, Time::parse_iso("2026-01-01T00:00:00Z").expect("a time"))
    {
        assert!((400..500).contains(&fault.status()), "{fault:?}");
    }
}

pub(crate) fn tokens() -> Vec<Vec<u8>> {
    let whole = format!("{SIGNED}.{SIGNATURE}");
    let token = Token::parse(&whole).expect("a token");
    let keys = read_keys(KEYS.as_bytes()).expect("keys");
    assert!(keys.iter().any(|key| key.verifies(&token)), "the seed is good");
    vec![whole.into_bytes(), CLAIMS.as_bytes().to_vec()]
}

pub(crate) fn keys(data: &[u8]) {
    let whole = format!("{SIGNED}.{SIGNATURE}");
    let token = Token::parse(&whole).expect("a token");
    for key in read_keys(data).unwrap_or_default() {
        let _ = key.fits(&token) && key.verifies(&token);
    }
}

pub(crate) fn sets() -> Vec<Vec<u8>> {
    let rsa = r#"{"keys":[{"kty":"RSA","kid":"a","use":"sig","alg":"RS256","n":"0vx7agoebGcQSuuPiLJXZpt","e":"AQAB"},
        {"kty":"EC","crv":"P-521","x":"AA","y":"AA"},{"kty":"oct","k":"AA"}]}"#;
    vec![KEYS.as_bytes().to_vec(), rsa.as_bytes().to_vec()]
}
