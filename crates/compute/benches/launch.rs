//! How long an instance takes from the call to the first line of its user data, to its end, and what an
//! idle one costs in memory. Prints a table; needs what the namespace driver needs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and asks the real clock"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rolecall_compute::{Choice, Config, Driver, ExecSpec, InstanceSpec, User, choose};
use tokio::io::AsyncReadExt;

const LAUNCHES: u32 = 200;
const IDLE: u32 = 50;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("compute");
    let config = Config {
        dir: dir.clone(),
        init: Some(PathBuf::from(env!("CARGO_BIN_EXE_rolecall-init"))),
        ..Config::default()
    };
    let began = Instant::now();
    let driver = match choose(Choice::Namespace, &config).await {
        Ok((driver, said)) => {
            println!("{said}");
            driver
        }
        Err(error) => return println!("left out: {error}"),
    };
    let chosen = began.elapsed();
    println!("driver ready in {:.1} ms", ms(chosen));
    launches(&driver, &dir).await;
    idle(&driver).await;
    driver.shutdown().await;
}

async fn launches(driver: &Driver, dir: &Path) {
    let (mut running, mut line, mut exec, mut end) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..LAUNCHES {
        let spec = spec(number, Some("#!/bin/sh\necho first line\n"));
        let (id, console) = (spec.id.clone(), dir.join("instances").join(&spec.id).join("console.log"));
        let began = Instant::now();
        driver.start(spec).await.unwrap();
        running.push(began.elapsed());
        while !fs::read(&console).unwrap_or_default().starts_with(b"first line\n") {
            assert!(began.elapsed() < Duration::from_secs(10), "no first line");
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        line.push(began.elapsed());
        let began = Instant::now();
        let mut io = driver.exec(&id, ExecSpec::root(["/bin/true"])).await.unwrap();
        io.stdout.read_to_end(&mut Vec::new()).await.unwrap();
        io.exit.wait().await;
        exec.push(began.elapsed());
        let began = Instant::now();
        driver.terminate(&id, Duration::ZERO).await.unwrap();
        end.push(began.elapsed());
    }
    println!("{LAUNCHES} launches, one after another          p50 ms    p99 ms    min ms");
    row("start answers (system and network stand)", running);
    row("first line of user data on the console", line);
    row("exec of /bin/true, to its exit", exec);
    row("terminate, disk deleted", end);
}

async fn idle(driver: &Driver) {
    let available = available_kib();
    for number in 0..IDLE {
        driver.start(spec(number, None)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let spent = available.saturating_sub(available_kib());
    let mut proportional = 0;
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
        // The first process of an instance has number 1 in its innermost process namespace.
        let first = status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"));
        if status.starts_with("Name:\trolecall-init") && first {
            let rollup = fs::read_to_string(process.path().join("smaps_rollup")).unwrap_or_default();
            proportional += kib(&rollup, "Pss:");
        }
    }
    println!(
        "{IDLE} idle instances: {} KiB each in their first process (proportional set size),",
        proportional / u64::from(IDLE)
    );
    println!("  {} KiB each of the machine's available memory", spent / u64::from(IDLE));
}

fn spec(number: u32, user_data: Option<&str>) -> InstanceSpec {
    let host = 10 + number;
    serde_json::from_value(serde_json::json!({
        "id": format!("i-{number:017x}"),
        "hostname": format!("ip-10-0-0-{host}"),
        "network": {
            "vpc": { "id": "vpc-1", "cidr": { "base": "10.0.0.0", "prefix": 16 } },
            "subnet": { "base": "10.0.0.0", "prefix": 20 },
            "private_ip": format!("10.0.0.{host}"),
            "mac": [2, 0, 0, 0, 0, host],
        },
        "image": "HostUsr",
        "memory_mib": 512,
        "vcpus": 1,
        "user_data": user_data.map(str::as_bytes),
        "env": [["AWS_DEFAULT_REGION", "eu-west-1"]],
        "users": [User { name: "ec2-user".into(), uid: 1000, authorized_keys: Vec::new() }],
        "mounts": [],
        "links": [],
    }))
    .unwrap()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
    println!("{what:<42} {:>8.1}  {:>8.1}  {:>8.1}", at(50), at(99), at(0));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn available_kib() -> u64 {
    kib(&fs::read_to_string("/proc/meminfo").unwrap(), "MemAvailable:")
}

fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
