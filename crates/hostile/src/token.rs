//! Session tokens: only what was sealed opens, and only for its own access key.

use std::sync::OnceLock;
use std::time::Duration;

use rolecall_base::{AccountId, Time};
use rolecall_env::Env;
use rolecall_identity::{Credentials, Session, SessionKind, Vault, open, seal};

/// A vault and what it sealed.
struct Sealed {
    vault: Vault,
    now: Time,
    all: Vec<Credentials>,
}

fn sealed() -> &'static Sealed {
    static SEALED: OnceLock<Sealed> = OnceLock::new();
    SEALED.get_or_init(|| {
        let env = Env::sim(1);
        let (vault, now) = (Vault::new(env.random()), env.now());
        let mut all = Vec::new();
        for kind in [SessionKind::Role, SessionKind::User, SessionKind::Federated] {
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
        Sealed { vault, now, all }
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
