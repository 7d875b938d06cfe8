//! What this crate's tests begin with: a world with two public parameters, one of them an image.

use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_door::{Extensions, Operation, Visitor};
use rolecall_store::Reader;
use rolecall_testkit::{ACCOUNT, REGION, World};

use crate::model::{
    self, AddTagsToResource, AddTagsToResourceRequest, GetParameter, GetParameterRequest,
    LabelParameterVersion, LabelParameterVersionRequest, PutParameter, PutParameterRequest, Tag,
};
use crate::{Images, Parameter, Parameters, Public, Usable};

/// The image that there is.
pub(crate) const IMAGE: &str = "ami-0abcdef1234567890";

pub(crate) struct Scene {
    pub world: World,
    root: Visitor,
}

#[derive(Debug)]
struct One;

impl Usable for One {
    fn usable(&self, _: &Reader, _: AccountId, _: &str, id: &str) -> Result<bool, Fault> {
        Ok(id == IMAGE)
    }
}

impl Scene {
    pub fn new() -> Scene {
        let mut public = Public::default();
        public.image("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", IMAGE);
        public.text("/aws/service/global-infrastructure/regions/us-east-1", "us-east-1");
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(public));
        extensions.insert(Arc::new(Images(Arc::new(One))));
        let world = World::with(1, extensions);
        let root = world.root(ACCOUNT);
        Scene { world, root }
    }

    pub fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.world.call::<Op>(&self.root, input)
    }

    /// A user who may do one thing.
    pub fn user(&self, name: &str, action: &str, resource: &str) -> Visitor {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        );
        self.world.user(name, &text)
    }

    pub fn put(&self, name: &str, value: &str) {
        self.put_kind("String", name, value);
    }

    pub fn put_kind(&self, kind: &str, name: &str, value: &str) {
        let type_ = Some(kind.to_owned());
        let input =
            PutParameterRequest { name: name.into(), value: value.into(), type_, ..Default::default() };
        self.call::<PutParameter>(input).unwrap();
    }

    pub fn overwrite(&self, name: &str, value: &str) {
        let overwrite = Some(true);
        let input =
            PutParameterRequest { name: name.into(), value: value.into(), overwrite, ..Default::default() };
        self.call::<PutParameter>(input).unwrap();
    }

    pub fn label(&self, name: &str, version: i64, label: &str) {
        let parameter_version = Some(version);
        let input =
            LabelParameterVersionRequest { name: name.into(), parameter_version, labels: vec![label.into()] };
        self.call::<LabelParameterVersion>(input).unwrap();
    }

    pub fn tag(&self, name: &str, key: &str, value: &str) {
        let input = AddTagsToResourceRequest {
            resource_type: "Parameter".into(),
            resource_id: name.into(),
            tags: vec![Tag { key: key.into(), value: value.into() }],
        };
        self.call::<AddTagsToResource>(input).unwrap();
    }

    pub fn get(&self, name: &str) -> Result<model::Parameter, Fault> {
        let input = GetParameterRequest { name: name.into(), with_decryption: None };
        self.call::<GetParameter>(input).map(|answer| answer.parameter.unwrap())
    }

    pub fn get_decrypted(&self, name: &str) -> Result<model::Parameter, Fault> {
        let input = GetParameterRequest { name: name.into(), with_decryption: Some(true) };
        self.call::<GetParameter>(input).map(|answer| answer.parameter.unwrap())
    }

    /// As a user who may read this.
    pub fn get_as(&self, user: &str, resource: &str, name: &str) -> Result<model::Parameter, Fault> {
        let visitor = self.user(user, "ssm:GetParameter", resource);
        let input = GetParameterRequest { name: name.into(), with_decryption: None };
        self.world.call::<GetParameter>(&visitor, input).map(|answer| answer.parameter.unwrap())
    }

    pub fn stored(&self, name: &str) -> Parameter {
        self.world.store.read().unwrap().get::<Parameters>(&(ACCOUNT, REGION, name)).unwrap().unwrap()
    }
}
