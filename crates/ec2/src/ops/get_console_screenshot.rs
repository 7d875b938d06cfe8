//! GetConsoleScreenshot: instances have consoles of text only, so there is no picture.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::lifecycle;
use crate::model::{GetConsoleScreenshot, GetConsoleScreenshotRequest, GetConsoleScreenshotResult};
use crate::place::Place;
use crate::questions::on_instance;

impl Operation for GetConsoleScreenshot {
    type Access = Read;

    fn needs(input: &GetConsoleScreenshotRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::GetConsoleScreenshot, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetConsoleScreenshotResult, Fault> {
        lifecycle::get(req.db()?, Place::here(req), &req.input.instance_id, req.now)?;
        faults::dry_run(req.input.dry_run)?;
        Err(faults::unsupported("A screenshot of a console of text"))
    }
}
