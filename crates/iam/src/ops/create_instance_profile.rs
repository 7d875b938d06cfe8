//! CreateInstanceProfile: a new instance profile, empty.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::InstanceProfile;

use crate::entity::Target;
use crate::model::{CreateInstanceProfile, CreateInstanceProfileRequest, CreateInstanceProfileResponse};
use crate::profile;
use crate::quota::Quotas;
use crate::tags;
use crate::wire;

impl Operation for CreateInstanceProfile {
    type Access = Write;

    fn needs(input: &CreateInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let name = &input.instance_profile_name;
        let profile = Target::<InstanceProfile>::new(at.account(), input.path.as_deref(), name);
        Ok(Needs::action(iam::CreateInstanceProfile)
            .on(&profile)
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateInstanceProfileResponse, Fault> {
        let input = req.input;
        let new = InstanceProfile {
            account: req.account(),
            name: input.instance_profile_name.clone(),
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            id: req.env.unique_id("AIPA"),
            created: req.now.whole_seconds(),
            role: None,
            tags: tags::first(input.tags.as_ref(), "TagsPerInstanceProfile")?,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        profile::create(tx, &new, &quotas)?;
        Ok(CreateInstanceProfileResponse { instance_profile: wire::profile(tx, &new)? })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_new_profile_is_empty_and_its_name_taken() {
        let scene = Scene::new();
        let profile = scene.profile("p");
        assert_eq!(profile.arn, "arn:aws:iam::000000000000:instance-profile/p");
        assert!(profile.roles.is_empty() && profile.instance_profile_id.starts_with("AIPA"));
        let input = CreateInstanceProfileRequest { instance_profile_name: "P".into(), ..Default::default() };
        let message = check_fault(scene.call::<CreateInstanceProfile>(input), "EntityAlreadyExists");
        assert_eq!(message, "Instance Profile P already exists.");
    }
}
