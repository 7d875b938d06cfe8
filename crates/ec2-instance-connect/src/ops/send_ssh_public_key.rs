//! SendSSHPublicKey: a key opens an instance for one user and one minute.

use rolecall_actions::ec2_instance_connect::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{SendSSHPublicKey, SendSSHPublicKeyRequest, SendSSHPublicKeyResponse};
use crate::pushed::{self, Pushed};
use crate::{instances, key as public_key};

impl Operation for SendSSHPublicKey {
    type Access = Write;

    fn needs(input: &SendSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let instance = instances::resource(at, &input.instance_id)?;
        let question = Needs::action(ec2_instance_connect::SendSSHPublicKey).on(&instance);
        Ok(question.key(key::Ec2Osuser, Some(&input.instance_os_user)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SendSSHPublicKeyResponse, Fault> {
        let (input, now) = (req.input, req.now);
        instances::reachable(&req.at(), &input.instance_id, input.availability_zone.as_deref())?;
        let key = Pushed {
            user: input.instance_os_user.clone(),
            line: public_key::line(&input.ssh_public_key)?,
            until: now + pushed::LIFE,
            by: req.caller.arn.clone(),
        };
        pushed::push(req.tx()?, &input.instance_id, now, &key)?;
        Ok(SendSSHPublicKeyResponse { request_id: Some(req.request_id.to_owned()), success: Some(true) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::{SendSSHPublicKey, SendSSHPublicKeyRequest};
    use crate::scene::{KEY, RUNNING, STOPPED, Scene};

    fn input(id: &str) -> SendSSHPublicKeyRequest {
        SendSSHPublicKeyRequest {
            instance_id: id.into(),
            instance_os_user: "ec2-user".into(),
            ssh_public_key: KEY.into(),
            availability_zone: None,
        }
    }

    #[test]
    fn a_key_is_there_for_a_minute_and_another_one_when_it_is_sent_again() {
        let scene = Scene::new();
        let root = scene.world.root(ACCOUNT);
        let sent = scene.world.call::<SendSSHPublicKey>(&root, input(RUNNING)).unwrap();
        assert_eq!(sent.success, Some(true));
        let found = scene.pushed(RUNNING);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.user.as_str(), only.by.as_str()), ("ec2-user", root.caller.arn.as_str()));
        scene.world.env.advance(Duration::from_secs(59));
        assert_eq!(scene.pushed(RUNNING).len(), 1);
        scene.world.call::<SendSSHPublicKey>(&root, input(RUNNING)).unwrap();
        scene.world.env.advance(Duration::from_secs(59));
        assert_eq!(scene.pushed(RUNNING).len(), 1);
        scene.world.env.advance(Duration::from_secs(1));
        assert_eq!(scene.pushed(RUNNING), []);
    }

    #[test]
    fn an_instance_that_is_not_there_or_elsewhere_or_stopped_takes_no_key() {
        let scene = Scene::new();
        let root = scene.world.root(ACCOUNT);
        let call = |input| scene.world.call::<SendSSHPublicKey>(&root, input);
        check_fault(call(input("i-0123456789abcdef9")), "EC2InstanceNotFoundException");
        check_fault(call(input(STOPPED)), "EC2InstanceStateInvalidException");
        let zoned =
            |zone: &str| SendSSHPublicKeyRequest { availability_zone: Some(zone.into()), ..input(RUNNING) };
        check_fault(call(zoned("us-east-1b")), "EC2InstanceNotFoundException");
        assert!(call(zoned("us-east-1a")).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let scene = Scene::new();
        let bad = SendSSHPublicKeyRequest { ssh_public_key: "ssh-rsa AAAA".repeat(10), ..input(RUNNING) };
        let outcome = scene.world.call::<SendSSHPublicKey>(&scene.world.root(ACCOUNT), bad);
        check_fault(outcome, "InvalidArgsException");
    }

    #[test]
    fn a_policy_may_name_the_user_and_the_instances_tags() {
        let scene = Scene::new();
        let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": "ec2-instance-connect:SendSSHPublicKey", "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringEquals": {"ec2:osuser": "ec2-user", "aws:ResourceTag/team": "a"}}}}"#;
        let ann = scene.world.user("ann", policy);
        assert!(scene.world.call::<SendSSHPublicKey>(&ann, input(RUNNING)).is_ok());
        let other = SendSSHPublicKeyRequest { instance_os_user: "root".into(), ..input(RUNNING) };
        check_fault(scene.world.call::<SendSSHPublicKey>(&ann, other), "AccessDeniedException");
        // A stranger is not told that there is none.
        let absent = input("i-0123456789abcdef9");
        check_fault(scene.world.call::<SendSSHPublicKey>(&ann, absent), "AccessDeniedException");
        assert_eq!(scene.pushed(RUNNING).len(), 1);
    }

    #[test]
    fn an_instance_takes_so_many_keys_a_minute() {
        let scene = Scene::new();
        let root = scene.world.root(ACCOUNT);
        let send = |n: usize| {
            let user = format!("user{n}");
            let named = SendSSHPublicKeyRequest { instance_os_user: user, ..input(RUNNING) };
            scene.world.call::<SendSSHPublicKey>(&root, named)
        };
        for n in 0..100 {
            send(n).unwrap();
        }
        check_fault(send(100), "ThrottlingException");
        // One of those that are there.
        send(3).unwrap();
        scene.world.env.advance(Duration::from_secs(60));
        send(100).unwrap();
        assert_eq!(scene.pushed(RUNNING).len(), 1);
    }
}
