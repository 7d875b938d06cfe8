//! A world with a product provider, for tests of delegation requests.

use rolecall_base::{AccountId, Fault};
use rolecall_door::{Operation, Visitor};
use rolecall_identity::records::{PolicyTemplate, PolicyTemplates};

use crate::model::*;
use crate::scene::Scene;

const TEMPLATE: &str = "arn:aws:iam::222222222222:policy-template/reader";
const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::@{bucketName}/*"}]}"#;

pub(crate) struct Delegations {
    pub scene: Scene,
    pub provider_account: AccountId,
    pub provider: Visitor,
    /// The root user of a third account.
    pub stranger: Visitor,
}

impl Delegations {
    pub fn new() -> Delegations {
        let scene = Scene::new();
        let [provider_account, third] = ["222222222222", "333333333333"].map(|n| n.parse().unwrap());
        scene.world.account(provider_account);
        scene.world.account(third);
        scene.world.write(|tx| {
            let template = PolicyTemplate {
                partner: provider_account,
                partner_name: "Provider".into(),
                document: DOCUMENT.into(),
            };
            Ok(tx.put::<PolicyTemplates>(&TEMPLATE.to_owned(), &template)?)
        });
        let (provider, stranger) = (scene.world.root(provider_account), scene.world.root(third));
        Delegations { scene, provider_account, provider, stranger }
    }

    pub fn input(&self) -> CreateDelegationRequestRequest {
        let bucket = PolicyParameter {
            name: Some("bucketName".into()),
            values: Some(vec!["pics".into()]),
            type_: Some("string".into()),
        };
        CreateDelegationRequestRequest {
            description: "Sets up".into(),
            permissions: DelegationPermission {
                policy_template_arn: Some(TEMPLATE.into()),
                parameters: Some(vec![bucket]),
            },
            requestor_workflow_id: "workflow-1".into(),
            notification_channel: "arn:aws:sns:us-east-1:222222222222:topic".into(),
            session_duration: 3_600,
            ..Default::default()
        }
    }

    pub fn create(&self, change: impl FnOnce(&mut CreateDelegationRequestRequest)) -> Result<String, Fault> {
        let mut input = self.input();
        change(&mut input);
        let made = self.scene.world.call::<CreateDelegationRequest>(&self.provider, input)?;
        Ok(made.delegation_request_id.unwrap())
    }

    /// A request; answers its id.
    pub fn request(&self, change: impl FnOnce(&mut CreateDelegationRequestRequest)) -> String {
        self.create(change).unwrap()
    }

    pub fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.scene.call::<Op>(input)
    }

    pub fn user(&self, name: &str, action: &str) -> Visitor {
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
        );
        self.scene.world.user(name, &policy)
    }

    pub fn get(&self, id: &str) -> Result<DelegationRequest, Fault> {
        self.get_by(&self.scene.root, id)
    }

    pub fn get_by(&self, visitor: &Visitor, id: &str) -> Result<DelegationRequest, Fault> {
        let input = GetDelegationRequestRequest { delegation_request_id: id.into(), ..Default::default() };
        let got = self.scene.world.call::<GetDelegationRequest>(visitor, input)?;
        Ok(got.delegation_request.unwrap())
    }

    pub fn associate(&self, visitor: &Visitor, id: &str) -> Result<(), Fault> {
        let input = AssociateDelegationRequestRequest { delegation_request_id: id.into() };
        self.scene.world.call::<AssociateDelegationRequest>(visitor, input).map(|_| ())
    }

    pub fn accept(&self, visitor: &Visitor, id: &str) -> Result<(), Fault> {
        let input = AcceptDelegationRequestRequest { delegation_request_id: id.into() };
        self.scene.world.call::<AcceptDelegationRequest>(visitor, input).map(|_| ())
    }

    pub fn send(&self, visitor: &Visitor, id: &str) -> Result<(), Fault> {
        let input = SendDelegationTokenRequest { delegation_request_id: id.into() };
        self.scene.world.call::<SendDelegationToken>(visitor, input).map(|_| ())
    }
}
