//! DescribeHandshake: a handshake, to either side of it.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::handshakes;
use crate::model::{DescribeHandshake, DescribeHandshakeRequest, DescribeHandshakeResponse};

impl Operation for DescribeHandshake {
    type Access = Read;

    fn needs(input: &DescribeHandshakeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let handshake = handshakes::asked(at, &input.handshake_id)?;
        Ok(Needs::action(organizations::DescribeHandshake).on(&handshake).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeHandshakeResponse, Fault> {
        let db = req.db()?;
        let handshake = handshakes::get(db, &req.input.handshake_id)?;
        if !handshakes::concerns(&handshake, req.account()) || handshakes::is_gone(&handshake, req.now) {
            return Err(handshakes::absent());
        }
        Ok(DescribeHandshakeResponse { handshake: Some(handshakes::shown(db, &handshake, req.now)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_unknown_handshake_is_not_found() {
        let input = DescribeHandshakeRequest { handshake_id: "h-00000000".into() };
        check_fault(Scene::new().call::<DescribeHandshake>(input), "HandshakeNotFoundException");
    }
}
