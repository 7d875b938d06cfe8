//! SendSerialConsoleSSHPublicKey: decided and checked; then refused, as no instance here has a serial console.

use rolecall_actions::ec2_instance_connect;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    SendSerialConsoleSSHPublicKey, SendSerialConsoleSSHPublicKeyRequest,
    SendSerialConsoleSSHPublicKeyResponse, fault,
};
use crate::{instances, key};

impl Operation for SendSerialConsoleSSHPublicKey {
    type Access = Write;

    fn needs(input: &SendSerialConsoleSSHPublicKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let instance = instances::resource(at, &input.instance_id)?;
        Ok(Needs::action(ec2_instance_connect::SendSerialConsoleSSHPublicKey).on(&instance).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SendSerialConsoleSSHPublicKeyResponse, Fault> {
        let target = instances::reachable(&req.at(), &req.input.instance_id, None)?;
        key::line(&req.input.ssh_public_key)?;
        if target.serial_console {
            let text = "Instances of Rolecall have no serial console. Connect by SSH instead.";
            return Err(fault::serial_console_session_unsupported(text));
        }
        Err(fault::serial_console_access_disabled(
            "Your account is not authorized to use the EC2 Serial Console. To authorize your account, run the \
             EnableSerialConsoleAccess API. For more information, see \
             https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableSerialConsoleAccess.html in the Amazon \
             EC2 API Reference.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::{SendSerialConsoleSSHPublicKey, SendSerialConsoleSSHPublicKeyRequest};
    use crate::scene::{KEY, RUNNING, Scene};

    #[test]
    fn there_are_no_serial_consoles_whether_switched_on_or_not() {
        let call = |scene: &Scene, id: &str| {
            let input = SendSerialConsoleSSHPublicKeyRequest {
                instance_id: id.into(),
                ssh_public_key: KEY.into(),
                serial_port: None,
            };
            scene.world.call::<SendSerialConsoleSSHPublicKey>(&scene.world.root(ACCOUNT), input)
        };
        let (off, on) = (Scene::new(), Scene::with_serial_console());
        check_fault(call(&off, RUNNING), "SerialConsoleAccessDisabledException");
        check_fault(call(&on, RUNNING), "SerialConsoleSessionUnsupportedException");
        check_fault(call(&on, "i-0123456789abcdef9"), "EC2InstanceNotFoundException");
    }
}
