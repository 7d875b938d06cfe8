//! The command line. An unknown flag or `ROLECALL_` variable stops everything: a mistyped one must not change what is
//! enforced.

mod clients;

use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use rolecall_compute::Choice;
use rolecall_identity::NewKey;
use rolecall_server::{Config, Durability, Ec2Quotas, Quotas, Tls};

/// What `rolecall help` prints.
pub const HELP: &str = "\
Rolecall: the role system of a cloud, to run yourself.

  rolecall up                          run the server
      --listen ADDR:PORT               where (127.0.0.1:4566)
      --data DIR                       keep state here (./rolecall-data)
      --ephemeral                      keep nothing
      --account ID                     the first account (000000000000)
      --region NAME                    the default region (us-east-1)
      --compute auto|namespace|microvm|docker|podman|process|none
      --microvm-image AMI              its instances are virtual machines; as often as needed
      --kernel FILE|FOLDER             of virtual machines (the newest in /boot)
      --durability strict|none         of object bytes (strict)
      --tls-listen ADDR:PORT           serve TLS too
      --tls-cert FILE --tls-key FILE   with this certificate (else one is made)
      --guest-tools DIR                an `aws` command for instances, seen read-only
      --role-seconds N                 life of credentials on instances (21600)
      --outbound on|off                whether instances reach the world (on)
      --audit-days N                   keep audit records so long (90)
      --trail-seconds N                between two deliveries of trails (300)
      --issuer-url URL                 under which others reach this server, in web identity tokens
      --image-alias AMI=AMI|default    an image id that stands for another; as often as needed
      --quota NAME=N                   instead of an account's default: roles=200000, users=…, groups=…, more
      --log error|warn|info|debug

  rolecall ps [--json]                                     instances, their roles and credentials
  rolecall ssh INSTANCE [--user NAME] [-t] [-- COMMAND…]   log in by EC2 Instance Connect (ec2-user)
  rolecall exec INSTANCE [--user NAME] [-t] -- COMMAND…    run it inside
  rolecall metadata INSTANCE                               where its metadata is served, with --compute none
  rolecall accounts create --account ID                    a further account, its root keys as JSON
  rolecall why REQUEST-ID [--json]                         how that call was decided
      --endpoint URL                   of the server ($AWS_ENDPOINT_URL or http://127.0.0.1:4566)

  rolecall eval                        decide cases from standard input, a JSON object a line
  rolecall test FILE                   run access tests by the file's policies
      --server                         by those of the server at --endpoint
      --junit FILE                     write the outcome for CI

  rolecall help · rolecall version

Root keys come from ROLECALL_ROOT_ACCESS_KEY_ID and ROLECALL_ROOT_SECRET_ACCESS_KEY, else they are made and printed
once. The client commands sign with the usual AWS credentials.
";

/// A server to talk to, by its URL.
pub type Endpoint = String;

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    Help,
    Version,
    Up(Box<Up>),
    CreateAccount { at: Endpoint, account: String },
    Eval,
    Exec(Exec),
    Ssh(Ssh),
    Ps { at: Endpoint, json: bool },
    Metadata { at: Endpoint, instance: String },
    SftpServer,
    Test(Test),
    Why { at: Endpoint, request_id: String, json: bool, color: bool },
}

/// `rolecall up`.
#[derive(Debug)]
pub struct Up {
    pub config: Config,
    pub level: log::LevelFilter,
}

/// `rolecall test`.
#[derive(Debug)]
pub struct Test {
    pub file: PathBuf,
    /// The server whose policies decide; else those of the file.
    pub server: Option<Endpoint>,
    pub junit: Option<PathBuf>,
    pub color: bool,
}

/// `rolecall exec`.
#[derive(Debug)]
pub struct Exec {
    pub at: Endpoint,
    pub instance: String,
    pub user: String,
    pub tty: bool,
    pub command: Vec<String>,
}

/// `rolecall ssh`.
#[derive(Debug)]
pub struct Ssh {
    pub at: Endpoint,
    pub instance: String,
    pub user: String,
    /// A terminal even for a command.
    pub tty: bool,
    pub command: Vec<String>,
}

const ROOT_ID: &str = "ROLECALL_ROOT_ACCESS_KEY_ID";
const ROOT_SECRET: &str = "ROLECALL_ROOT_SECRET_ACCESS_KEY";

/// Reads the process's arguments.
pub fn read() -> Result<Command, lexopt::Error> {
    known_variables()?;
    let mut parser = Parser::from_env();
    let word = match parser.next()? {
        None => return Ok(Command::Help),
        Some(Arg::Value(word)) => word.string()?,
        Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Command::Help),
        Some(Arg::Long("version") | Arg::Short('V')) => return Ok(Command::Version),
        Some(other) => return Err(other.unexpected()),
    };
    match word.as_str() {
        "help" => Ok(Command::Help),
        "version" => Ok(Command::Version),
        "up" => up(&mut parser).map(|up| Command::Up(Box::new(up))),
        "eval" => none(&mut parser, Command::Eval),
        "exec" => clients::exec(&mut parser).map(Command::Exec),
        "ssh" => clients::ssh(&mut parser).map(Command::Ssh),
        "ps" => clients::ps(&mut parser),
        "metadata" => clients::metadata(&mut parser),
        "sftp-server" => none(&mut parser, Command::SftpServer),
        "test" => test(&mut parser).map(Command::Test),
        "accounts" => clients::accounts(&mut parser),
        "why" => clients::why(&mut parser),
        other => Err(format!("there is no command `{other}`").into()),
    }
}

fn known_variables() -> Result<(), lexopt::Error> {
    let known = [ROOT_ID, ROOT_SECRET];
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        if name.starts_with("ROLECALL_") && !known.contains(&name) {
            let known = known.join(", ");
            return Err(format!("the variable {name} is not known; there are {known}").into());
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the command line is where configuration is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn root_keys() -> Result<Option<NewKey>, lexopt::Error> {
    match (variable(ROOT_ID), variable(ROOT_SECRET)) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let good_id =
                (16..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !good_id {
                return Err(format!("{ROOT_ID} must be 16 to 128 letters and digits").into());
            }
            if secret.len() < 16 {
                return Err(format!("{ROOT_SECRET} must have 16 characters at least").into());
            }
            Ok(Some(NewKey { id, secret }))
        }
        _ => Err(format!("set both {ROOT_ID} and {ROOT_SECRET}, or neither").into()),
    }
}

fn up(parser: &mut Parser) -> Result<Up, lexopt::Error> {
    let mut config = Config { data: Some(PathBuf::from("rolecall-data")), ..Config::new() };
    let mut level = log::LevelFilter::Info;
    let (mut data, mut ephemeral) = (None, false);
    let (mut tls_listen, mut certificate, mut key): (Option<SocketAddr>, Option<PathBuf>, Option<PathBuf>) =
        (None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("listen") => config.listen = parser.value()?.parse()?,
            Arg::Long("data") => data = Some(PathBuf::from(parser.value()?)),
            Arg::Long("ephemeral") => ephemeral = true,
            Arg::Long("account") => config.account = parser.value()?.parse()?,
            Arg::Long("region") => config.region = region(parser.value()?.string()?)?,
            Arg::Long("microvm-image") => {
                config.virtual_images.push(image_id(parser.value()?.string()?)?);
            }
            Arg::Long("kernel") => config.kernel = Some(PathBuf::from(parser.value()?)),
            Arg::Long("compute") => config.compute = compute(&parser.value()?.string()?)?,
            Arg::Long("durability") => config.durability = durability(&parser.value()?.string()?)?,
            Arg::Long("tls-listen") => tls_listen = Some(parser.value()?.parse()?),
            Arg::Long("tls-cert") => certificate = Some(PathBuf::from(parser.value()?)),
            Arg::Long("tls-key") => key = Some(PathBuf::from(parser.value()?)),
            Arg::Long("guest-tools") => config.guest_tools = Some(PathBuf::from(parser.value()?)),
            Arg::Long("role-seconds") => config.role_seconds = role_seconds(parser.value()?.parse()?)?,
            Arg::Long("outbound") => config.outbound = outbound(&parser.value()?.string()?)?,
            Arg::Long("audit-days") => config.audit_days = within(&mut *parser, "--audit-days", 3650)?,
            Arg::Long("trail-seconds") => {
                config.trail_seconds = within(&mut *parser, "--trail-seconds", 3600)?
            }
            Arg::Long("issuer-url") => config.issuer_url = Some(issuer_url(parser.value()?.string()?)?),
            Arg::Long("image-alias") => config.image_aliases.push(image_alias(&parser.value()?.string()?)?),
            Arg::Long("quota") => quota(&mut config, &parser.value()?.string()?)?,
            Arg::Long("log") => level = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    if ephemeral && data.is_some() {
        return Err("--ephemeral keeps nothing and --data keeps it: take one of them".into());
    }
    if ephemeral {
        config.data = None;
    } else if data.is_some() {
        config.data = data;
    }
    config.tls = match (tls_listen, certificate, key) {
        (None, None, None) => None,
        (Some(listen), None, None) => Some(Tls { listen, files: None }),
        (Some(listen), Some(chain), Some(key)) => Some(Tls { listen, files: Some((chain, key)) }),
        _ => return Err("--tls-cert and --tls-key go together, with --tls-listen".into()),
    };
    config.engine = engine(config.compute);
    config.root_keys = root_keys()?;
    Ok(Up { config, level })
}

fn region(name: String) -> Result<String, lexopt::Error> {
    let good = name.split('-').count() >= 3
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if good { Ok(name) } else { Err(format!("`{name}` is not a region such as us-east-1").into()) }
}

fn compute(word: &str) -> Result<Choice, lexopt::Error> {
    let names = || Choice::NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Choice::named(word).ok_or_else(|| format!("--compute is one of {}, not `{word}`", names()).into())
}

/// Where an engine of containers listens, as its own tools are told.
fn engine(choice: Choice) -> Option<String> {
    match choice {
        Choice::Docker => variable("DOCKER_HOST"),
        Choice::Podman => variable("CONTAINER_HOST"),
        _ => None,
    }
}

fn durability(word: &str) -> Result<Durability, lexopt::Error> {
    match word {
        "strict" => Ok(Durability::Strict),
        "none" => Ok(Durability::None),
        other => Err(format!("--durability is strict or none, not `{other}`").into()),
    }
}

fn outbound(word: &str) -> Result<bool, lexopt::Error> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("--outbound is on or off, not `{other}`").into()),
    }
}

/// A number from 1 to `most`.
fn within(parser: &mut Parser, flag: &str, most: u32) -> Result<u32, lexopt::Error> {
    let number = parser.value()?.parse()?;
    if (1..=most).contains(&number) { Ok(number) } else { Err(format!("{flag} is 1 to {most}").into()) }
}

/// Lives below 40 minutes are for tests: SDKs use credentials past their end when they get them with less than 20
/// minutes left.
fn role_seconds(seconds: u32) -> Result<u32, lexopt::Error> {
    if (10..=43_200).contains(&seconds) { Ok(seconds) } else { Err("--role-seconds is 10 to 43200".into()) }
}

/// `roles=200000`, `elastic-ips=50`
fn quota(config: &mut Config, text: &str) -> Result<(), lexopt::Error> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let value = value.parse().map_err(|_| format!("--quota is NAME=NUMBER, not `{text}`"))?;
    let done = config.quotas.set(name, value).or_else(|| config.ec2_quotas.set(name, value));
    let names = || [Quotas::NAMES.as_slice(), Ec2Quotas::NAMES.as_slice()].concat().join(", ");
    done.ok_or_else(|| format!("there is no quota `{name}`; there are {}", names()).into())
}

/// `ami-0123…=ami-…`, or `default` for the image that this server boots by itself.
fn is_image_id(id: &str) -> bool {
    id.strip_prefix("ami-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn image_id(text: String) -> Result<String, lexopt::Error> {
    if is_image_id(&text) { Ok(text) } else { Err(format!("`{text}` is no image id").into()) }
}

fn image_alias(text: &str) -> Result<(String, String), lexopt::Error> {
    let is_id = is_image_id;
    match text.split_once('=') {
        Some((alias, "default")) if is_id(alias) => {
            Ok((alias.to_owned(), rolecall_server::DEFAULT_IMAGE.to_owned()))
        }
        Some((alias, image)) if is_id(alias) && is_id(image) => Ok((alias.to_owned(), image.to_owned())),
        _ => Err(format!("`{text}` is not ami-ID=ami-ID or ami-ID=default").into()),
    }
}

/// OpenID Connect compares issuers letter by letter, so there is one form of them.
fn issuer_url(url: String) -> Result<String, lexopt::Error> {
    let place = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let good = place.is_some_and(|place| {
        !place.is_empty()
            && place.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@'))
    });
    if good { Ok(url) } else { Err(format!("`{url}` is not a URL such as https://roles.example.com").into()) }
}

fn endpoint(given: Option<String>) -> Endpoint {
    let default = || "http://127.0.0.1:4566".to_owned();
    given.or_else(|| variable("AWS_ENDPOINT_URL")).unwrap_or_else(default)
}

/// https://no-color.org
fn color() -> bool {
    variable("NO_COLOR").is_none()
}

fn test(parser: &mut Parser) -> Result<Test, lexopt::Error> {
    let (mut at, mut file, mut by_server, mut junit) = (None, None, false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            Arg::Long("server") => by_server = true,
            Arg::Long("endpoint") => at = Some(parser.value()?.string()?),
            Arg::Long("junit") => junit = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    if at.is_some() && !by_server {
        return Err("--endpoint goes with --server".into());
    }
    let file = file.ok_or("the file of tests is missing")?;
    Ok(Test { file, server: by_server.then(|| endpoint(at)), junit, color: color() })
}

/// A command that takes nothing.
fn none(parser: &mut Parser, command: Command) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        None => Ok(command),
        Some(other) => Err(other.unexpected()),
    }
}
