//! DeleteLaunchTemplateVersions: each version goes or has its error; the default one stays.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    DeleteLaunchTemplateVersions, DeleteLaunchTemplateVersionsRequest,
    DeleteLaunchTemplateVersionsResponseErrorItem, DeleteLaunchTemplateVersionsResponseSuccessItem,
    DeleteLaunchTemplateVersionsResult, ResponseError,
};
use crate::place::Place;
use crate::records::{LaunchTemplate, LaunchTemplateVersions, LaunchTemplates};
use crate::templates::{self, Named};

/// Versions of one call.
const MOST: usize = 200;

impl Operation for DeleteLaunchTemplateVersions {
    type Access = Write;

    fn needs(input: &DeleteLaunchTemplateVersionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        Ok(templates::on_template(ec2::DeleteLaunchTemplateVersions, at, id, name)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteLaunchTemplateVersionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        let mut row = Named::of(id, name)?.get(req.db()?, place)?;
        if input.versions.is_empty() {
            return Err(faults::missing("LaunchTemplateVersion"));
        }
        if input.versions.len() > MOST {
            let text = format!("At most {MOST} launch template versions can be deleted in one request.");
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for version in &input.versions {
            match delete(req, place, &row, version) {
                Ok(number) => gone.push(DeleteLaunchTemplateVersionsResponseSuccessItem {
                    launch_template_id: Some(row.id.clone()),
                    launch_template_name: Some(row.name.clone()),
                    version_number: Some(number.into()),
                }),
                Err(Refused::Fault(fault)) => return Err(fault),
                Err(Refused::Item { code, message }) => {
                    kept.push(DeleteLaunchTemplateVersionsResponseErrorItem {
                        launch_template_id: Some(row.id.clone()),
                        launch_template_name: Some(row.name.clone()),
                        version_number: version.parse().ok(),
                        response_error: Some(ResponseError {
                            code: Some(code.to_owned()),
                            message: Some(message),
                        }),
                    });
                }
            }
        }
        let left = templates::versions(req.db()?, place, &row.id)?;
        row.latest = left.last().map_or(row.default, |own| own.number);
        req.tx()?.put::<LaunchTemplates>(&place.key(&row.id), &row)?;
        Ok(DeleteLaunchTemplateVersionsResult {
            successfully_deleted_launch_template_versions: Some(gone),
            unsuccessfully_deleted_launch_template_versions: Some(kept),
        })
    }
}

/// Why a version stays.
enum Refused {
    Item { code: &'static str, message: String },
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for Refused {
    fn from(fault: E) -> Refused {
        Refused::Fault(fault.into())
    }
}

fn delete(
    req: &mut Authorized<'_, DeleteLaunchTemplateVersions>,
    place: Place<'_>,
    template: &LaunchTemplate,
    version: &str,
) -> Result<u32, Refused> {
    let missing = || Refused::Item {
        code: "launchTemplateVersionDoesNotExist",
        message: format!("Could not find launch template version {version} of {}.", template.id),
    };
    let number: u32 = version.parse().map_err(|_| missing())?;
    let key = (place.account, place.region, template.id.as_str(), number);
    let row = req.db()?.get::<LaunchTemplateVersions>(&key)?.ok_or_else(missing)?;
    if number == template.default {
        let message = "You can't delete the default version of a launch template.".to_owned();
        return Err(Refused::Item { code: "unexpectedError", message });
    }
    templates::delete_version(req.tx()?, place, &template.id, &row)?;
    Ok(number)
}
