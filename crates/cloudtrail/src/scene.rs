//! What this crate's tests begin with: a world with a log of their own making, and a bucket.

use std::sync::{Arc, Mutex};

use rolecall_base::Fault;
use rolecall_door::{Extensions, Operation, Origin, Visitor};
use rolecall_testkit::{ACCOUNT, REGION, World};

use crate::model::{CreateTrail, CreateTrailRequest, CreateTrailResponse};
use crate::{Bucket, Event, EventHistory, Found, History, Position, Search, Trail, Trails, Writable};

/// A bucket that takes trails' files.
pub(crate) const BUCKET: &str = "logs";

pub(crate) struct Scene {
    pub world: World,
    root: Visitor,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl EventHistory for Log {
    fn settle(&self) {}

    fn search(&self, search: &Search<'_>, from: Option<&Position>) -> Result<Found, Fault> {
        let lines = self.0.lock().unwrap();
        let end = from.map_or(lines.len(), |from| usize::try_from(from.offset).unwrap());
        let mut found = Found::default();
        for (n, line) in lines.iter().enumerate().take(end).rev() {
            if search.fits(&Event::read(line).unwrap()) {
                found.lines.push(line.clone());
            }
            if found.lines.len() == search.limit {
                found.next = Some(Position { segment: String::new(), offset: u64::try_from(n).unwrap() });
                break;
            }
        }
        Ok(found)
    }
}

#[derive(Debug)]
struct Answers;

impl Writable for Answers {
    fn ask(&self, trail: &Trail) -> Result<(), Fault> {
        match trail.bucket.as_str() {
            BUCKET => Ok(()),
            "closed" => Err(Fault::new("AccessDenied", 403, "")),
            _ => Err(Fault::new("NoSuchBucket", 404, "")),
        }
    }
}

impl Scene {
    pub fn new() -> Scene {
        let log = Arc::new(Log::default());
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(History(log.clone())));
        extensions.insert(Arc::new(Bucket(Arc::new(Answers))));
        let world = World::with(1, extensions);
        let root = world.root(ACCOUNT);
        Scene { world, root, log }
    }

    pub fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.world.call::<Op>(&self.root, input)
    }

    pub fn trail(&self, name: &str) -> Result<CreateTrailResponse, Fault> {
        let input =
            CreateTrailRequest { name: name.into(), s3_bucket_name: BUCKET.into(), ..Default::default() };
        self.call::<CreateTrail>(input)
    }

    /// The same, asked of another region.
    pub fn trail_in(&self, region: &str, name: &str) -> Result<CreateTrailResponse, Fault> {
        let input =
            CreateTrailRequest { name: name.into(), s3_bucket_name: BUCKET.into(), ..Default::default() };
        let call = self.world.door.call::<CreateTrail>(self.root.clone(), region, Origin::default(), input);
        self.world.run(call)
    }

    pub fn stored(&self, name: &str) -> Trail {
        self.world.store.read().unwrap().get::<Trails>(&(ACCOUNT, REGION, name)).unwrap().unwrap()
    }

    /// Adds ann's call to the log.
    pub fn record(&self, id: &str, name: &str, more: &str) {
        let (time, account) = (self.world.env.now(), ACCOUNT);
        self.log.0.lock().unwrap().push(format!(
            r#"{{"userIdentity":{{"type":"IAMUser","userName":"ann","accessKeyId":"AKIA1"}},"eventTime":"{time}",
                "eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"{REGION}",{more}"eventID":"{id}",
                "readOnly":false,"managementEvent":true,"recipientAccountId":"{account}"}}"#
        ));
    }
}
