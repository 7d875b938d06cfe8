//! GetServiceLastAccessedDetailsWithEntities: a report of last accessed services, entity by entity for one service.

use std::cmp::Reverse;

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access_report;
use crate::model::{
    EntityDetails, EntityInfo, GetServiceLastAccessedDetailsWithEntities,
    GetServiceLastAccessedDetailsWithEntitiesRequest, GetServiceLastAccessedDetailsWithEntitiesResponse,
};
use crate::page::Window;

impl Operation for GetServiceLastAccessedDetailsWithEntities {
    type Access = Read;

    fn needs(
        _input: &GetServiceLastAccessedDetailsWithEntitiesRequest,
        _at: &At<'_>,
    ) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetServiceLastAccessedDetailsWithEntities).anywhere().done())
    }

    fn run(
        req: &mut Authorized<'_, Self>,
    ) -> Result<GetServiceLastAccessedDetailsWithEntitiesResponse, Fault> {
        let input = req.input;
        let by = &req.caller.principal_id;
        let (created, report) = access_report::find(req.db()?, req.account(), by, &input.job_id)?;
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let service = report.services.iter().find(|row| row.namespace == input.service_namespace);
        let uses = service.map(|row| row.uses.as_slice()).unwrap_or_default();
        let mut all: Vec<EntityDetails> = Vec::new();
        for (place, entity) in report.entities.iter().enumerate().filter(|_| service.is_some()) {
            all.push(EntityDetails {
                entity_info: EntityInfo {
                    arn: entity.arn.clone(),
                    name: entity.name.clone(),
                    type_: entity.kind.clone(),
                    id: entity.id.clone(),
                    path: Some(entity.path.clone()),
                },
                last_authenticated: uses.iter().find(|used| used.entity == place).map(|used| used.time),
            });
        }
        all.sort_by_key(|details| Reverse(details.last_authenticated));
        let page = window.cut(all.into_iter().enumerate().map(|(at, details)| (format!("{at:06}"), details)));
        Ok(GetServiceLastAccessedDetailsWithEntitiesResponse {
            job_status: "COMPLETED".to_owned(),
            job_creation_date: created,
            job_completion_date: created,
            is_truncated: page.is_truncated(),
            marker: page.marker,
            entity_details_list: page.items,
            error: None,
        })
    }
}
