//! DescribeLaunchTemplateVersions: one template's versions, or the latest or default ones of all templates.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::image_parameters;
use crate::model::{
    DescribeLaunchTemplateVersions, DescribeLaunchTemplateVersionsRequest,
    DescribeLaunchTemplateVersionsResult, LaunchTemplateVersion,
};
use crate::network::rows;
use crate::paging::{Page, Turn};
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::LaunchTemplates;
use crate::templates::{self, Named};

/// Aliases that may stand for versions of all templates.
const ALIASES: [&str; 2] = ["$Latest", "$Default"];

impl Operation for DescribeLaunchTemplateVersions {
    type Access = Read;

    fn needs(input: &DescribeLaunchTemplateVersionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut needs = anywhere(ec2::DescribeLaunchTemplateVersions, at)?;
        if input.resolve_alias == Some(true) {
            let page = match page(at, input) {
                // The caller must not learn yet what is not there.
                Err(fault) if fault.status() < 500 => return Ok(needs),
                outcome => outcome?,
            };
            for own in &page.items {
                needs = needs.and(image_parameters::needs(at, own.at("image-id").as_deref())?);
            }
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeLaunchTemplateVersionsResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        let mut page = page(&req.at(), req.input)?;
        if req.input.resolve_alias == Some(true) {
            page.items.iter_mut().try_for_each(|own| templates::resolve_alias(&req.at(), &mut own.0))?;
        }
        Ok(DescribeLaunchTemplateVersionsResult {
            launch_template_versions: Some(page.items.into_iter().map(|own| own.0).collect()),
            next_token: page.next,
        })
    }
}

/// What one answer shows.
fn page(at: &At<'_>, input: &DescribeLaunchTemplateVersionsRequest) -> Result<Page<Shown>, Fault> {
    let found = pick(wanted(at, input)?, input.filters.as_deref())?;
    let turn = Turn { least: 1, greatest: 200, token: input.next_token.as_deref(), max: input.max_results };
    // A template's newest version comes first.
    turn.cut(found, |own: &Shown| {
        format!("{}/{:010}", own.text(&own.0.launch_template_id), u32::MAX - own.number())
    })
}

fn wanted(at: &At<'_>, input: &DescribeLaunchTemplateVersionsRequest) -> Result<Vec<Shown>, Fault> {
    let (place, db) = (Place::of(at), at.db()?);
    let named = Named::any(input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    let wished = input.versions.as_deref().unwrap_or_default();
    let templates = match named {
        Some(named) => vec![named.get(db, place)?],
        None if wished.is_empty() || wished.iter().any(|own| !ALIASES.contains(&own.as_str())) => {
            return Err(faults::missing("LaunchTemplateId or LaunchTemplateName"));
        }
        None => rows::<LaunchTemplates>(db, place)?,
    };
    let (least, most) = (bound(input.min_version.as_deref())?, bound(input.max_version.as_deref())?);
    let range = least.unwrap_or(0)..=most.unwrap_or(u32::MAX);
    let mut shown = Vec::new();
    for template in &templates {
        let mut versions = Vec::new();
        if wished.is_empty() {
            versions = templates::versions(db, place, &template.id)?;
        }
        for version in wished {
            versions.push(templates::version(db, place, template, version)?);
        }
        versions.sort_by_key(|own| own.number);
        versions.dedup_by_key(|own| own.number);
        for version in versions.iter().filter(|own| range.contains(&own.number)) {
            shown.push(Shown(templates::version_to_wire(template, version)?));
        }
    }
    Ok(shown)
}

fn bound(text: Option<&str>) -> Result<Option<u32>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let why = "A version is a number.";
    text.parse().map(Some).map_err(|_| faults::invalid_value(text, "version", why))
}

struct Shown(LaunchTemplateVersion);

impl Shown {
    fn text(&self, text: &Option<String>) -> String {
        text.clone().unwrap_or_default()
    }

    fn number(&self) -> u32 {
        self.0.version_number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    fn at(&self, name: &str) -> Option<String> {
        let data = self.0.launch_template_data.as_ref()?;
        let metadata = data.metadata_options.as_ref();
        match name {
            "image-id" => data.image_id.clone(),
            "instance-type" => data.instance_type.clone(),
            "kernel-id" => data.kernel_id.clone(),
            "ram-disk-id" => data.ram_disk_id.clone(),
            "ebs-optimized" => data.ebs_optimized.map(|yes| yes.to_string()),
            "http-endpoint" | "http-protocol-ipv4" => metadata?.http_endpoint.clone(),
            "http-tokens" => metadata?.http_tokens.clone(),
            "iam-instance-profile" => data.iam_instance_profile.as_ref()?.arn.clone(),
            "host-resource-group-arn" => data.placement.as_ref()?.host_resource_group_arn.clone(),
            _ => None,
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "create-time",
        "ebs-optimized",
        "host-resource-group-arn",
        "http-endpoint",
        "http-protocol-ipv4",
        "http-tokens",
        "iam-instance-profile",
        "image-id",
        "instance-type",
        "is-default-version",
        "kernel-id",
        "license-configuration-arn",
        "network-card-index",
        "ram-disk-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let data = self.0.launch_template_data.as_ref();
        match name {
            "create-time" => self.0.create_time.iter().map(|time| time.iso_millis()).collect(),
            "is-default-version" => self.0.default_version.iter().map(ToString::to_string).collect(),
            "license-configuration-arn" => {
                let list = data.and_then(|data| data.license_specifications.as_deref()).unwrap_or_default();
                list.iter().filter_map(|own| own.license_configuration_arn.clone()).collect()
            }
            "network-card-index" => {
                let list = data.and_then(|data| data.network_interfaces.as_deref()).unwrap_or_default();
                list.iter().filter_map(|own| own.network_card_index).map(|index| index.to_string()).collect()
            }
            _ => self.at(name).into_iter().collect(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::image_parameters::stand_in;
    use crate::model::*;
    use crate::scene::template;

    #[test]
    fn versions_are_found_by_number_alias_and_range() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        world.call::<CreateLaunchTemplate>(&root, template("web", "t3.micro")).unwrap();
        for kind in ["t3.small", "t3.medium"] {
            let next = CreateLaunchTemplateVersionRequest {
                launch_template_name: Some("web".into()),
                launch_template_data: template("web", kind).launch_template_data,
                ..Default::default()
            };
            world.call::<CreateLaunchTemplateVersion>(&root, next).unwrap();
        }
        let find = |change: fn(&mut DescribeLaunchTemplateVersionsRequest)| {
            let mut input = DescribeLaunchTemplateVersionsRequest {
                launch_template_name: Some("web".into()),
                ..Default::default()
            };
            change(&mut input);
            let answer = world.call::<DescribeLaunchTemplateVersions>(&root, input)?;
            let list = answer.launch_template_versions.unwrap().into_iter();
            Ok(list.map(|own| own.version_number.unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(find(|_| {}).unwrap(), [3, 2, 1]);
        let aliases = |own: &mut DescribeLaunchTemplateVersionsRequest| {
            own.versions = Some(vec!["$Default".into(), "$Latest".into()]);
        };
        assert_eq!(find(aliases).unwrap(), [3, 1]);
        assert_eq!(find(|own| own.min_version = Some("2".into())).unwrap(), [3, 2]);
        assert_eq!(find(|own| own.max_version = Some("1".into())).unwrap(), [1]);
        check_fault(
            find(|own| own.versions = Some(vec!["7".into()])),
            "InvalidLaunchTemplateId.VersionNotFound",
        );
        let all = |own: &mut DescribeLaunchTemplateVersionsRequest| {
            own.launch_template_name = None;
            own.versions = Some(vec!["$Latest".into()]);
        };
        assert_eq!(find(all).unwrap(), [3]);
        check_fault(find(|own| own.launch_template_name = None), "MissingParameter");
        let small = |own: &mut DescribeLaunchTemplateVersionsRequest| {
            let values = Some(vec!["t3.small".into()]);
            own.filters = Some(vec![Filter { name: Some("instance-type".into()), values }]);
        };
        assert_eq!(find(small).unwrap(), [2]);
    }
    #[test]
    fn the_image_behind_a_parameter_is_shown_to_who_may_read_that() {
        let world = stand_in::world();
        let root = world.root(ACCOUNT);
        let mut input = template("web", "t3.micro");
        input.launch_template_data.image_id = Some("resolve:ssm:/golden".into());
        world.call::<CreateLaunchTemplate>(&root, input).unwrap();
        let image = |visitor, resolve| {
            let input = DescribeLaunchTemplateVersionsRequest {
                launch_template_name: Some("web".into()),
                resolve_alias: resolve,
                ..Default::default()
            };
            let answer = world.call::<DescribeLaunchTemplateVersions>(visitor, input)?;
            let own = answer.launch_template_versions.unwrap().remove(0);
            Ok(own.launch_template_data.unwrap().image_id.unwrap())
        };
        assert_eq!(image(&root, None).unwrap(), "resolve:ssm:/golden");
        assert_eq!(image(&root, Some(true)).unwrap(), crate::images::DEFAULT);
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#,
        );
        assert_eq!(image(&ann, Some(false)).unwrap(), "resolve:ssm:/golden");
        check_fault(image(&ann, Some(true)), "SsmAccessDenied");
    }
}
