//! Session tokens: only what was sealed opens, and only for its own access key.

use std::sync::OnceLock;
use std::time::Duration;

use rolecall_base::{AccountId, Time};
use rolecall_env::Env;
use rolecall_identity::{
    Credentials, Session, SessionKind, Vault, open, open_trade_in_token, seal, trade_in_token,
};

/// A vault and what it sealed.
struct Sealed {
    vault: Vault,
    now: Time,
    all: Vec<Credentials>,
    /// Trade-in tokens and their requests.
    trades: Vec<(String, &'static str)>,
}

fn sealed() -> &'static Sealed {
    static SEALED: OnceLock<Sealed> = OnceLock::new();
    SEALED.get_or_init(|| {
        let env = Env::sim(1);
        let (vault, now) = (Vault::new(env.random()), env.now());
        let mut all = Vec::new();
        use SessionKind::{Delegated, Federated, Instance, Role, Root, User};
        for kind in [Role, User, Federated, Root, Delegated, Instance] {
            let session = Session {
                kind,
                account: AccountId::ZERO,
                principal_id: "AROAEXAMPLE".into(),
                name: "me".into(),
                issued: now,
                expires: now + Duration::from_secs(3600),
                tags: vec![("team".into(), "x".into())],
                policy: Some("{}".into()),
                ..Session::default()
            };
            all.push(seal(&env, &vault, &session).expect("a session"));
        }
        let trade = |request| (trade_in_token(&env, &vault, request).expect("a token"), request);
        let trades = ["id-1", "a request with a longer name"].map(trade).to_vec();
        Sealed { vault, now, all, trades }
    })
}

/// `ACCESS-KEY-ID TOKEN`.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (id, token) = text.split_once(' ').unwrap_or(("", text));
    let sealed = sealed();
    let known = sealed.all.iter().any(|own| own.access_key_id == id && own.session_token == token);
    let opened = open(&sealed.vault, sealed.now, id, token).is_ok();
    assert_eq!(opened, known, "a token that was not sealed opens");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let of = |own: &Credentials| format!("{} {}", own.access_key_id, own.session_token).into_bytes();
    sealed().all.iter().map(of).collect()
}

/// Opens what a product provider trades in.
pub(crate) fn trade_in(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sealed = sealed();
    let known = sealed.trades.iter().find(|(token, _)| token == text).map(|(_, request)| *request);
    assert_eq!(open_trade_in_token(&sealed.vault, text).ok().as_deref(), known, "nobody sealed this");
}

pub(crate) fn trade_ins() -> Vec<Vec<u8>> {
    sealed().trades.iter().map(|(token, _)| token.clone().into_bytes()).collect()
}
