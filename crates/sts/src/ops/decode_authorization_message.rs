//! DecodeAuthorizationMessage: what EC2's encoded denial says.

use rolecall_actions::sts;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read, decode_authorization_message};

use crate::model::{
    DecodeAuthorizationMessage, DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse,
};

impl Operation for DecodeAuthorizationMessage {
    type Access = Read;

    fn needs(_input: &DecodeAuthorizationMessageRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(sts::DecodeAuthorizationMessage).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DecodeAuthorizationMessageResponse, Fault> {
        let plain =
            decode_authorization_message(&req.identity.vault, req.account(), &req.input.encoded_message)?;
        Ok(DecodeAuthorizationMessageResponse { decoded_message: Some(plain) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;

    #[test]
    fn what_we_did_not_encode_is_refused() {
        let world = World::new(1);
        for text in ["", "abc", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let input = DecodeAuthorizationMessageRequest { encoded_message: text.into() };
            let outcome = world.call::<DecodeAuthorizationMessage>(&world.root(ACCOUNT), input);
            assert!(outcome.is_err(), "{text}");
        }
    }

    #[test]
    fn it_needs_its_permission() {
        let world = World::new(1);
        let input = DecodeAuthorizationMessageRequest { encoded_message: "abc".into() };
        check_fault(world.call::<DecodeAuthorizationMessage>(&world.user("ann", ""), input), "AccessDenied");
    }
}
