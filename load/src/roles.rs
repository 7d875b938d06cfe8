//! Many roles in one account, each with an inline policy of its own and a managed policy that all share: what they
//! cost in memory and at the start, whether decisions get slower, and whether an edit holds from the next request on.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rolecall_env::Env;

use crate::Outcome;
use crate::connection::Connection;
use crate::process::Running;
use crate::scenario::{Load, Measured, session_of, share};
use crate::sign::{self, Keys};

/// Sessions of as many roles that are used.
const SESSIONS: usize = 10_000;
/// Edits of a policy, each with the request after it.
const EDITS: usize = 200;
/// Connections that make the roles.
const MAKERS: usize = 64;

/// Makes the roles, starts the server again on them, and prints what that costs.
pub fn table(binary: &str, folder: &Path, env: &Env, roles: usize) -> Outcome<()> {
    let mut server = Running::start(binary, "none", folder, env)?;
    let few = Account {
        load: Load { server: &server, env },
        loader: Load { server: &server, env }.user_and_role()?,
    };
    few.prepare()?;
    few.make(0..1)?;
    let first = few.session(0)?;
    let before = few.calls(&first)?;
    let begun = env.monotonic_nanos();
    few.make(1..roles)?;
    let making = (env.monotonic_nanos() - begun) as f64 / 1e9;
    let loader = few.loader;
    server.kill();

    let begun = env.monotonic_nanos();
    server = Running::start(binary, "none", folder, env)?;
    let many = Account { load: Load { server: &server, env }, loader };
    many.load.once(b"GET /_rolecall/health HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let start = (env.monotonic_nanos() - begun) as f64 / 1e6;
    let idle = server.memory_kib();
    let sessions = many.use_sessions(roles.min(SESSIONS))?;
    let used = server.memory_kib();
    let after = many.calls(&first)?;
    let turns = many.in_turn(&sessions)?;
    let mut edits = many.edit()?;
    let last = server.memory_kib();

    println!();
    println!("| by a role session, 16 connections | p50 µs | p99 µs | server CPU µs |");
    println!("|---|---|---|---|");
    for ((name, one), (_, many)) in before.iter().zip(&after) {
        line(&format!("{name}, one role"), one);
        line(&format!("{name}, {roles} roles"), many);
    }
    line(&format!("GetCallerIdentity, {} sessions in turn", sessions.len()), &turns);
    println!();
    let calls = roles * 3;
    println!(
        "{roles} roles with policies, {calls} calls: {making:.1} s, {:.0} a second",
        calls as f64 / making
    );
    println!("start on them, to the health page: {start:.1} ms (goal 1,000)");
    let mib = |(resident, anonymous): (u64, u64)| {
        format!("{:.1} / {:.1} MiB", resident as f64 / 1024.0, anonymous as f64 / 1024.0)
    };
    println!("memory (resident, of which anonymous) after the start: {} (goal 250)", mib(idle));
    println!("after {} sessions of as many roles were used: {} (goal 250)", sessions.len(), mib(used));
    println!("at the end: {}", mib(last));
    println!("{}", edits.told());
    Ok(())
}

fn line(what: &str, measured: &Measured) {
    let Measured { p50_micros, p99_micros, cpu_micros, .. } = measured;
    println!("| {what} | {p50_micros:.0} | {p99_micros:.0} | {cpu_micros:.1} |");
}

/// One account with the roles.
struct Account<'a> {
    load: Load<'a>,
    /// Who may assume them.
    loader: Keys,
}

/// What edits of a policy took, in nanoseconds.
#[derive(Default)]
struct Edits {
    edit: Vec<u64>,
    next: Vec<u64>,
    /// Next requests that still met the old policy.
    late: usize,
}

impl Edits {
    fn told(&mut self) -> String {
        self.edit.sort_unstable();
        self.next.sort_unstable();
        let micros = |spans: &[u64]| format!("{:.0} / {:.0} µs", share(spans, 0.5), share(spans, 0.99));
        format!(
            "{} edits of a policy: {} p50 / p99 each, the request after it {}; {} of those met the old policy (goal 0)",
            self.edit.len(),
            micros(&self.edit),
            micros(&self.next),
            self.late
        )
    }
}

impl Account<'_> {
    /// What all roles share, and the object that they may read.
    fn prepare(&self) -> Outcome<()> {
        let root = Keys::root();
        let env = self.load.env;
        self.load.once(&sign::s3(env, &root, "PUT", "/load", b"")?)?;
        self.load.once(&sign::s3(env, &root, "PUT", "/load/object", &[7; 4096])?)?;
        let shared = encoded(&allow("s3:ListBucket", "arn:aws:s3:::load"));
        self.load
            .once(&self.iam(&format!("Action=CreatePolicy&PolicyName=shared&PolicyDocument={shared}"))?)?;
        Ok(())
    }

    fn iam(&self, body: &str) -> Outcome<Vec<u8>> {
        sign::form(self.load.env, &Keys::root(), "iam", &format!("{body}&Version=2010-05-08"))
    }

    /// Gives a role the policy by which it may read the object, or may not.
    fn put_policy(&self, role: usize, reads: bool) -> Outcome<Vec<u8>> {
        let (action, name) = (if reads { "s3:GetObject" } else { "s3:PutObject" }, name(role));
        let text = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[\
             {{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"arn:aws:s3:::load/*\"}},\
             {{\"Effect\":\"Allow\",\"Action\":\"iam:GetRole\",\"Resource\":\"{}\"}}]}}",
            arn(role)
        );
        self.iam(&format!(
            "Action=PutRolePolicy&RoleName={name}&PolicyName=own&PolicyDocument={}",
            encoded(&text)
        ))
    }

    fn make(&self, roles: std::ops::Range<usize>) -> Outcome<()> {
        let trust = encoded(
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"000000000000\"},\
             \"Action\":\"sts:AssumeRole\"}}",
        );
        let shared = encoded("arn:aws:iam::000000000000:policy/shared");
        self.each(roles, &|role, connection| {
            let name = name(role);
            for request in [
                self.iam(&format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}"))?,
                self.put_policy(role, true)?,
                self.iam(&format!("Action=AttachRolePolicy&RoleName={name}&PolicyArn={shared}"))?,
            ] {
                expect(connection.exchange(&request)?, 200)?;
            }
            Ok(())
        })
    }

    /// Does something for each role, over several connections.
    fn each(
        &self,
        roles: std::ops::Range<usize>,
        work: &(dyn Fn(usize, &mut Connection) -> Outcome<()> + Sync),
    ) -> Outcome<()> {
        let next = AtomicUsize::new(roles.start);
        let worker = || -> Outcome<()> {
            let mut connection = Connection::open(self.load.server.address)?;
            loop {
                let role = next.fetch_add(1, Ordering::Relaxed);
                if role >= roles.end {
                    return Ok(());
                }
                work(role, &mut connection)?;
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..MAKERS).map(|_| scope.spawn(worker)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
        })
    }

    fn assume(&self, role: usize) -> Outcome<Vec<u8>> {
        let arn = encoded(&arn(role));
        let body = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=load&RoleArn={arn}");
        sign::form(self.load.env, &self.loader, "sts", &body)
    }

    fn session(&self, role: usize) -> Outcome<Keys> {
        session_of(&self.load.once(&self.assume(role)?)?)
    }

    fn identity(&self, keys: &Keys) -> Outcome<Vec<u8>> {
        sign::form(self.load.env, keys, "sts", "Action=GetCallerIdentity&Version=2011-06-15")
    }

    fn get_role(&self, keys: &Keys, role: usize) -> Outcome<Vec<u8>> {
        let body = format!("Action=GetRole&Version=2010-05-08&RoleName={}", name(role));
        sign::form(self.load.env, keys, "iam", &body)
    }

    /// What the first role's session measures.
    fn calls(&self, keys: &Keys) -> Outcome<Vec<(&'static str, Measured)>> {
        let object = sign::s3(self.load.env, keys, "GET", "/load/object", b"")?;
        Ok(vec![
            ("GetCallerIdentity", self.load.repeat(16, &self.identity(keys)?)?),
            ("GetRole", self.load.repeat(16, &self.get_role(keys, 0)?)?),
            ("S3 GET of 4 KiB", self.load.repeat(16, &object)?),
        ])
    }

    /// Assumes as many roles, and lets each session ask who it is and for its role; gives requests that do the first.
    fn use_sessions(&self, count: usize) -> Outcome<Vec<Vec<u8>>> {
        let requests = Mutex::new(Vec::with_capacity(count));
        self.each(0..count, &|role, connection| {
            let answer = connection.answer(&self.assume(role)?)?;
            expect(answer.status, 200)?;
            let keys = session_of(&String::from_utf8_lossy(&answer.body))?;
            let identity = self.identity(&keys)?;
            expect(connection.exchange(&identity)?, 200)?;
            expect(connection.exchange(&self.get_role(&keys, role)?)?, 200)?;
            requests.lock().map_err(|_| "a thread panicked")?.push(identity);
            Ok(())
        })?;
        requests.into_inner().map_err(|_| "a thread panicked".into())
    }

    fn in_turn(&self, requests: &[Vec<u8>]) -> Outcome<Measured> {
        let next = AtomicUsize::new(0);
        self.load.measure(16, &|| {
            let turn = next.fetch_add(1, Ordering::Relaxed) % requests.len().max(1);
            requests.get(turn).cloned().ok_or_else(|| "no session".into())
        })
    }

    /// Takes a right away and gives it back, again and again, each time by one connection, and asks at once by another.
    fn edit(&self) -> Outcome<Edits> {
        let env = self.load.env;
        let keys = self.session(0)?;
        let mut editor = Connection::open(self.load.server.address)?;
        let mut reader = Connection::open(self.load.server.address)?;
        let mut edits = Edits::default();
        for turn in 0..EDITS {
            let reads = turn % 2 == 1;
            let (edit, get) = (self.put_policy(0, reads)?, sign::s3(env, &keys, "GET", "/load/object", b"")?);
            let begun = env.monotonic_nanos();
            expect(editor.exchange(&edit)?, 200)?;
            let edited = env.monotonic_nanos();
            let status = reader.exchange(&get)?;
            edits.edit.push(edited - begun);
            edits.next.push(env.monotonic_nanos() - edited);
            edits.late += usize::from(status != if reads { 200 } else { 403 });
        }
        Ok(edits)
    }
}

fn name(role: usize) -> String {
    format!("scale-{role:06}")
}

fn arn(role: usize) -> String {
    format!("arn:aws:iam::000000000000:role/{}", name(role))
}

fn allow(action: &str, resource: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\
         \"Resource\":\"{resource}\"}}}}"
    )
}

fn expect(status: u16, wanted: u16) -> Outcome<()> {
    if status == wanted { Ok(()) } else { Err(format!("a request was answered with {status}").into()) }
}

/// Percent-encoded, for a form.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
