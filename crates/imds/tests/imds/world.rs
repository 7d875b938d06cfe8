//! One instance with its metadata service, and the IAM records behind its profile.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rolecall_base::{AccountId, Tags};
use rolecall_identity::records::{
    Entities, Entity, Holder, InstanceProfile, InstanceProfileIds, InstanceProfiles, ProfilePlace, Role,
    Roles, fold,
};
use rolecall_imds::{
    Answer, Details, Imds, InstanceView, Interface, KeyPair, Net, Options, Placement, Profile, Settings,
    Signers,
};
use rolecall_testkit::{ACCOUNT, World};

pub const EC2: &str = r#"{"Version": "2012-10-17", "Statement":
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;
pub const LAMBDA: &str = r#"{"Version": "2012-10-17", "Statement":
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;

pub struct Guest {
    pub world: World,
    pub imds: Arc<Imds>,
    pub signers: Arc<Signers>,
    pub instance: InstanceView,
    pub details: Details,
}

impl Guest {
    /// An instance without a profile, with EC2's own settings.
    pub fn new() -> Guest {
        Guest::with_life(Settings::default().role_life)
    }

    pub fn with_life(role_life: Duration) -> Guest {
        let world = World::new(7);
        let signers = Arc::new(Signers::new(world.door.identity.clone()));
        let imds = Arc::new(Imds::new(world.door.clone(), signers.clone(), Settings { role_life }));
        let instance = instance("i-0123456789abcdef0", ACCOUNT, &world);
        Guest { world, imds, signers, instance, details: details() }
    }

    /// The same with role `reader`, which trusts EC2, in the profile `box`.
    pub fn with_role() -> Guest {
        let mut guest = Guest::new();
        guest.role("reader", EC2);
        guest.associate("box", Some("reader"));
        guest
    }

    pub fn ask(&self, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        self.ask_as(&self.instance, method, path, headers)
    }

    pub fn ask_as(
        &self,
        instance: &InstanceView,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        self.imds.answer(instance, &method, path, &headers, || Ok(Arc::new(self.details.clone())))
    }

    /// What the server awaits before a request for a proof.
    pub fn sign(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.imds.prepare("eu-west-1", "/latest/dynamic/instance-identity/pkcs7")).unwrap();
    }

    pub fn put(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        self.ask(Method::PUT, path, headers)
    }

    /// IMDSv1.
    pub fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[])
    }

    /// IMDSv2, with a fresh token.
    pub fn get_v2(&self, path: &str) -> Answer {
        let token = self.token("21600");
        self.ask(Method::GET, path, &[("x-aws-ec2-metadata-token", &token)])
    }

    pub fn token(&self, seconds: &str) -> String {
        let answer = self.put("/latest/api/token", &[("x-aws-ec2-metadata-token-ttl-seconds", seconds)]);
        assert_eq!(answer.status, 200);
        text(&answer)
    }

    /// Makes a role anew.
    pub fn role(&self, name: &str, trust: &str) {
        let id = self.world.env.unique_id("AROA");
        let role = Role {
            account: ACCOUNT,
            name: name.into(),
            path: "/".into(),
            id: id.clone(),
            created: self.world.env.now(),
            trust: trust.into(),
            description: None,
            max_session: 3600,
            tags: Tags::default(),
            boundary: None,
            template: None,
        };
        self.world.write(|tx| {
            tx.put::<Roles>(&(ACCOUNT, fold(name)), &role)?;
            tx.put::<Entities>(&id, &Entity { account: ACCOUNT, holder: Holder::Role, name: fold(name) })?;
            tx.touch(ACCOUNT);
            Ok(())
        });
    }

    /// Changes a role's trust policy.
    pub fn trust(&self, name: &str, trust: &str) {
        self.world.write(|tx| {
            let key = (ACCOUNT, fold(name));
            let role = tx.get::<Roles>(&key)?.unwrap();
            tx.put::<Roles>(&key, &Role { trust: trust.into(), ..role })?;
            tx.touch(ACCOUNT);
            Ok(())
        });
    }

    /// Makes a profile anew.
    pub fn profile(&self, name: &str, role: Option<&str>) -> InstanceProfile {
        let profile = InstanceProfile {
            account: ACCOUNT,
            name: name.into(),
            path: "/".into(),
            id: self.world.env.unique_id("AIPA"),
            created: self.world.env.now(),
            role: role.map(fold),
            tags: Tags::default(),
        };
        self.world.write(|tx| {
            let key = (ACCOUNT, fold(name));
            if let Some(old) = tx.get::<InstanceProfiles>(&key)? {
                tx.delete::<InstanceProfileIds>(&old.id)?;
            }
            tx.put::<InstanceProfiles>(&key, &profile)?;
            let place = ProfilePlace { account: ACCOUNT, name: fold(name) };
            tx.put::<InstanceProfileIds>(&profile.id, &place)?;
            tx.touch(ACCOUNT);
            Ok(())
        });
        profile
    }

    /// Puts another role, or none, into an existing profile.
    pub fn swap(&self, name: &str, role: Option<&str>) {
        self.world.write(|tx| {
            let key = (ACCOUNT, fold(name));
            let profile = tx.get::<InstanceProfiles>(&key)?.unwrap();
            tx.put::<InstanceProfiles>(&key, &InstanceProfile { role: role.map(fold), ..profile })?;
            tx.touch(ACCOUNT);
            Ok(())
        });
    }

    /// Makes a profile and associates the instance with it.
    pub fn associate(&mut self, name: &str, role: Option<&str>) {
        let profile = self.profile(name, role);
        self.instance.profile = Some(Profile {
            arn: profile.arn(),
            id: profile.id,
            association: self.world.env.resource_id("iip-assoc"),
        });
    }
}

pub fn instance(id: &str, account: AccountId, world: &World) -> InstanceView {
    InstanceView {
        account,
        region: "eu-west-1".into(),
        id: id.into(),
        reservation: "r-0aaaaaaaaaaaaaaaa".into(),
        launch_index: 0,
        launched: world.env.now(),
        image: "ami-0bbbbbbbbbbbbbbbb".into(),
        instance_type: "t3.micro".into(),
        key: Some(KeyPair { name: "mine".into(), public_key: "ssh-ed25519 AAAA mine".into() }),
        mac: "0a:11:22:33:44:55".into(),
        private_ip: [172, 31, 5, 6].into(),
        public_ip: Some([127, 64, 0, 9].into()),
        vpc: "vpc-0ddddddddddddddd".into(),
        zone: "eu-west-1a".into(),
        profile: None,
        options: Options::default(),
    }
}

fn details() -> Details {
    let root = || "/dev/xvda".to_owned();
    Details {
        user_data: Some(b"#!/bin/sh\n\xffecho\n".to_vec()),
        tags: vec![("Name".into(), "web 1".into()), ("team:x".into(), "blue".into())],
        interfaces: vec![interface("eni-0cccccccccccccccc", "0a:11:22:33:44:55", 0)],
        placement: Placement { zone_id: "euw1-az1".into(), ..Placement::default() },
        architecture: "x86_64".into(),
        hostname: "ip-172-31-5-6.eu-west-1.compute.internal".into(),
        devices: vec![("ami".into(), root()), ("root".into(), root())],
        ..Details::default()
    }
}

pub fn interface(id: &str, mac: &str, device_number: i32) -> Interface {
    let net = |id: &str, block: &str| Net { id: id.into(), blocks: vec![block.into()], ..Net::default() };
    Interface {
        id: id.into(),
        mac: mac.into(),
        device_number,
        network_card: 0,
        owner: ACCOUNT,
        private_ips: vec![[172, 31, 5, 6].into(), [172, 31, 5, 7].into()],
        public_ips: vec![([127, 64, 0, 9].into(), [172, 31, 5, 6].into())],
        ipv6s: Vec::new(),
        prefixes: Vec::new(),
        local_hostname: "ip-172-31-5-6.eu-west-1.compute.internal".into(),
        public_hostname: None,
        security_groups: vec![("sg-1".into(), "default".into()), ("sg-2".into(), "web".into())],
        subnet: net("subnet-0eeeeeeeeeeeeeee", "172.31.0.0/20"),
        vpc: net("vpc-0ddddddddddddddd", "172.31.0.0/16"),
    }
}

pub fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

pub fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}
