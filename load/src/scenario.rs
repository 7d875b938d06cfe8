//! What is measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rolecall_env::Env;

use crate::Outcome;
use crate::connection::Connection;
use crate::process::Running;
use crate::sign::{self, Keys};

/// How long each load lasts. Requests signed at its start stay good for five minutes.
const SECONDS: f64 = 3.0;

/// Load on one server.
pub struct Load<'a> {
    pub server: &'a Running,
    pub env: &'a Env,
}

/// One row of the table.
pub struct Measured {
    pub rate: f64,
    pub cpu_micros: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
}

impl Load<'_> {
    pub fn health(&self) -> Outcome<Measured> {
        self.repeat(16, b"GET /_rolecall/health HTTP/1.1\r\nhost: x\r\n\r\n")
    }

    pub fn caller_identity(&self) -> Outcome<Measured> {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        self.repeat(16, &sign::form(self.env, &Keys::root(), "sts", body)?)
    }

    pub fn assume_role(&self) -> Outcome<Measured> {
        let user = self.user_and_role()?;
        let body = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=load&RoleArn={ROLE_ARN}");
        self.repeat(16, &sign::form(self.env, &user, "sts", &body)?)
    }

    pub fn object_of_4_kib(&self) -> Outcome<Measured> {
        self.repeat(16, &self.read_of_4_kib()?)
    }

    /// The request of a role session for an object, which is made.
    pub fn read_of_4_kib(&self) -> Outcome<Vec<u8>> {
        let root = Keys::root();
        self.once(&sign::s3(self.env, &root, "PUT", "/load", b"")?)?;
        self.once(&sign::s3(self.env, &root, "PUT", "/load/object", &[7; 4096])?)?;
        let user = self.user_and_role()?;
        let body = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=load&RoleArn={ROLE_ARN}");
        let session = session_of(&self.once(&sign::form(self.env, &user, "sts", &body)?)?)?;
        sign::s3(self.env, &session, "GET", "/load/object", b"")
    }

    /// Each user has a name of its own, so each request is signed on its own.
    pub fn create_users(&self) -> Outcome<Measured> {
        let next = AtomicU64::new(0);
        let root = Keys::root();
        self.measure(64, &|| {
            let name = next.fetch_add(1, Ordering::Relaxed);
            let body = format!("Action=CreateUser&Version=2010-05-08&UserName=load-{name}");
            sign::form(self.env, &root, "iam", &body)
        })
    }

    /// A user that may assume a role, and the role, which may read the bucket.
    pub fn user_and_role(&self) -> Outcome<Keys> {
        let root = Keys::root();
        let iam = |body: &str| sign::form(self.env, &root, "iam", body);
        let mut connection = Connection::open(self.server.address)?;
        // Made by an earlier scenario, they answer EntityAlreadyExists; the key is a new one.
        for body in [
            "Action=CreateUser&Version=2010-05-08&UserName=loader".to_owned(),
            format!("Action=CreateRole&Version=2010-05-08&RoleName=loader&AssumeRolePolicyDocument={TRUST}"),
            format!(
                "Action=PutRolePolicy&Version=2010-05-08&RoleName=loader&PolicyName=p&PolicyDocument={READ}"
            ),
            format!(
                "Action=PutUserPolicy&Version=2010-05-08&UserName=loader&PolicyName=p&PolicyDocument={ASSUME}"
            ),
        ] {
            connection.exchange(&iam(&body)?)?;
        }
        let answer = self.once(&iam("Action=CreateAccessKey&Version=2010-05-08&UserName=loader")?)?;
        let of = |name: &str| element(&answer, name).map(str::to_owned).ok_or("no access key");
        Ok(Keys { id: of("AccessKeyId")?, secret: of("SecretAccessKey")?, token: None })
    }

    pub fn once(&self, request: &[u8]) -> Outcome<String> {
        let answer = Connection::open(self.server.address)?.answer(request)?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 { Ok(body) } else { Err(format!("{}: {body}", answer.status).into()) }
    }

    pub fn repeat(&self, connections: usize, request: &[u8]) -> Outcome<Measured> {
        self.measure(connections, &|| Ok(request.to_vec()))
    }

    /// Sends a request to another port of the server, at most so many times a second.
    pub fn repeat_at(
        &self,
        address: SocketAddr,
        connections: usize,
        request: &[u8],
        rate: f64,
    ) -> Outcome<Measured> {
        let (begun, sent) = (self.env.monotonic_nanos(), AtomicU64::new(0));
        self.measure_at(address, connections, &|| {
            let due = begun + (sent.fetch_add(1, Ordering::Relaxed) as f64 / rate * 1e9) as u64;
            let early = due.saturating_sub(self.env.monotonic_nanos());
            std::thread::sleep(std::time::Duration::from_nanos(early));
            Ok(request.to_vec())
        })
    }

    pub fn measure(
        &self,
        connections: usize,
        next: &(dyn Fn() -> Outcome<Vec<u8>> + Sync),
    ) -> Outcome<Measured> {
        self.measure_at(self.server.address, connections, next)
    }

    fn measure_at(
        &self,
        address: SocketAddr,
        connections: usize,
        next: &(dyn Fn() -> Outcome<Vec<u8>> + Sync),
    ) -> Outcome<Measured> {
        self.spell(address, connections, next, 0.5)?;
        let cpu = self.server.cpu_micros();
        let (seconds, mut spans) = self.spell(address, connections, next, SECONDS)?;
        let cpu = self.server.cpu_micros() - cpu;
        spans.sort_unstable();
        let count = spans.len().max(1) as f64;
        Ok(Measured {
            rate: count / seconds,
            cpu_micros: cpu / count,
            p50_micros: share(&spans, 0.5),
            p99_micros: share(&spans, 0.99),
        })
    }

    /// Loads for a while; gives the seconds and each request's nanoseconds.
    fn spell(
        &self,
        address: SocketAddr,
        connections: usize,
        next: &(dyn Fn() -> Outcome<Vec<u8>> + Sync),
        seconds: f64,
    ) -> Outcome<(f64, Vec<u64>)> {
        let stop = AtomicBool::new(false);
        let begun = self.env.monotonic_nanos();
        let work = || -> Outcome<Vec<u64>> {
            let mut connection = Connection::open(address)?;
            let mut spans = Vec::with_capacity(100_000);
            while !stop.load(Ordering::Relaxed) {
                let request = next()?;
                let before = self.env.monotonic_nanos();
                let status = connection.exchange(&request)?;
                spans.push(self.env.monotonic_nanos() - before);
                if status != 200 {
                    return Err(format!("a request was answered with {status}").into());
                }
            }
            Ok(spans)
        };
        let all = std::thread::scope(|scope| -> Outcome<Vec<u64>> {
            let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
            std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
            stop.store(true, Ordering::Relaxed);
            let mut all = Vec::new();
            for thread in threads {
                all.extend(thread.join().map_err(|_| "a thread panicked")??);
            }
            Ok(all)
        })?;
        Ok(((self.env.monotonic_nanos() - begun) as f64 / 1e9, all))
    }
}

const ROLE_ARN: &str = "arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Floader";
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal\
                     %22%3A%7B%22AWS%22%3A%22000000000000%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";
const READ: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action\
                    %22%3A%22s3%3AGet%2A%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Aload%2F%2A%22%7D%7D";
const ASSUME: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action\
                      %22%3A%22sts%3AAssumeRole%22%2C%22Resource%22%3A%22%2A%22%7D%7D";

/// The span in microseconds that so great a share of sorted nanoseconds stays below.
pub fn share(sorted: &[u64], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0) as f64 / 1000.0
}

/// The credentials in an answer of AssumeRole.
pub fn session_of(answer: &str) -> Outcome<Keys> {
    let of = |name: &str| element(answer, name).map(str::to_owned).ok_or("no credentials");
    Ok(Keys { id: of("AccessKeyId")?, secret: of("SecretAccessKey")?, token: Some(of("SessionToken")?) })
}

/// The text of the first element of that name.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let rest = xml.split_once(&format!("<{name}>"))?.1;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
