//! Tokens, methods, statuses.

use std::time::Duration;

use http::Method;

use crate::world::{Guest, header, instance, text};

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";

#[test]
fn a_put_gives_a_token_and_echoes_its_life() {
    let guest = Guest::new();
    let answer = guest.put("/latest/api/token", &[(TTL, "21600")]);
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, TTL).as_deref(), Some("21600"));
    assert_eq!(header(&answer, "content-type").as_deref(), Some("text/plain"));
    assert_eq!(header(&answer, "server").as_deref(), Some("EC2ws"));
    assert_eq!(answer.body.len(), 56);
}

#[test]
fn a_life_that_is_missing_or_no_number_or_out_of_range_is_a_bad_request() {
    let guest = Guest::new();
    assert_eq!(guest.put("/latest/api/token", &[]).status, 400);
    for life in ["", "0", "21601", "-1", "+60", "6e2", "60s", "99999999999"] {
        assert_eq!(guest.put("/latest/api/token", &[(TTL, life)]).status, 400, "{life}");
    }
    for life in ["1", "0060", "21600"] {
        assert_eq!(guest.put("/latest/api/token", &[(TTL, life)]).status, 200, "{life}");
    }
}

#[test]
fn a_put_to_a_dated_path_or_through_a_proxy_is_forbidden() {
    let guest = Guest::new();
    assert_eq!(guest.put("/2021-03-23/api/token", &[(TTL, "60")]).status, 403);
    let forwarded = guest.put("/latest/api/token", &[(TTL, "60"), ("x-forwarded-for", "10.0.0.1")]);
    assert_eq!(forwarded.status, 403);
}

#[test]
fn a_put_anywhere_else_is_not_served() {
    let guest = Guest::new();
    assert_eq!(guest.put("/latest/meta-data/ami-id", &[(TTL, "60")]).status, 405);
    assert_eq!(guest.put("/api/token", &[(TTL, "60")]).status, 404);
}

#[test]
fn answers_to_put_travel_as_far_as_the_hop_limit_and_others_as_usual() {
    let mut guest = Guest::new();
    assert_eq!(guest.put("/latest/api/token", &[(TTL, "60")]).ttl, Some(1));
    guest.instance.options.hop_limit = 3;
    assert_eq!(guest.put("/latest/api/token", &[(TTL, "60")]).ttl, Some(3));
    assert_eq!(guest.put("/latest/api/token", &[]).ttl, Some(3));
    assert_eq!(guest.get("/latest/meta-data/").ttl, None);
}

#[test]
fn a_token_opens_until_it_ends_and_answers_say_what_is_left() {
    let guest = Guest::new();
    let token = guest.token("60");
    let ask = || guest.ask(Method::GET, "/latest/meta-data/instance-id", &[(TOKEN, &token)]);
    guest.world.env.advance(Duration::from_secs(10));
    let answer = ask();
    assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (200, "i-0123456789abcdef0"));
    assert_eq!(header(&answer, TTL).as_deref(), Some("50"));
    guest.world.env.advance(Duration::from_secs(50));
    assert_eq!(ask().status, 401);
}

#[test]
fn a_bad_token_is_unauthorized_even_where_none_is_needed() {
    let guest = Guest::new();
    let path = "/latest/meta-data/instance-id";
    for token in ["", "garbage", "AQAEAOkMXHIXlqDJXpPaL-cM0WDPRjMwVsbRSYUJ8v7L7e5nBrO7Ag=="] {
        assert_eq!(guest.ask(Method::GET, path, &[(TOKEN, token)]).status, 401, "{token}");
        assert_eq!(guest.ask(Method::HEAD, path, &[(TOKEN, token)]).status, 401, "{token}");
    }
    assert_eq!(guest.get(path).status, 200);
}

#[test]
fn a_token_is_nothing_to_another_instance() {
    let guest = Guest::new();
    let other = instance("i-0fffffffffffffff0", guest.instance.account, &guest.world);
    let token = guest.token("60");
    let answer = guest.ask_as(&other, Method::GET, "/latest/meta-data/", &[(TOKEN, &token)]);
    assert_eq!(answer.status, 401);
}

#[test]
fn without_a_token_requests_are_served_only_where_tokens_are_optional() {
    let mut guest = Guest::new();
    assert_eq!(guest.get("/latest/meta-data/").status, 200);
    guest.instance.options.tokens_required = true;
    assert_eq!(guest.get("/latest/meta-data/").status, 401);
    assert_eq!(guest.get("/latest/no-such-thing").status, 401);
    assert_eq!(guest.get_v2("/latest/meta-data/").status, 200);
}

#[test]
fn a_disabled_endpoint_forbids_everything() {
    let mut guest = Guest::new();
    let token = guest.token("60");
    guest.instance.options.enabled = false;
    assert_eq!(guest.get("/latest/meta-data/").status, 403);
    assert_eq!(guest.ask(Method::GET, "/", &[(TOKEN, &token)]).status, 403);
    assert_eq!(guest.put("/latest/api/token", &[(TTL, "60")]).status, 403);
}

#[test]
fn other_methods_are_not_allowed() {
    let guest = Guest::new();
    for method in [Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        assert_eq!(guest.ask(method, "/latest/meta-data/", &[]).status, 405);
    }
    let token = guest.get("/latest/api/token");
    assert_eq!(token.status, 405);
    assert_eq!(header(&token, "allow").as_deref(), Some("PUT"));
}

#[test]
fn a_head_has_the_headers_without_the_body() {
    let guest = Guest::new();
    let answer = guest.ask(Method::HEAD, "/latest/meta-data/instance-id", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, "content-length").as_deref(), Some("19"));
    assert!(answer.body.is_empty());
}

#[test]
fn an_error_is_a_small_page() {
    let guest = Guest::new();
    let answer = guest.get("/latest/meta-data/nothing");
    assert_eq!(answer.status, 404);
    assert_eq!(header(&answer, "content-type").as_deref(), Some("text/html"));
    assert!(text(&answer).contains("<title>404 - Not Found</title>"));
}

#[test]
fn an_instance_that_asks_without_end_is_slowed_down_and_no_other() {
    let guest = Guest::new();
    let other = instance("i-0fffffffffffffff0", guest.instance.account, &guest.world);
    let mut last = 200;
    for _ in 0..60_000 {
        last = guest.get("/").status.as_u16();
    }
    assert_eq!(last, 503);
    assert_eq!(guest.ask_as(&other, Method::GET, "/", &[]).status, 200);
    guest.world.env.advance(Duration::from_secs(1));
    assert_eq!(guest.get("/").status, 200);
}

#[test]
fn a_name_that_may_lead_elsewhere_is_forbidden() {
    let guest = Guest::new();
    for host in ["169.254.169.254", "[fd00:ec2::254]", "127.0.0.1:1338", "instance-data"] {
        assert_eq!(guest.ask(Method::GET, "/latest/meta-data/", &[("host", host)]).status, 200, "{host}");
    }
    let rebound = [("host", "rebound.example"), (TTL, "60")];
    assert_eq!(guest.ask(Method::GET, "/latest/meta-data/", &rebound).status, 403);
    assert_eq!(guest.put("/latest/api/token", &rebound).status, 403);
}
