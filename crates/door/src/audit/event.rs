//! One call as CloudTrail's record, in its order of members.

use std::borrow::Cow;

use rolecall_base::{AccountId, Fault, Time};
use rolecall_env::Env;
use rolecall_identity::{Caller, Who};
use rolecall_store::MAX_VALUE;
use rolecall_wire::record::{Dates, Teller};

use super::Facts;
use super::identity::{self, Viewer};
use super::names::{event_name, gives_credentials, is_data_event};
use crate::needs::Ask;
use crate::request::Origin;

/// What is known of a call when its record is written.
pub(crate) struct Call<'a> {
    pub caller: &'a Caller,
    pub region: &'a str,
    pub at: Time,
    pub origin: &'a Origin,
    pub asks: &'a [Ask],
    pub fault: Option<&'a Fault>,
    pub request_id: &'a str,
    pub service: &'a str,
    pub operation: &'a str,
    pub read_only: bool,
    /// JSON objects.
    pub parameters: Option<String>,
    pub answer: Option<String>,
}

/// Bytes of `userAgent` and `errorMessage`, as in CloudTrail. Callers choose both, and must not fill the log with them.
const LONGEST: usize = 1024;
/// Bytes of `requestParameters` and of `responseElements`, as in CloudTrail.
const LARGEST: usize = 100 * 1024;

/// The same in a record that waits in the store, when all of it together would be too large for one value.
const LARGEST_KEPT: usize = 8 * 1024;

/// The records of a call, one a line: one for each account that is told of it. They fit into one value of the store.
pub(crate) fn lines(call: &Call<'_>, env: &Env) -> String {
    let whole = text(call, env, LARGEST);
    if whole.len() < MAX_VALUE - 1024 { whole } else { text(call, env, LARGEST_KEPT) }
}

fn text(call: &Call<'_>, env: &Env, largest: usize) -> String {
    let mut text = String::new();
    write_cut(call, env, largest, &mut |line, _| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    });
    text
}

/// The same, one after the other.
pub(super) fn write(call: &Call<'_>, env: &Env, each: &mut dyn FnMut(&str, &Facts<'_>)) {
    write_cut(call, env, LARGEST, each);
}

/// With parameters and answer left out where they are longer than `largest` bytes.
fn write_cut(call: &Call<'_>, env: &Env, largest: usize, each: &mut dyn FnMut(&str, &Facts<'_>)) {
    let own = own_recipient(call);
    let other = other_recipient(call, own);
    let shared = other.map(|_| env.uuid());
    let copies = [Some((own, Viewer::Own)), other.map(|other| (Some(other), Viewer::Other))];
    for (account, viewer) in copies.into_iter().flatten() {
        let event_id = env.uuid();
        let facts = Facts {
            account,
            at: call.at,
            region: call.region,
            service: call.service,
            name: event_name(call.service, call.operation),
            user: identity::user(call, viewer),
            access_key: match viewer {
                Viewer::Own => call.caller.access_key_id.as_deref().unwrap_or_default(),
                Viewer::Other => "",
            },
            event_id: &event_id,
            read_only: call.read_only,
            management: !is_data_event(call.service, call.operation),
        };
        each(&record(call, (account, viewer), &event_id, shared.as_deref(), largest), &facts);
    }
}

/// The account that a call's record is for: the caller's; of unsigned calls the one that they are about, if any.
fn own_recipient(call: &Call<'_>) -> Option<AccountId> {
    match call.caller.who {
        Who::Anonymous if call.caller.account == AccountId::AWS => {
            call.asks.first().and_then(|ask| ask.account)
        }
        _ => Some(call.caller.account),
    }
}

/// The owner of a role or bucket is told as well when a caller of another account got in.
fn other_recipient(call: &Call<'_>, own: Option<AccountId>) -> Option<AccountId> {
    let is_told = call.fault.is_none()
        && (is_data_event(call.service, call.operation)
            || call.service == "sts" && gives_credentials(call.service, call.operation));
    let owner = call.asks.first().filter(|_| is_told)?.account?;
    (Some(owner) != own).then_some(owner)
}

fn record(
    call: &Call<'_>,
    (recipient, viewer): (Option<AccountId>, Viewer),
    event_id: &str,
    shared_id: Option<&str>,
    largest: usize,
) -> String {
    let is_data = is_data_event(call.service, call.operation);
    let recipient = recipient.map(|account| account.to_string());
    let mut t = Teller::new(Dates::Iso);
    t.open();
    t.put("eventVersion", Some("1.11"));
    t.raw("userIdentity", &identity::told(call, viewer));
    t.put("eventTime", Some(&call.at));
    t.put("eventSource", Some(&format!("{}.amazonaws.com", call.service)));
    t.put("eventName", Some(event_name(call.service, call.operation)));
    t.put("awsRegion", Some(call.region));
    let service = identity::service(call);
    let ip = call.origin.source_ip.map(|ip| ip.to_string());
    t.put("sourceIPAddress", service.or(ip.as_deref()));
    t.put("userAgent", service.or(call.origin.user_agent.as_deref().map(cut)));
    if let Some(fault) = call.fault {
        t.put("errorCode", Some(&*error_code(call.service, fault)));
        t.put("errorMessage", Some(cut(fault.message())));
    }
    part(&mut t, "requestParameters", call.parameters.as_deref(), largest);
    part(&mut t, "responseElements", call.answer.as_deref(), largest);
    additional(&mut t, call);
    t.put("requestID", Some(call.request_id));
    t.put("eventID", Some(event_id));
    t.put("readOnly", Some(&call.read_only));
    resources(&mut t, call);
    t.put("eventType", Some("AwsApiCall"));
    t.put("managementEvent", Some(&!is_data));
    t.put("recipientAccountId", recipient.as_deref());
    t.put("sharedEventID", shared_id);
    t.put("eventCategory", Some(if is_data { "Data" } else { "Management" }));
    t.close();
    t.finish().unwrap_or_default()
}

pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

/// Null where there is nothing to tell; what is too large is left out, and that is said.
fn part(t: &mut Teller, name: &str, json: Option<&str>, largest: usize) {
    match json {
        None => t.raw(name, "null"),
        Some(json) if json.len() <= largest => t.raw(name, json),
        Some(json) => {
            let size = json.len();
            let omitted = format!(r#"{{"omitted":true,"originalSize":{size},"reason":"{name} too large"}}"#);
            t.raw(name, &omitted);
        }
    }
}

/// EC2's codes tell whose fault it was, and IAM's are those of its exceptions.
fn error_code<'a>(service: &str, fault: &'a Fault) -> Cow<'a, str> {
    let code = fault.code();
    match service {
        "ec2" if fault.status() < 500 => format!("Client.{code}").into(),
        "ec2" => format!("Server.{code}").into(),
        "iam" if EXCEPTIONS.contains(&code) => format!("{code}Exception").into(),
        _ => code.into(),
    }
}

const EXCEPTIONS: [&str; 16] = [
    "ConcurrentModification",
    "DeleteConflict",
    "EntityAlreadyExists",
    "EntityTemporarilyUnmodifiable",
    "InvalidAuthenticationCode",
    "InvalidCertificate",
    "InvalidInput",
    "InvalidPublicKey",
    "InvalidUserType",
    "LimitExceeded",
    "MalformedCertificate",
    "MalformedPolicyDocument",
    "NoSuchEntity",
    "PasswordPolicyViolation",
    "PolicyNotAttachable",
    "UnmodifiableEntity",
];

/// How S3's requests were signed.
fn additional(t: &mut Teller, call: &Call<'_>) {
    let Some(signature) = call.origin.signature.as_ref().filter(|_| call.service == "s3") else { return };
    let method = if signature.presigned { "QueryString" } else { "AuthHeader" };
    t.raw(
        "additionalEventData",
        &format!(r#"{{"SignatureVersion":"SigV4","AuthenticationMethod":"{method}"}}"#),
    );
}

/// What S3's and STS's calls were about; the other services' records have it in their parameters.
fn resources(t: &mut Teller, call: &Call<'_>) {
    match call.service {
        "sts" => roles(t, call),
        "s3" => buckets(t, call),
        _ => {}
    }
}

struct Resource<'a> {
    kind: &'static str,
    arn: Option<&'a str>,
    prefix: Option<String>,
    account: Option<String>,
}

impl rolecall_wire::record::Tell for Resource<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("accountId", self.account.as_deref());
        t.put("type", Some(self.kind));
        t.put("ARN", self.arn);
        t.put("ARNPrefix", self.prefix.as_deref());
        t.close();
    }
}

fn roles(t: &mut Teller, call: &Call<'_>) {
    let Some(role) = call.asks.iter().find(|ask| ask.resource.starts_with("arn:aws:iam:")) else { return };
    let account = role.account.map(|account| account.to_string());
    let kind = if role.resource.contains(":role/") { "AWS::IAM::Role" } else { "AWS::IAM::User" };
    t.list("resources", Some(&[Resource { kind, arn: Some(&role.resource), prefix: None, account }]));
}

fn buckets(t: &mut Teller, call: &Call<'_>) {
    let named = |ask: &&Ask| ask.resource.starts_with("arn:aws:s3:::");
    let Some(first) = call.asks.iter().find(named) else { return };
    let (bucket, key) = match first.resource.split_once('/') {
        Some((bucket, key)) => (bucket, !key.is_empty()),
        None => (&*first.resource, false),
    };
    let mut all = Vec::new();
    if key {
        let several = call
            .asks
            .iter()
            .filter(named)
            .any(|ask| call.operation == "DeleteObjects" && ask.resource != first.resource);
        all.push(Resource {
            kind: "AWS::S3::Object",
            arn: (!several).then_some(&*first.resource),
            prefix: several.then(|| format!("{bucket}/")),
            account: None,
        });
    }
    let account = first.account.map(|account| account.to_string());
    all.push(Resource { kind: "AWS::S3::Bucket", arn: Some(bucket), prefix: None, account });
    t.list("resources", Some(&all));
}
