//! CreateVirtualMFADevice: a new seed, shown this once as text and as a QR code. It is nobody's until EnableMFADevice.

use rolecall_actions::iam::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{MfaDevice, MfaDevices};
use rolecall_identity::second_factor;

use crate::model::{
    self, CreateVirtualMFADevice, CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse, fault,
};
use crate::{account_alias, mfa, qr_code, quota, tags};

impl Operation for CreateVirtualMFADevice {
    type Access = Write;

    fn needs(input: &CreateVirtualMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (account, path) = (at.account(), input.path.as_deref().unwrap_or("/"));
        let serial = format!("arn:aws:iam::{account}:mfa{path}{}", input.virtual_mfa_device_name);
        Ok(Needs::action(iam::CreateVirtualMFADevice)
            .on(&ByArn::<kind::Mfa>::new(serial, account))
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateVirtualMFADeviceResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let mut device = MfaDevice {
            account,
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            name: input.virtual_mfa_device_name.clone(),
            created: req.now.whole_seconds(),
            sealed_seed: Vec::new(),
            tags: tags::first(input.tags.as_ref(), "TagsPerMFADevice")?,
            owner: None,
            enabled: None,
            drift: 0,
            last_step: 0,
        };
        let serial = device.serial();
        if serial.chars().count() > SERIAL {
            let text = format!("The device's serial number would be longer than {SERIAL} characters.");
            return Err(Fault::validation(text));
        }
        let (sealed, seed) = second_factor::new_seed(req.env, &req.identity.vault, &serial)?;
        device.sealed_seed = sealed;
        let tx = req.tx()?;
        if tx.exists::<MfaDevices>(&device.key())? {
            return Err(fault::entity_already_exists(
                "MFADevice entity at the same path and name already exists.",
            ));
        }
        quota::room("MFADevices", tx.count::<MfaDevices>(&(account,))?, quota::MFA_DEVICES)?;
        mfa::put(tx, &device)?;
        let account_name = account_alias::read(tx, account)?.alias.unwrap_or_else(|| account.to_string());
        let picture = qr_code::png(&qr_code::address(&device.name, &account_name, &seed))?;
        Ok(CreateVirtualMFADeviceResponse {
            virtual_mfa_device: model::VirtualMFADevice {
                serial_number: serial,
                base32_string_seed: Some(seed.as_bytes().to_vec()),
                qr_code_png: Some(picture),
                tags: tags::to_wire(&device.tags),
                ..model::VirtualMFADevice::default()
            },
        })
    }
}

/// Characters of a serial number, which other operations take: the model limits neither path nor name below it.
const SERIAL: usize = 256;

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_device_has_a_seed_and_a_picture_that_no_list_shows() {
        let scene = Scene::new();
        let input = CreateVirtualMFADeviceRequest {
            path: Some("/team/".into()),
            virtual_mfa_device_name: "ann".into(),
            tags: Some(vec![Tag { key: "a".into(), value: "1".into() }]),
        };
        let device = scene.call::<CreateVirtualMFADevice>(input.clone()).unwrap().virtual_mfa_device;
        assert_eq!(device.serial_number, "arn:aws:iam::000000000000:mfa/team/ann");
        let seed = device.base32_string_seed.unwrap();
        assert!(seed.len() == 64 && seed.iter().all(|c| matches!(c, b'A'..=b'Z' | b'2'..=b'7')));
        assert!(device.qr_code_png.unwrap().starts_with(b"\x89PNG"));
        let text = check_fault(scene.call::<CreateVirtualMFADevice>(input), "EntityAlreadyExists");
        assert_eq!(text, "MFADevice entity at the same path and name already exists.");
        let all = scene.call::<ListVirtualMFADevices>(Default::default()).unwrap().virtual_mfa_devices;
        assert_eq!((all.len(), &all[0].base32_string_seed, &all[0].user), (1, &None, &None));
    }

    #[test]
    fn a_name_is_as_long_as_a_serial_number_may_be() {
        let scene = Scene::new();
        let create = |length: usize| {
            let input = CreateVirtualMFADeviceRequest {
                virtual_mfa_device_name: "n".repeat(length),
                ..Default::default()
            };
            scene.call::<CreateVirtualMFADevice>(input)
        };
        let longest = 256 - "arn:aws:iam::000000000000:mfa/".len();
        check_fault(create(longest + 1), "ValidationError");
        create(longest).unwrap();
    }

    #[test]
    fn the_seed_is_neither_in_the_store_nor_in_the_audit_log() {
        let scene = Scene::new();
        let (_, seed) = scene.device("ann");
        let db = scene.world.store.read().unwrap();
        let rows = db.scan::<rolecall_identity::records::MfaDevices>(&(), None, 10).unwrap();
        assert_eq!(rows.len(), 1);
        let sealed = &rows[0].1.sealed_seed;
        assert!(!sealed.windows(8).any(|bytes| seed.windows(8).any(|part| part == bytes)));
        let records = scene.records();
        let seed = String::from_utf8(seed).unwrap();
        assert!(records.contains("CreateVirtualMFADevice") && !records.contains(&seed), "{records}");
        let (serial, seed) = scene.device("other");
        scene.user("ann");
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        assert!(!scene.records().contains(&scene.code(&seed, 0)));
    }
}
