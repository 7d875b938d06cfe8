//! LookupEvents: management events of the last 90 days in this account and region, newest first.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_actions::cloudtrail;
use rolecall_base::{Fault, Time};
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use serde::{Deserialize, Serialize};

use crate::history::{Attribute, History, Position, Search};
use crate::model::{
    Event, LookupAttribute, LookupEvents, LookupEventsRequest, LookupEventsResponse, Resource, fault,
};

const DAYS_90: Duration = Duration::from_secs(90 * 86_400);
/// Events of one answer.
const MOST: i32 = 50;

impl Operation for LookupEvents {
    type Access = Read;

    fn needs(_input: &LookupEventsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::LookupEvents).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<LookupEventsResponse, Fault> {
        let input = req.input;
        let limit = input.max_results.unwrap_or(MOST);
        if !(1..=MOST).contains(&limit) {
            let text = format!("A maximum of {MOST} results can be returned.");
            return Err(fault::invalid_max_results(text));
        }
        let (start, end) = (input.start_time.unwrap_or_default(), input.end_time.unwrap_or(req.now));
        if start > end {
            return Err(fault::invalid_time_range("The start time must not be after the end time."));
        }
        if input.event_category.as_deref() == Some("insight") {
            // Nothing here derives insights.
            return Ok(LookupEventsResponse { events: Some(Vec::new()), next_token: None });
        }
        let oldest = Time::from_millis(req.now.millis().saturating_sub(millis(DAYS_90)));
        let search = Search {
            account: req.account(),
            region: req.region,
            start: start.max(oldest).whole_seconds(),
            end: end.whole_seconds(),
            attribute: attribute(input.lookup_attributes.as_deref())?,
            limit: usize::try_from(limit).unwrap_or(0),
        };
        let asked = question(input);
        let from = input.next_token.as_deref().map(|token| open(token, &asked)).transpose()?;
        let history = req.extensions.get::<History>()?;
        if from.is_none() {
            history.0.settle();
        }
        let found = history.0.search(&search, from.as_ref())?;
        let mut events: Vec<_> = found.lines.into_iter().filter_map(shown).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.event_time));
        let next_token = found.next.map(|position| close(&position, &asked));
        Ok(LookupEventsResponse { events: Some(events), next_token })
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn attribute(given: Option<&[LookupAttribute]>) -> Result<Option<Attribute<'_>>, Fault> {
    let invalid = |text: &str| Err(fault::invalid_lookup_attributes(text));
    let LookupAttribute { attribute_key: key, attribute_value: value } = match given.unwrap_or_default() {
        [] => return Ok(None),
        [one] => one,
        _ => return invalid("You can only specify one attribute key/value pair."),
    };
    if value.is_empty() || value.chars().count() > 2000 {
        return invalid("The attribute's value must have 1 to 2000 characters.");
    }
    Ok(Some(match key.as_str() {
        "EventId" => Attribute::EventId(value),
        "EventName" => Attribute::EventName(value),
        "ReadOnly" => match value.as_str() {
            "true" => Attribute::ReadOnly(true),
            "false" => Attribute::ReadOnly(false),
            _ => return invalid("The value of ReadOnly is true or false."),
        },
        "Username" => Attribute::Username(value),
        "ResourceType" => Attribute::ResourceType(value),
        "ResourceName" => Attribute::ResourceName(value),
        "EventSource" => Attribute::EventSource(value),
        "AccessKeyId" => Attribute::AccessKeyId(value),
        _ => return invalid("The attribute's key is not known."),
    }))
}

fn shown(line: String) -> Option<Event> {
    let event = crate::Event::read(&line)?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let resources = event
        .resources()
        .into_iter()
        .map(|(kind, name)| Resource { resource_type: Some(kind.to_owned()), resource_name: Some(name) });
    Some(Event {
        event_id: some(event.id()),
        event_name: some(event.name()),
        read_only: Some(event.read_only().to_string()),
        access_key_id: some(event.access_key()),
        event_time: Some(event.time()),
        event_source: some(event.source()),
        username: some(event.user()),
        resources: Some(resources.collect()),
        cloud_trail_event: Some(line),
    })
}

/// Where a listing goes on, and of what question.
#[derive(Serialize, Deserialize)]
struct Token {
    segment: String,
    offset: u64,
    asked: String,
}

/// What must be the same from page to page.
fn question(input: &LookupEventsRequest) -> String {
    let attributes = input.lookup_attributes.iter().flatten();
    let attributes: Vec<_> = attributes.map(|a| (&a.attribute_key, &a.attribute_value)).collect();
    format!("{:?} {:?} {attributes:?}", input.start_time, input.end_time)
}

fn close(position: &Position, asked: &str) -> String {
    let token = Token { segment: position.segment.clone(), offset: position.offset, asked: asked.to_owned() };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn open(token: &str, asked: &str) -> Result<Position, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let token: Option<Token> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match token {
        Some(token) if token.asked == asked => Ok(Position { segment: token.segment, offset: token.offset }),
        _ => Err(fault::invalid_next_token("The token is invalid, or was given for another question.")),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    fn by(key: &str, value: &str) -> LookupEventsRequest {
        let attribute = LookupAttribute { attribute_key: key.into(), attribute_value: value.into() };
        LookupEventsRequest { lookup_attributes: Some(vec![attribute]), ..Default::default() }
    }

    fn ids(scene: &Scene, input: LookupEventsRequest) -> Vec<String> {
        let events = scene.call::<LookupEvents>(input).unwrap().events.unwrap();
        events.into_iter().map(|event| event.event_id.unwrap()).collect()
    }

    #[test]
    fn every_attribute_finds_its_event() {
        let scene = Scene::new();
        scene.record("e1", "CreateRole", r#""requestParameters":{"roleName":"r"},"#);
        scene.record("e2", "GetUser", "");
        for (key, value) in [
            ("EventId", "e1"),
            ("EventName", "CreateRole"),
            ("ResourceName", "r"),
            ("ResourceType", "AWS::IAM::Role"),
        ] {
            assert_eq!(ids(&scene, by(key, value)), ["e1"], "{key}");
        }
        for (key, value) in [
            ("ReadOnly", "false"),
            ("Username", "ann"),
            ("EventSource", "iam.amazonaws.com"),
            ("AccessKeyId", "AKIA1"),
        ] {
            assert_eq!(ids(&scene, by(key, value)), ["e2", "e1"], "{key}");
        }
        assert!(ids(&scene, by("ReadOnly", "true")).is_empty());
    }

    #[test]
    fn an_event_shows_its_record_and_its_resources() {
        let scene = Scene::new();
        scene.record("e1", "CreateRole", r#""requestParameters":{"roleName":"r"},"#);
        let event = scene.call::<LookupEvents>(by("EventId", "e1")).unwrap().events.unwrap().remove(0);
        assert_eq!(event.username.as_deref(), Some("ann"));
        let resource = event.resources.unwrap().remove(0);
        assert_eq!(resource.resource_type.as_deref(), Some("AWS::IAM::Role"));
        assert!(event.cloud_trail_event.unwrap().contains(r#""eventID":"e1""#));
    }

    #[test]
    fn pages_follow_each_other_and_a_token_fits_its_question_only() {
        let scene = Scene::new();
        for n in 0..5 {
            scene.record(&format!("e{n}"), "GetUser", "");
        }
        let (mut token, mut seen) = (None, Vec::new());
        loop {
            let input = LookupEventsRequest {
                max_results: Some(2),
                next_token: token.clone(),
                ..by("EventName", "GetUser")
            };
            let answer = scene.call::<LookupEvents>(input).unwrap();
            seen.extend(answer.events.unwrap().into_iter().map(|event| event.event_id.unwrap()));
            if answer.next_token.is_none() {
                break;
            }
            token = answer.next_token;
        }
        assert_eq!(seen, ["e4", "e3", "e2", "e1", "e0"]);
        let other = LookupEventsRequest { next_token: token, ..by("EventName", "GetRole") };
        check_fault(scene.call::<LookupEvents>(other), "InvalidNextTokenException");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let scene = Scene::new();
        let mut two = by("EventId", "a");
        two.lookup_attributes = two.lookup_attributes.map(|list| [list.clone(), list].concat());
        check_fault(scene.call::<LookupEvents>(two), "InvalidLookupAttributesException");
        check_fault(scene.call::<LookupEvents>(by("ReadOnly", "yes")), "InvalidLookupAttributesException");
        let backwards = LookupEventsRequest {
            start_time: Some(Time::from_seconds(2)),
            end_time: Some(Time::from_seconds(1)),
            ..Default::default()
        };
        check_fault(scene.call::<LookupEvents>(backwards), "InvalidTimeRangeException");
    }

    #[test]
    fn insights_are_none() {
        let scene = Scene::new();
        scene.record("e1", "CreateRole", "");
        let input = LookupEventsRequest { event_category: Some("insight".into()), ..Default::default() };
        assert!(ids(&scene, input).is_empty());
    }
}
