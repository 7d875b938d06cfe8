//! ListPublicKeys: what the digest files of this region are verified with.

use std::time::Duration;

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListPublicKeys, ListPublicKeysRequest, ListPublicKeysResponse, PublicKey, fault};
use crate::records::DigestKeys;

/// How long a key signs digests.
const LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Operation for ListPublicKeys {
    type Access = Read;

    fn needs(_input: &ListPublicKeysRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::ListPublicKeys).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPublicKeysResponse, Fault> {
        let input = req.input;
        let end = input.end_time.unwrap_or(req.now);
        let start = input.start_time.unwrap_or(req.now);
        if start > end {
            return Err(fault::invalid_time_range("The start time must not be after the end time."));
        }
        if input.next_token.as_ref().is_some_and(|token| !token.is_empty()) {
            return Err(fault::invalid_token("The token is not valid."));
        }
        let key = req.db()?.get::<DigestKeys>(&req.region)?;
        let key = key.filter(|key| key.created <= end && key.created + LIFE >= start);
        let shown = key.map(|key| PublicKey {
            value: Some(key.public),
            validity_start_time: Some(key.created),
            validity_end_time: Some(key.created + LIFE),
            fingerprint: Some(key.fingerprint),
        });
        Ok(ListPublicKeysResponse { public_key_list: Some(shown.into_iter().collect()), next_token: None })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::records::DigestKey;
    use crate::scene::Scene;

    #[test]
    fn the_key_of_the_region_is_shown_for_the_time_that_it_signs() {
        let scene = Scene::new();
        let now = scene.world.env.now();
        scene.world.write(|tx| {
            let key = DigestKey { fingerprint: "f".into(), public: vec![1], sealed: vec![], created: now };
            Ok(tx.put::<DigestKeys>(&"us-east-1".to_owned(), &key)?)
        });
        let list = |start, end| {
            let input = ListPublicKeysRequest { start_time: start, end_time: end, next_token: None };
            scene.call::<ListPublicKeys>(input).map(|listed| listed.public_key_list.unwrap().len())
        };
        let hour = Duration::from_secs(3600);
        assert_eq!(list(None, None).unwrap(), 1);
        assert_eq!(list(Some(now - hour), Some(now + hour)).unwrap(), 1);
        assert_eq!(list(Some(now - hour - hour), Some(now - hour)).unwrap(), 0);
        check_fault(list(Some(now + hour), Some(now)), "InvalidTimeRangeException");
    }
}
