//! DescribeKeyPairs: public keys by name or id.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{DescribeKeyPairs, DescribeKeyPairsRequest, DescribeKeyPairsResult, KeyPairInfo};
use crate::network::rows;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{KeyPair, KeyPairs};
use crate::tags;

impl Operation for DescribeKeyPairs {
    type Access = Read;

    fn needs(_: &DescribeKeyPairsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeKeyPairs, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeKeyPairsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let names = input.key_names.as_deref().unwrap_or_default();
        let ids = input.key_pair_ids.as_deref().unwrap_or_default();
        let all = rows::<KeyPairs>(req.db()?, place)?;
        if let Some(missing) = names.iter().find(|name| !all.iter().any(|key| key.name == **name)) {
            return Err(faults::no_key_pair(missing));
        }
        if let Some(missing) = ids.iter().find(|id| !all.iter().any(|key| key.id == **id)) {
            return Err(faults::no_key_pair(missing));
        }
        let mut found = Vec::new();
        for key in all {
            let wanted =
                (names.is_empty() && ids.is_empty()) || names.contains(&key.name) || ids.contains(&key.id);
            if wanted {
                let tags = tags::of(req.db()?, place, &key.id)?;
                found.push(Tagged { key, tags });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let public = input.include_public_key == Some(true);
        let key_pairs = found.iter().map(|own| own.to_wire(public)).collect();
        Ok(DescribeKeyPairsResult { key_pairs: Some(key_pairs) })
    }
}

struct Tagged {
    key: KeyPair,
    tags: Tags,
}

impl Tagged {
    fn to_wire(&self, public: bool) -> KeyPairInfo {
        let KeyPair { name, id, key_type, public_key, fingerprint, created, .. } = &self.key;
        KeyPairInfo {
            key_pair_id: Some(id.clone()),
            key_type: Some(key_type.word().to_owned()),
            tags: tags::to_wire(&self.tags),
            public_key: public.then(|| format!("{public_key} {name}")),
            create_time: Some(*created),
            key_name: Some(name.clone()),
            key_fingerprint: Some(fingerprint.clone()),
        }
    }
}

impl Filtered for Tagged {
    const NAMES: &'static [&'static str] = &["fingerprint", "key-name", "key-pair-id"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "fingerprint" => self.key.fingerprint.clone(),
            "key-name" => self.key.name.clone(),
            _ => self.key.id.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
