//! Instances through the API, on the strongest machines that this computer can run: how long one takes from the call to
//! the first line of its user data, and what reads of an object of S3 take while many are launched and ended at once.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rolecall_env::Env;

use crate::Outcome;
use crate::connection::Connection;
use crate::process::Running;
use crate::scenario::{Load, element, share};
use crate::sign::{self, Keys};

/// Launches one after the other.
const LAUNCHES: usize = 100;
/// Callers that launch at once, and instances of each of their calls.
const CALLERS: usize = 8;
const EACH: usize = 10;
/// Connections that read, and how often together.
const READERS: usize = 16;
const READS: f64 = 1_000.0;
/// How long reads go on alone.
const ALONE: Duration = Duration::from_secs(5);
const VERSION: &str = "&Version=2016-11-15";
/// `#!/bin/sh` and `echo first line`, in base64, and what of the console tells that it ran.
const USER_DATA: &str = "IyEvYmluL3NoCmVjaG8gZmlyc3QgbGluZQo%3D";
const FIRST_LINE: &str = "Zmlyc3QgbGluZQ";

/// Prints both tables for so many instances at once.
pub fn table(binary: &str, folder: &Path, env: &Env, count: usize) -> Outcome<()> {
    let server = Running::start(binary, "auto", folder, env)?;
    let cloud = Cloud { server: &server, env, image: image(&server, env)? };
    println!();
    println!("| through the API, one after the other | p50 ms | p99 ms | min ms |");
    println!("|---|---|---|---|");
    cloud.one_by_one()?;
    let read = Load { server: &server, env }.read_of_4_kib()?;
    println!();
    println!(
        "| S3 GET 4 KiB beside, {READS} a second | seconds | answered | faults | p50 µs | p99 µs | max µs |"
    );
    println!("|---|---|---|---|---|---|---|");
    let pause = || {
        std::thread::sleep(ALONE);
        Ok(())
    };
    cloud.beside("alone", &read, pause)?;
    let ids = Mutex::new(Vec::new());
    cloud.beside(&format!("{count} instances launched, to running"), &read, || {
        *ids.lock().map_err(|_| "a caller panicked")? = cloud.launch(count)?;
        cloud.settle("pending")
    })?;
    let ids = ids.into_inner().map_err(|_| "a caller panicked")?;
    cloud.beside(&format!("{count} instances ended, to terminated"), &read, || {
        for ids in ids.chunks(100) {
            cloud.change("TerminateInstances", ids)?;
        }
        cloud.settle("shutting-down")
    })?;
    server.kill();
    Ok(())
}

/// EC2 of a running server.
struct Cloud<'a> {
    server: &'a Running,
    env: &'a Env,
    image: String,
}

fn image(server: &Running, env: &Env) -> Outcome<String> {
    let ask =
        sign::form(env, &Keys::root(), "ec2", &format!("Action=DescribeImages{VERSION}&Owner.1=amazon"))?;
    let images = Load { server, env }.once(&ask)?;
    Ok(element(&images, "imageId").ok_or("no image")?.to_owned())
}

impl Cloud<'_> {
    fn ask(&self, connection: &mut Connection, action: &str) -> Outcome<String> {
        let body = format!("Action={action}{VERSION}");
        let answer = connection.answer(&sign::form(self.env, &Keys::root(), "ec2", &body)?)?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 {
            Ok(body)
        } else {
            Err(format!("{action}: {}: {body}", answer.status).into())
        }
    }

    fn run(&self, connection: &mut Connection, count: usize) -> Outcome<Vec<String>> {
        let image = &self.image;
        let run = format!(
            "RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount={count}&MaxCount={count}&UserData={USER_DATA}"
        );
        let answer = self.ask(connection, &run)?;
        let ids = answer.split("<instanceId>").skip(1).filter_map(|rest| rest.split('<').next());
        Ok(ids.map(str::to_owned).collect())
    }

    fn change(&self, action: &str, ids: &[String]) -> Outcome<()> {
        let named = ids.iter().enumerate().map(|(at, id)| format!("&InstanceId.{}={id}", at + 1));
        let mut connection = Connection::open(self.server.address)?;
        self.ask(&mut connection, &format!("{action}{}", named.collect::<String>())).map(drop)
    }

    fn one_by_one(&self) -> Outcome<()> {
        let mut connection = Connection::open(self.server.address)?;
        let (mut answered, mut lines, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        let since = |begun: u64| self.env.monotonic_nanos() - begun;
        for _ in 0..LAUNCHES {
            let begun = self.env.monotonic_nanos();
            let ids = self.run(&mut connection, 1)?;
            answered.push(since(begun));
            let id = ids.first().ok_or("no instance")?;
            let console = format!("GetConsoleOutput&InstanceId={id}&Latest=true");
            while !self.ask(&mut connection, &console)?.contains(FIRST_LINE) {
                if since(begun) > 30_000_000_000 {
                    return Err(format!("{id} printed nothing").into());
                }
            }
            lines.push(since(begun));
            let begun = self.env.monotonic_nanos();
            self.ask(&mut connection, &format!("TerminateInstances&InstanceId.1={id}"))?;
            let seen = format!("DescribeInstances&InstanceId.1={id}");
            while !self.ask(&mut connection, &seen)?.contains("<name>terminated</name>") {}
            ended.push(since(begun));
        }
        for (what, mut spans) in [
            ("RunInstances answered", answered),
            ("RunInstances to the first line of user data", lines),
            ("TerminateInstances to terminated", ended),
        ] {
            spans.sort_unstable();
            let at = |part| share(&spans, part) / 1000.0;
            println!("| {what} | {:.1} | {:.1} | {:.1} |", at(0.5), at(0.99), at(0.0));
        }
        Ok(())
    }

    /// Launches so many, by several callers at once.
    fn launch(&self, count: usize) -> Outcome<Vec<String>> {
        let begun = AtomicUsize::new(0);
        let work = || -> Outcome<Vec<String>> {
            let mut connection = Connection::open(self.server.address)?;
            let mut ids = Vec::new();
            loop {
                let first = begun.fetch_add(EACH, Ordering::Relaxed);
                if first >= count {
                    return Ok(ids);
                }
                ids.extend(self.run(&mut connection, EACH.min(count - first))?);
            }
        };
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::new();
            for caller in callers {
                all.extend(caller.join().map_err(|_| "a caller panicked")??);
            }
            if all.len() == count { Ok(all) } else { Err(format!("{} instead of {count}", all.len()).into()) }
        })
    }

    /// Waits until no instance is in that state any more.
    fn settle(&self, state: &str) -> Outcome<()> {
        let mut connection = Connection::open(self.server.address)?;
        let seen = format!(
            "DescribeInstances&MaxResults=5&Filter.1.Name=instance-state-name&Filter.1.Value.1={state}"
        );
        while self.ask(&mut connection, &seen)?.contains("<instanceId>") {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Reads an object again and again until `work` is done, and prints how that went.
    fn beside(&self, what: &str, read: &[u8], work: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
        let (stop, sent, faults) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let begun = self.env.monotonic_nanos();
        let reader = || -> Outcome<Vec<u64>> {
            let mut connection = Connection::open(self.server.address)?;
            let mut spans = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let due = begun + (sent.fetch_add(1, Ordering::Relaxed) as f64 / READS * 1e9) as u64;
                let early = due.saturating_sub(self.env.monotonic_nanos());
                std::thread::sleep(Duration::from_nanos(early));
                // From when it was due: what waits behind a slow one is slow too.
                match connection.exchange(read) {
                    Ok(200) => spans.push(self.env.monotonic_nanos() - due),
                    Ok(_) => drop(faults.fetch_add(1, Ordering::Relaxed)),
                    Err(_) => {
                        faults.fetch_add(1, Ordering::Relaxed);
                        connection = Connection::open(self.server.address)?;
                    }
                }
            }
            Ok(spans)
        };
        let (worked, mut spans) = std::thread::scope(|scope| -> Outcome<_> {
            let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(reader)).collect();
            let worked = work();
            stop.store(true, Ordering::Relaxed);
            let mut all = Vec::new();
            for reader in readers {
                all.extend(reader.join().map_err(|_| "a reader panicked")??);
            }
            Ok((worked, all))
        })?;
        worked?;
        spans.sort_unstable();
        let seconds = (self.env.monotonic_nanos() - begun) as f64 / 1e9;
        let (answered, faults) = (spans.len(), faults.into_inner());
        let at = |part| share(&spans, part);
        println!(
            "| {what} | {seconds:.2} | {answered} | {faults} | {:.0} | {:.0} | {:.0} |",
            at(0.5),
            at(0.99),
            at(1.0)
        );
        Ok(())
    }
}
