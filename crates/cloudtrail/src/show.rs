//! Trails and selectors as answers show them, and what every request about a trail is held to.

use rolecall_base::{Arn, Fault};
use rolecall_door::Resource;

use crate::model::{self, fault};
use crate::records::Trail;
use crate::selectors::{Condition, Selectors};
use crate::target::Target;

/// Answers of CreateTrail and UpdateTrail, and `Trail` itself, have these members alike.
macro_rules! facts {
    ($answer:ident, $trail:expr) => {
        $answer {
            name: Some($trail.name.clone()),
            s3_bucket_name: Some($trail.bucket.clone()),
            s3_key_prefix: $trail.prefix.clone(),
            include_global_service_events: Some($trail.global),
            is_multi_region_trail: Some($trail.multi_region),
            trail_arn: Some($trail.arn()),
            log_file_validation_enabled: Some($trail.digests),
            is_organization_trail: Some($trail.organization.is_some()),
            ..Default::default()
        }
    };
}
pub(crate) use facts;

/// Members of CreateTrail and UpdateTrail that ask for what this server does not have.
macro_rules! refuse {
    ($input:expr) => {
        $crate::show::refuse_asked(&[
            ($input.sns_topic_name.as_deref().is_some_and(|text| !text.is_empty()), "SnsTopicName"),
            (
                $input.cloud_watch_logs_log_group_arn.as_deref().is_some_and(|text| !text.is_empty()),
                "CloudWatchLogsLogGroupArn",
            ),
            (
                $input.cloud_watch_logs_role_arn.as_deref().is_some_and(|text| !text.is_empty()),
                "CloudWatchLogsRoleArn",
            ),
            ($input.kms_key_id.as_deref().is_some_and(|text| !text.is_empty()), "KmsKeyId"),
            ($input.recursive_logging == Some(true), "RecursiveLogging"),
        ])
    };
}
pub(crate) use refuse;

pub(crate) fn refuse_asked(asked: &[(bool, &str)]) -> Result<(), Fault> {
    match asked.iter().find(|(is_asked, _)| *is_asked) {
        None => Ok(()),
        Some((_, member)) => {
            let text = format!("{member} is not supported by this server.");
            Err(fault::unsupported_operation(text))
        }
    }
}

/// Holds a trail to what its members may be together.
pub(crate) fn check(trail: &Trail) -> Result<(), Fault> {
    if trail.multi_region && !trail.global {
        let text = "Multi-Region trail must include global service events.";
        return Err(fault::invalid_parameter_combination(text));
    }
    if trail.prefix.as_ref().is_some_and(|prefix| prefix.len() > 200) {
        return Err(fault::invalid_s3_prefix("S3 prefix is longer than maximum length (200)."));
    }
    let fits = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if trail.prefix.as_ref().is_some_and(|prefix| prefix.starts_with('/') || !prefix.bytes().all(fits)) {
        return Err(fault::invalid_s3_prefix("Invalid S3 prefix."));
    }
    let bucket = &trail.bucket;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(plain) {
        return Err(fault::invalid_s3_bucket_name(format!("Bucket name {bucket} is not valid.")));
    }
    Ok(())
}

pub(crate) fn trail(trail: &Trail) -> model::Trail {
    use model::Trail as Shown;
    Shown {
        home_region: Some(trail.region.clone()),
        has_custom_event_selectors: Some(trail.selectors.is_some()),
        has_insight_selectors: Some(false),
        ..facts!(Shown, trail)
    }
}

/// Basic and advanced selectors: one of the two.
pub(crate) fn selectors(
    selectors: &Selectors,
) -> (Option<Vec<model::EventSelector>>, Option<Vec<model::AdvancedEventSelector>>) {
    match selectors {
        Selectors::Basic(all) => {
            let shown = all.iter().map(|basic| model::EventSelector {
                read_write_type: Some(basic.read_write.clone()),
                include_management_events: Some(basic.management),
                data_resources: Some(
                    basic
                        .data
                        .iter()
                        .map(|data| model::DataResource {
                            type_: Some(data.kind.clone()),
                            values: Some(data.values.clone()),
                        })
                        .collect(),
                ),
                exclude_management_event_sources: Some(basic.exclude.clone()),
            });
            (Some(shown.collect()), None)
        }
        Selectors::Advanced(all) => {
            let shown = all.iter().map(|advanced| model::AdvancedEventSelector {
                name: advanced.name.clone(),
                field_selectors: advanced.conditions.iter().map(field).collect(),
            });
            (None, Some(shown.collect()))
        }
    }
}

fn field(condition: &Condition) -> model::AdvancedFieldSelector {
    model::AdvancedFieldSelector {
        field: condition.field.clone(),
        equals: condition.equals.clone(),
        starts_with: condition.starts_with.clone(),
        ends_with: condition.ends_with.clone(),
        not_equals: condition.not_equals.clone(),
        not_starts_with: condition.not_starts_with.clone(),
        not_ends_with: condition.not_ends_with.clone(),
    }
}

/// Holds a resource id of the tagging calls to be a trail's ARN.
pub(crate) fn check_taggable(id: &str) -> Result<(), Fault> {
    let parsed = Arn::parse(id).ok().filter(|arn| arn.service == "cloudtrail");
    match parsed.map(|arn| arn.kind_and_rest().0) {
        Some("trail") => Ok(()),
        Some(_) => Err(fault::resource_type_not_supported("Tags are supported on trails only.")),
        None => Err(fault::cloud_trail_arn_invalid(format!("The trail ARN {id} is not valid."))),
    }
}

/// The trail of a tagging call.
pub(crate) fn there(target: Target) -> Result<Trail, Fault> {
    let arn = Resource::arn(&target);
    target.trail.ok_or_else(|| fault::resource_not_found(format!("The resource {arn} was not found.")))
}
