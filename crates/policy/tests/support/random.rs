//! Random cases from a seed, over small alphabets so that things often match.

use serde_json::{Map, Value, json};

use crate::oracle::{Case, Who};
use crate::support::who;

/// Xorshift; good enough to draw cases, and the same on every machine.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn some(&mut self, list: &[&str], most: usize) -> Value {
        let count = 1 + self.below(most);
        let items: Vec<&str> = (0..count).map(|_| self.pick(list)).collect();
        if count == 1 && self.chance(50) { json!(items[0]) } else { json!(items) }
    }
}

const ACTIONS: [&str; 9] = [
    "s3:GetObject",
    "s3:PutObject",
    "S3:getobjectACL",
    "ec2:RunInstances",
    "sts:AssumeRole",
    "kms:Decrypt",
    "s3:Get",
    "sts:TagSession",
    "KMS:RetireGrant",
];
const ACTION_PATTERNS: [&str; 13] = [
    "*",
    "*:*",
    "s3:*",
    "s3:Get*",
    "s3:getobject",
    "S3:Get?bject",
    "s3:*Object",
    "s3:*t*",
    "ec2:*",
    "sts:AssumeRole",
    "kms:D*t",
    "s3:PutObject",
    "s3:?et*",
];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/ann/x",
    "arn:aws:s3:::b/a:b/c",
    "arn:aws:s3:::b/*",
    "arn:aws:ec2:us-east-1:111111111111:instance/i-1",
    "arn:aws:iam::111111111111:role/team/R",
    "arn:aws:kms:eu-west-1:222222222222:key/k",
    "arn:aws:s3:::B",
];
const RESOURCE_PATTERNS: [&str; 22] = [
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b*",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username, 'ann'}/?",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3:::${k}*",
    "arn:aws:*",
    "arn:*:x",
    "arn:aws:ec2:us-*-1:*:instance/*",
    "arn:aws:ec2:us-?ast-1:1*1:*",
    "arn:aws:ec2:*:instance/i-1",
    "arn:aws:e*2:us-east-1:*",
    "arn:aws:iam::111111111111:role/*",
    "arn:*:i*m:*:role/team/R",
    "arn:aws:kms:*:*:key/?",
    "arn:aws:kms",
    "arn:aws:kms:eu-west-1:222222222222",
    "arn:aws:s3:::?",
    "arn:aws:s3:::b/a*:b*/c",
];
const CALLERS: [&str; 15] = [
    "anonymous",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::111111111111:user/team/ann",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::111111111111:role/team/R",
    "arn:aws:sts::111111111111:assumed-role/R/S",
    "arn:aws:sts::111111111111:assumed-role/Q/S",
    "arn:aws:sts::111111111111:federated-user/fay",
    // Whom the root user made.
    "arn:aws:sts::111111111111:federated-user/root",
    "arn:aws:iam::222222222222:root",
    "arn:aws:iam::222222222222:user/bob",
    "ec2.amazonaws.com",
    "arn:aws:iam::111111111111:saml-provider/P",
    "accounts.google.com",
    "arn:aws:sts::222222222222:assumed-role/R/S",
];
const NAMED: [&str; 15] = [
    "*",
    "111111111111",
    "222222222222",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::111111111111:user/team/ann",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::111111111111:user/issuer",
    "arn:aws:iam::111111111111:role/R",
    "arn:aws:iam::111111111111:role/other/R",
    "arn:aws:sts::111111111111:assumed-role/R/S",
    "arn:aws:sts::111111111111:federated-user/fay",
    "arn:aws:iam::222222222222:user/bob",
    "AROA0000000000000000R",
    "AIDA00000000000ISSUER",
    "AIDA00000000000000ANN",
];
const OTHERS: [&str; 4] = [
    "ec2.amazonaws.com",
    "s3.amazonaws.com",
    "arn:aws:iam::111111111111:saml-provider/P",
    "accounts.google.com",
];
/// Nobody resolved it to an account.
const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
const KEYS: [&str; 9] = [
    "k",
    "aws:username",
    "AWS:UserName",
    "aws:PrincipalTag/T",
    "s3:prefix",
    "aws:TagKeys",
    "n",
    "d",
    "aws:SourceIp",
];
const TEXTS: [&str; 14] = [
    "a",
    "A",
    "b",
    "ann",
    "Ann",
    "a*",
    "",
    "a?b",
    "x/y",
    "*",
    "${k}",
    "${aws:username}",
    "${none, 'a'}",
    "${*}",
];
const NUMBERS: [&str; 8] = ["0", "10", "10.0", "-3", "9.5", "2024", "1709209815", "0.25"];
const DATES: [&str; 8] = [
    "2024-02-29T12:30:15Z",
    "2024",
    "2024-03",
    "2024-02-29",
    "1709209815",
    "1709209815.5",
    "2025-01-01T00:00Z",
    "1970-01-01",
];
const ADDRESSES: [&str; 7] =
    ["10.0.0.0/8", "10.1.2.3", "10.1.2.3/16", "0.0.0.0/0", "::1", "2001:db8::/32", "2001:DB8:0:0::7"];
const ARNS: [&str; 9] = [
    "arn:aws:iam::111111111111:role/team/R",
    "arn:aws:iam::*:role/*",
    "arn:aws:*:*:*:*",
    "arn:*:role/team/R",
    "arn:aws:iam::1?1111111111:role/*/R",
    "*",
    "${k}",
    "arn:aws:iam::${k}:role/*",
    "arn:aws:s3:::${aws:username}*",
];

fn operator(draw: &mut Draw) -> (String, &'static [&'static str]) {
    const FAMILIES: [(&[&str], &[&str]); 8] = [
        (&["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"], &TEXTS),
        (&["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"], &TEXTS),
        (
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            &NUMBERS,
        ),
        (
            &["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals", "DateLessThanEquals"],
            &DATES,
        ),
        (&["Bool"], &["true", "false", "True"]),
        (&["BinaryEquals"], &["YQ==", "YWI="]),
        (&["IpAddress", "NotIpAddress"], &ADDRESSES),
        (&["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], &ARNS),
    ];
    if draw.chance(8) {
        return ("Null".to_owned(), &["true", "false"]);
    }
    let (names, values) = draw.pick(&FAMILIES);
    let set = if draw.chance(30) { draw.pick(&["ForAllValues:", "ForAnyValue:"]) } else { "" };
    let end = if draw.chance(20) { "IfExists" } else { "" };
    (format!("{set}{}{end}", draw.pick(names)), values)
}

fn condition(draw: &mut Draw) -> Value {
    let mut blocks = Map::new();
    for _ in 0..=draw.below(2) {
        let (operator, values) = operator(draw);
        let mut keys = Map::new();
        for _ in 0..=draw.below(2) {
            keys.insert(format!("t:{}", draw.pick(&KEYS)), draw.some(values, 3));
        }
        blocks.insert(operator, Value::Object(keys));
    }
    Value::Object(blocks)
}

fn principal(draw: &mut Draw) -> Value {
    match draw.below(12) {
        0 => json!("*"),
        1..=7 => json!({"AWS": draw.some(&NAMED, 3)}),
        8 => json!({"Service": draw.some(&OTHERS[..2], 1)}),
        9 => json!({"CanonicalUser": CANONICAL, "AWS": draw.some(&NAMED, 1)}),
        10 => json!({
            "Service": draw.some(&OTHERS[..2], 2),
            "Federated": draw.some(&OTHERS[2..], 2),
            "AWS": draw.some(&NAMED, 2),
        }),
        _ => json!({"Federated": draw.some(&OTHERS[2..], 1), "AWS": draw.some(&NAMED, 1)}),
    }
}

/// What a statement must have in its layer.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    Own,
    Organization,
    Resource,
    Trust,
    ResourceControl,
    Endpoint,
}

pub fn statement(draw: &mut Draw, place: Place) -> Value {
    let mut out = Map::new();
    let deny = place == Place::ResourceControl || draw.chance(20);
    out.insert("Effect".into(), json!(if deny { "Deny" } else { "Allow" }));
    if place == Place::Trust {
        out.insert("Action".into(), draw.some(&["sts:AssumeRole", "sts:*", "sts:TagSession"], 2));
    } else if place == Place::ResourceControl {
        out.insert("Action".into(), draw.some(&ACTION_PATTERNS[2..], 3));
    } else {
        let not = draw.chance(12);
        out.insert(if not { "NotAction" } else { "Action" }.into(), draw.some(&ACTION_PATTERNS, 3));
    }
    if place != Place::Trust {
        let not = draw.chance(12);
        let strict = place == Place::Organization || place == Place::ResourceControl;
        let whole = |text: &&str| !strict || text.ends_with('*') || text.matches(':').count() >= 5;
        let patterns: Vec<&str> = RESOURCE_PATTERNS.into_iter().filter(whole).collect();
        let patterns = if draw.chance(30) { vec!["*"] } else { patterns };
        out.insert(if not { "NotResource" } else { "Resource" }.into(), draw.some(&patterns, 3));
    }
    let not = draw.chance(10) && place != Place::Trust;
    match place {
        Place::Resource | Place::Trust => {
            out.insert(if not { "NotPrincipal" } else { "Principal" }.into(), principal(draw));
        }
        Place::ResourceControl => {
            out.insert("Principal".into(), json!("*"));
        }
        Place::Endpoint if draw.chance(50) => {
            out.insert(if not { "NotPrincipal" } else { "Principal" }.into(), principal(draw));
        }
        Place::Own | Place::Organization | Place::Endpoint => {}
    }
    if draw.chance(40) {
        out.insert("Condition".into(), condition(draw));
    }
    Value::Object(out)
}

pub fn document(draw: &mut Draw, place: Place) -> Value {
    let statements: Vec<Value> = (0..=draw.below(3)).map(|_| statement(draw, place)).collect();
    let version = if draw.chance(85) { "2012-10-17" } else { "2008-10-17" };
    json!({"Version": version, "Statement": statements})
}

fn documents(draw: &mut Draw, place: Place, most: usize) -> Vec<Value> {
    (0..=draw.below(most)).map(|_| document(draw, place)).collect()
}

fn context(draw: &mut Draw) -> Map<String, Value> {
    let mut out = Map::new();
    for key in KEYS {
        if draw.chance(45) {
            continue;
        }
        let pool: &[&str] = match draw.below(6) {
            0 => &NUMBERS,
            1 => &DATES,
            2 => &["10.1.2.3", "11.0.0.1", "::1", "2001:db8::7", "10.0.0.0/8", "true", "false", "YQ==", "x"],
            3 => &[
                "arn:aws:iam::111111111111:role/team/R",
                "arn:aws:s3:::ann/x",
                "arn:aws:iam",
                "111111111111",
            ],
            _ => &["a", "A", "ann", "b", "a*", "", "axb", "x/y", "Ann"],
        };
        let value = if draw.chance(25) {
            let count = draw.below(3);
            json!((0..count).map(|_| draw.pick(pool)).collect::<Vec<_>>())
        } else {
            json!(draw.pick(pool))
        };
        for name in [key.to_lowercase(), format!("t:{key}").to_lowercase()] {
            out.insert(name, value.clone());
        }
    }
    out
}

/// A case with most layers there most of the time.
pub fn case(draw: &mut Draw) -> Case {
    let rule = draw.pick(&["standard", "standard", "standard", "trust", "kms"]);
    let place = if rule == "trust" { Place::Trust } else { Place::Resource };
    let who: Who = who(draw.pick(&CALLERS));
    let management_account = draw.chance(8);
    let levels = |draw: &mut Draw, place| {
        if draw.chance(75) {
            Vec::new()
        } else {
            // A root, up to five levels of units, the account.
            let most = if draw.chance(20) { 7 } else { 2 };
            (0..=draw.below(most)).map(|_| documents(draw, place, 2)).collect()
        }
    };
    Case {
        action: match rule {
            "trust" => {
                draw.pick(&["sts:AssumeRole", "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
            }
            _ => draw.pick(&ACTIONS),
        }
        .to_owned(),
        resource: draw.pick(&RESOURCES).to_owned(),
        resource_account: draw
            .pick(&[None, Some("111111111111"), Some("111111111111"), Some("222222222222")])
            .map(str::to_owned),
        context: context(draw).into_iter().collect(),
        identity: documents(draw, Place::Own, 3),
        boundary: draw.chance(25).then(|| documents(draw, Place::Own, 1)),
        session: draw.chance(25).then(|| documents(draw, Place::Own, 2)),
        resource_policy: draw.chance(70).then(|| documents(draw, place, 1)),
        endpoint: draw.chance(15).then(|| documents(draw, Place::Endpoint, 2)),
        scps: levels(draw, Place::Organization),
        rcps: levels(draw, Place::ResourceControl),
        service_linked_role: draw.chance(5),
        management_account,
        resource_in_management_account: draw.chance(5),
        rule,
        who,
    }
}
