//! Events that no call made: somebody came into an instance.

use std::net::IpAddr;

use rolecall_base::AccountId;
use rolecall_env::Env;
use rolecall_wire::record::{Dates, Tell, Teller};

use super::Entry;
use super::event::cut;
use crate::door::Door;

/// What happened, to whom it is told, and what is known of it.
#[derive(Clone, Debug)]
pub struct ServiceEvent<'a> {
    /// `SshLogin`
    pub name: &'a str,
    pub account: AccountId,
    pub region: &'a str,
    pub source_ip: Option<IpAddr>,
    /// Code and message, of what was refused.
    pub error: Option<(&'a str, &'a str)>,
    pub details: &'a [(&'static str, &'a str)],
}

impl Door {
    /// Writes an event of our own service to the audit log.
    pub fn log_event(&self, event: &ServiceEvent<'_>) {
        let env = &self.identity.env;
        self.log.append(Entry::written(event.text(env), env));
    }
}

impl ServiceEvent<'_> {
    fn text(&self, env: &Env) -> String {
        let account = self.account.to_string();
        let mut t = Teller::new(Dates::Iso);
        t.open();
        t.put("eventVersion", Some("1.11"));
        t.put("userIdentity", Some(&Service(&account)));
        t.put("eventTime", Some(&env.now()));
        t.put("eventSource", Some("rolecall.amazonaws.com"));
        t.put("eventName", Some(self.name));
        t.put("awsRegion", Some(self.region));
        t.put("sourceIPAddress", self.source_ip.map(|ip| ip.to_string()).as_deref());
        if let Some((code, message)) = self.error {
            t.put("errorCode", Some(code));
            t.put("errorMessage", Some(cut(message)));
        }
        t.raw("requestParameters", "null");
        t.raw("responseElements", "null");
        t.put("eventID", Some(&env.uuid()));
        t.put("readOnly", Some(&false));
        t.put("eventType", Some("AwsServiceEvent"));
        t.put("managementEvent", Some(&true));
        t.put("recipientAccountId", Some(&account));
        t.put("serviceEventDetails", Some(&Details(self.details)));
        t.put("eventCategory", Some("Management"));
        t.close();
        t.finish().unwrap_or_default()
    }
}

struct Service<'a>(&'a str);

impl Tell for Service<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("type", Some("AWSService"));
        t.put("accountId", Some(self.0));
        t.put("invokedBy", Some("rolecall.amazonaws.com"));
        t.close();
    }
}

struct Details<'a>(&'a [(&'static str, &'a str)]);

impl Tell for Details<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        for (name, value) in self.0 {
            t.put(name, Some(cut(value)));
        }
        t.close();
    }
}
