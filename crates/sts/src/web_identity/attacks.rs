//! What is tried with tokens of web identity that are not good, and does not work.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_testkit::{ACCOUNT, check_fault};
use serde_json::{Value, json};

use super::scene::{ACTION, CLIENT, Scene, SigningKey, URL, assume, guest, input, unsigned, with};
use crate::model::AssumeRoleWithWebIdentity;

#[test]
fn a_role_that_trusts_someone_else_does_not_trust_the_provider() {
    let scene = Scene::new();
    let trusts = |principal: Value| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Principal": principal}});
    let other = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/other.example.com");
    for (n, principal) in [
        json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}),
        json!({"Federated": other}),
        json!({"Federated": URL}),
        json!({"Service": "id.example.com"}),
    ]
    .into_iter()
    .enumerate()
    {
        let arn = scene.role(&format!("r{n}"), &trusts(principal));
        check_fault(with(&scene, &arn, &json!({})), "AccessDenied");
    }
}

#[test]
fn a_subject_named_like_a_user_or_the_account_is_nobody_here() {
    let scene = Scene::new();
    let ann = scene.world.user("ann", "");
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*",
        "Principal": {"AWS": [ann.caller.principal_id, format!("arn:aws:iam::{ACCOUNT}:root")]}}});
    let arn = scene.role("mine", &trust);
    for name in ["ann", ann.caller.arn.as_str(), ann.caller.principal_id.as_str(), "000000000000", "root"] {
        check_fault(with(&scene, &arn, &json!({"sub": name})), "AccessDenied");
    }
    // Keys of AWS's own can't be had from a token.
    let arn = scene.trusting("keyed", &[ACTION], &json!({"StringLike": {"aws:username": "*"}}));
    check_fault(with(&scene, &arn, &json!({"sub": "ann", "aws:username": "ann"})), "AccessDenied");
    let arn = scene.trusting("owned", &[ACTION], &json!({"StringLike": {"aws:PrincipalAccount": "*"}}));
    check_fault(with(&scene, &arn, &json!({})), "AccessDenied");
}

#[test]
fn a_token_without_a_signature_or_with_a_shared_secret_is_no_token() {
    let scene = Scene::new();
    let arn = guest(&scene);
    let claims = scene.claims();
    let none = |alg: &str| format!("{}.", unsigned(&json!({"alg": alg, "kid": "first"}), &claims));
    for alg in ["none", "None", "HS256", "PS256", "EdDSA"] {
        check_fault(assume(&scene, &arn, &none(alg)), "InvalidIdentityToken");
    }
    // A secret that everybody has: the published key's own text.
    let signed = unsigned(&json!({"alg": "HS256", "kid": "first"}), &claims);
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, scene.key.jwk().to_string().as_bytes());
    let tag = ring::hmac::sign(&secret, signed.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(tag);
    check_fault(assume(&scene, &arn, &format!("{signed}.{tag}")), "InvalidIdentityToken");
    // The signature of another algorithm's key.
    let confused = scene.key.sign(&json!({"alg": "RS256", "kid": "first"}), &claims);
    check_fault(assume(&scene, &arn, &confused), "InvalidIdentityToken");
}

#[test]
fn an_altered_token_is_refused_wherever_it_is_altered() {
    let scene = Scene::new();
    let arn = guest(&scene);
    let good = scene.key.token(&scene.claims());
    let parts: Vec<&str> = good.split('.').collect();
    let bob = scene.key.token(&scene.claims_with(&json!({"sub": "bob"})));
    let theirs: Vec<&str> = bob.split('.').collect();
    let swapped = format!("{}.{}.{}", parts[0], theirs[1], parts[2]);
    check_fault(assume(&scene, &arn, &swapped), "InvalidIdentityToken");
    for cut in ["", "AA", &parts[2][..parts[2].len() - 4]] {
        let altered = format!("{}.{}.{cut}", parts[0], parts[1]);
        check_fault(assume(&scene, &arn, &altered), "InvalidIdentityToken");
    }
    let zero = "A".repeat(86);
    check_fault(assume(&scene, &arn, &format!("{}.{}.{zero}", parts[0], parts[1])), "InvalidIdentityToken");
}

#[test]
fn only_a_key_that_the_provider_publishes_counts() {
    let scene = Scene::new();
    let arn = guest(&scene);
    let stranger = SigningKey::new("first");
    check_fault(assume(&scene, &arn, &stranger.token(&scene.claims())), "InvalidIdentityToken");
    // A key that the token itself brings.
    let header =
        json!({"alg": "ES256", "kid": "own", "jwk": stranger.jwk(), "jku": "https://evil.example/jwks"});
    let refused =
        check_fault(assume(&scene, &arn, &stranger.sign(&header, &scene.claims())), "InvalidIdentityToken");
    assert!(refused.starts_with("Couldn't retrieve verification key"), "{refused}");
    // A key of another provider of the same account, for this one's users.
    scene.published.set("https://other.example.com", vec![stranger.jwk()]);
    scene.register("other.example.com", &[CLIENT]);
    check_fault(assume(&scene, &arn, &stranger.token(&scene.claims())), "InvalidIdentityToken");
    let own = json!({"iss": "https://other.example.com"});
    let token = stranger.token(&scene.claims_with(&own));
    check_fault(assume(&scene, &arn, &token), "AccessDenied");
}

#[test]
fn a_new_key_of_the_provider_is_found_soon_and_an_old_one_forgotten() {
    let scene = Scene::new();
    let arn = guest(&scene);
    with(&scene, &arn, &json!({})).unwrap();
    let next = SigningKey::new("next");
    scene.published.set(&format!("https://{URL}"), vec![next.jwk()]);
    check_fault(assume(&scene, &arn, &next.token(&scene.claims())), "InvalidIdentityToken");
    scene.world.env.advance(Duration::from_secs(30));
    assume(&scene, &arn, &next.token(&scene.claims())).unwrap();
    check_fault(with(&scene, &arn, &json!({})), "InvalidIdentityToken");
}

#[test]
fn a_token_for_someone_else_or_from_someone_else_is_refused() {
    let scene = Scene::new();
    let arn = guest(&scene);
    let text = check_fault(with(&scene, &arn, &json!({"aud": "another-client"})), "InvalidIdentityToken");
    assert_eq!(text, "Incorrect token audience");
    for issuer in
        ["https://id.example.com", "https://id.example.com/realm/", "http://id.example.com/realm", "x"]
    {
        let text = check_fault(with(&scene, &arn, &json!({"iss": issuer})), "InvalidIdentityToken");
        assert_eq!(text, format!("No OpenIDConnect provider found in your account for {issuer}"));
    }
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        let text = check_fault(with(&scene, &arn, &json!({claim: null})), "InvalidIdentityToken");
        assert_eq!(text, format!("Missing a required claim: {claim}"));
    }
    // The account of the role must have the provider: another's is not looked for.
    scene.world.account("222222222222".parse().unwrap());
    let elsewhere = "arn:aws:iam::222222222222:role/guest";
    check_fault(with(&scene, elsewhere, &json!({})), "InvalidIdentityToken");
}

#[test]
fn a_token_lives_until_five_minutes_after_its_end_and_no_longer() {
    let scene = Scene::new();
    let arn = guest(&scene);
    let token = scene.key.token(&scene.claims());
    let end = scene.world.env.now().seconds() + 300;
    scene.world.env.advance(Duration::from_secs(599));
    assume(&scene, &arn, &token).unwrap();
    scene.world.env.advance(Duration::from_secs(1));
    let text = check_fault(assume(&scene, &arn, &token), "ExpiredTokenException");
    let expected = format!(
        "Token expired: current date/time {} must be before the expiration date/time {end}",
        end + 300
    );
    assert_eq!(text, expected);
    let now = scene.world.env.now().seconds();
    check_fault(with(&scene, &arn, &json!({"nbf": now + 301})), "InvalidIdentityToken");
    check_fault(with(&scene, &arn, &json!({"iat": now + 301})), "InvalidIdentityToken");
    check_fault(with(&scene, &arn, &json!({"exp": "soon"})), "InvalidIdentityToken");
}

#[test]
fn a_provider_that_is_gone_or_has_lost_the_audience_proves_nothing() {
    let scene = Scene::new();
    let arn = guest(&scene);
    with(&scene, &arn, &json!({})).unwrap();
    scene.register(URL, &["another-client"]);
    check_fault(with(&scene, &arn, &json!({})), "InvalidIdentityToken");
    scene.unregister(URL);
    check_fault(with(&scene, &arn, &json!({})), "InvalidIdentityToken");
}

#[test]
fn a_signature_does_not_replace_the_token() {
    let scene = Scene::new();
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}}});
    let arn = scene.role("own", &trust);
    let root = scene.world.root(ACCOUNT);
    check_fault(scene.world.call::<AssumeRoleWithWebIdentity>(&root, input(&arn, "a.b.c")), "AccessDenied");
}
