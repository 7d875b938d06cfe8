//! How long an instance takes from the call to the first line of its user data, to its end, and what an
//! idle one costs in memory; beside it a container of `runc` and of `podman` where they are installed. Prints a table;
//! needs what the namespace driver needs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and asks the real clock"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rolecall_compute::{
    Choice, Config, Driver, ExecSpec, Image, ImageSource, InstanceSpec, Network, Resolving, User, Vpc, choose,
};
use tokio::io::AsyncReadExt;

const LAUNCHES: u32 = 200;
const IDLE: u32 = 500;
const CONTAINERS: u32 = 20;

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
            println!("{said}; {}", driver.caps().notes.join("; "));
            driver
        }
        Err(error) => return println!("left out: {error}"),
    };
    let chosen = began.elapsed();
    println!("driver ready in {:.1} ms", ms(chosen));
    let system = small_system();
    let image = ImageSource::File(system.path().join("system.tar"));
    let began = Instant::now();
    let stored = driver.import_image("ami-small", image).await.unwrap();
    println!("an image of {} MB taken in {:.1} ms", stored.bytes / 1_000_000, ms(began.elapsed()));
    println!("{LAUNCHES} launches, one after another          p50 ms    p99 ms    min ms");
    launches(&driver, &dir, "HostUsr", Image::HostUsr).await;
    launches(&driver, &dir, "RootFs", Image::RootFs { id: "ami-small".into() }).await;
    containers(system.path());
    storm(&driver).await;
    idle(&driver).await;
    driver.shutdown().await;
}

async fn launches(driver: &Driver, dir: &Path, name: &str, image: Image) {
    let (mut running, mut line, mut exec, mut end) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..LAUNCHES {
        let spec =
            InstanceSpec { image: image.clone(), ..spec(number, Some("#!/bin/sh\necho first line\n")) };
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
    row(&format!("{name}: start answers"), running);
    row(&format!("{name}: first line of user data"), line);
    row(&format!("{name}: exec of /bin/true, to its exit"), exec);
    row(&format!("{name}: terminate, disk deleted"), end);
}

/// As many at once as a call of RunInstances may ask for.
async fn storm(driver: &Driver) {
    const AT_ONCE: u32 = 100;
    let began = Instant::now();
    let mut starts = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let driver = driver.clone();
        starts.spawn(async move { driver.start(spec(number, None)).await.map(drop) });
    }
    while let Some(started) = starts.join_next().await {
        started.unwrap().unwrap();
    }
    let started = began.elapsed();
    let began = Instant::now();
    for number in 0..AT_ONCE {
        driver.terminate(&spec(number, None).id, Duration::ZERO).await.unwrap();
    }
    println!("{AT_ONCE} started at once in {:.0} ms, ended in {:.0} ms", ms(started), ms(began.elapsed()));
}

/// This machine's shell and what it needs, as a tar, and unpacked for `runc`.
fn small_system() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let script = r#"
        set -e; cd "$1"; mkdir -p bundle/rootfs/{etc,tmp,proc,dev,sys,usr/bin,usr/lib,usr/lib64}; cd bundle/rootfs
        ln -s usr/bin bin; ln -s usr/lib lib; ln -s usr/lib64 lib64
        for name in sh true echo; do
            program=$(readlink -f "$(type -P "$name")"); cp "$program" "usr/bin/$name"
            for library in $(ldd "$program" | grep -o '/[^ ]*'); do
                mkdir -p ".$(dirname "$library")"; cp -L -n "$library" ".$library"
            done
        done
        tar --owner 0 --group 0 -cf "$1/system.tar" ."#;
    assert!(Command::new("bash").args(["-c", script, "bash"]).arg(place.path()).status().unwrap().success());
    place
}

/// `echo` in a container, from the call to its end, for comparison.
fn containers(place: &Path) {
    let bundle = place.join("bundle");
    let quiet = |mut command: Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let spec = quiet({
        let mut command = Command::new("runc");
        command.arg("spec").current_dir(&bundle);
        command
    });
    if spec.is_ok_and(|status| status.success()) {
        let path = bundle.join("config.json");
        let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        config["process"]["terminal"] = false.into();
        config["process"]["args"] = serde_json::json!(["echo", "first line"]);
        // A root without CAP_SYS_RESOURCE may not set it.
        config["process"].as_object_mut().unwrap().remove("rlimits");
        fs::write(path, config.to_string()).unwrap();
        time("runc run, echo to its end, no network", |number| {
            let mut command = Command::new("runc");
            command.current_dir(&bundle).args(["run", &format!("rolecall-bench-{number}")]);
            quiet(command)
        });
    }
    let podman = || {
        let mut command = Command::new("podman");
        command
            .args(["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--root"])
            .arg(place.join("podman"));
        command.arg("--runroot").arg(place.join("podman-run"));
        command
    };
    let mut import = podman();
    import.arg("import").arg(place.join("system.tar")).arg("rolecall-bench");
    if quiet(import).is_ok_and(|status| status.success()) {
        time("podman run, echo to its end, no network", |_| {
            let mut command = podman();
            let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
            command.args(["run", "--rm", "--network", "none"]).args(limits).args([
                "rolecall-bench",
                "echo",
                "x",
            ]);
            quiet(command)
        });
    }
}

fn time(what: &str, mut run: impl FnMut(u32) -> std::io::Result<std::process::ExitStatus>) {
    let mut times = Vec::new();
    for number in 0..CONTAINERS {
        let began = Instant::now();
        if !run(number).is_ok_and(|status| status.success()) {
            return println!("{what}: does not run here");
        }
        times.push(began.elapsed());
    }
    row(what, times);
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
    let [_, _, high, low] = host.to_be_bytes();
    InstanceSpec {
        id: format!("i-{number:017x}"),
        hostname: format!("ip-10-0-{high}-{low}"),
        network: Network {
            vpc: Vpc { id: "vpc-1".into(), cidr: "10.0.0.0/16".parse().unwrap() },
            subnet: "10.0.0.0/20".parse().unwrap(),
            private_ip: [10, 0, high, low].into(),
            mac: [2, 0, 0, 0, high, low],
            names: Resolving::default(),
        },
        image: Image::HostUsr,
        own_kernel: false,
        memory_mib: 512,
        vcpus: 1,
        user_data: user_data.map(|text| text.as_bytes().to_vec()),
        env: vec![("AWS_DEFAULT_REGION".into(), "eu-west-1".into())],
        users: vec![User { name: "ec2-user".into(), uid: 1000, authorized_keys: Vec::new() }],
        mounts: Vec::new(),
        links: Vec::new(),
    }
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
