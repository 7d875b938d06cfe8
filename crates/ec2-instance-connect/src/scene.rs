//! What this crate's tests begin with: two instances, one of which runs.

use std::sync::Arc;

use rolecall_base::{Fault, Tags};
use rolecall_door::Extensions;
use rolecall_store::Reader;
use rolecall_testkit::{ACCOUNT, REGION, World};

use crate::{Instances, Pushed, Target, Targets, pushed};

pub(crate) const RUNNING: &str = "i-0123456789abcdef0";
pub(crate) const STOPPED: &str = "i-0123456789abcdef1";
pub(crate) const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@here";

pub(crate) struct Scene {
    pub world: World,
}

#[derive(Debug)]
struct Two {
    serial_console: bool,
}

impl Instances for Two {
    fn find(&self, _: &Reader, id: &str) -> Result<Option<Target>, Fault> {
        let mut tags = Tags::default();
        tags.set("team", "a");
        let target = Target {
            arn: format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{id}"),
            account: ACCOUNT,
            region: REGION.into(),
            zone: format!("{REGION}a"),
            tags,
            running: id == RUNNING,
            serial_console: self.serial_console,
        };
        Ok([RUNNING, STOPPED].contains(&id).then_some(target))
    }
}

impl Scene {
    pub fn new() -> Scene {
        Scene::of(Two { serial_console: false })
    }

    pub fn with_serial_console() -> Scene {
        Scene::of(Two { serial_console: true })
    }

    fn of(two: Two) -> Scene {
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(Targets(Arc::new(two))));
        Scene { world: World::with(1, extensions) }
    }

    pub fn pushed(&self, id: &str) -> Vec<Pushed> {
        pushed(&self.world.store.read().unwrap(), id, self.world.env.now()).unwrap()
    }
}
