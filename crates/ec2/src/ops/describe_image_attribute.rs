//! DescribeImageAttribute: one attribute of an image of one's own.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::disk_questions::on_image;
use crate::faults;
use crate::images;
use crate::model::{
    AttributeValue, DescribeImageAttribute, DescribeImageAttributeRequest, ImageAttribute, LaunchPermission,
};
use crate::place::Place;

impl Operation for DescribeImageAttribute {
    type Access = Read;

    fn needs(input: &DescribeImageAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::DescribeImageAttribute, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ImageAttribute, Fault> {
        let image = images::own(req.db()?, Place::here(req), &req.input.image_id)?;
        faults::dry_run(req.input.dry_run)?;
        let text = |text: Option<&str>| Some(AttributeValue { value: text.map(str::to_owned) });
        let mut answer = ImageAttribute { image_id: Some(image.id.clone()), ..Default::default() };
        match req.input.attribute.as_str() {
            "description" => answer.description = text(image.description.as_deref()),
            "kernel" => answer.kernel_id = text(None),
            "ramdisk" => answer.ramdisk_id = text(None),
            "launchPermission" => answer.launch_permissions = Some(permissions(&image)),
            "productCodes" => answer.product_codes = Some(Vec::new()),
            // Documented as what AWS answers since it is deprecated; DescribeImages tells of disks.
            "blockDeviceMapping" => {
                let text = "Unauthorized attempt to access restricted resource";
                return Err(faults::other("AuthFailure", text.to_owned()));
            }
            "sriovNetSupport" => answer.sriov_net_support = text(Some("simple")),
            "bootMode" => answer.boot_mode = text(Some("uefi-preferred")),
            "tpmSupport" => answer.tpm_support = text(None),
            "imdsSupport" => answer.imds_support = text(image.tokens_required.then_some("v2.0")),
            "deregistrationProtection" => {
                let word = if image.kept { "enabled-without-cooldown" } else { "disabled" };
                answer.deregistration_protection = text(Some(word));
            }
            other => return Err(faults::unsupported(&format!("The attribute {other} of an image"))),
        }
        Ok(answer)
    }
}

fn permissions(image: &images::Image) -> Vec<LaunchPermission> {
    let all = image.public.then(|| LaunchPermission { group: Some("all".into()), ..Default::default() });
    let user = |account: &rolecall_base::AccountId| LaunchPermission {
        user_id: Some(account.to_string()),
        ..Default::default()
    };
    all.into_iter().chain(image.shared.iter().map(user)).collect()
}
