//! The arguments of the commands that are clients of a running server.

use lexopt::{Arg, Parser, ValueExt};
use rolecall_base::AccountId;

use super::{Command, Exec, Ssh, color, endpoint};

pub fn accounts(parser: &mut Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Arg::Value(word)) if word == "create" => {}
        _ => return Err("it is `rolecall accounts create --account ID`".into()),
    }
    let (mut at, mut account) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("account") => {
                let id: AccountId = parser.value()?.parse()?;
                account = Some(id.to_string());
            }
            Arg::Long("endpoint") => at = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let account = account.ok_or("--account ID is missing")?;
    Ok(Command::CreateAccount { at: endpoint(at), account })
}

pub fn why(parser: &mut Parser) -> Result<Command, lexopt::Error> {
    let (mut at, mut request_id, mut json) = (None, None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(id) if request_id.is_none() => request_id = Some(id.string()?),
            Arg::Long("endpoint") => at = Some(parser.value()?.string()?),
            Arg::Long("json") => json = true,
            other => return Err(other.unexpected()),
        }
    }
    let request_id = request_id.ok_or("the request's id is missing")?;
    Ok(Command::Why { at: endpoint(at), request_id, json, color: color() })
}

pub fn ps(parser: &mut Parser) -> Result<Command, lexopt::Error> {
    let (mut at, mut json) = (None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("endpoint") => at = Some(parser.value()?.string()?),
            Arg::Long("json") => json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Ps { at: endpoint(at), json })
}

pub fn metadata(parser: &mut Parser) -> Result<Command, lexopt::Error> {
    let (mut at, mut instance) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(id) if instance.is_none() => instance = Some(id.string()?),
            Arg::Long("endpoint") => at = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let instance = instance.ok_or("the instance's id is missing")?;
    Ok(Command::Metadata { at: endpoint(at), instance })
}

pub fn ssh(parser: &mut Parser) -> Result<Ssh, lexopt::Error> {
    let Exec { at, instance, user, tty, command } = inside(parser, "ec2-user")?;
    Ok(Ssh { at, instance, user, tty, command })
}

pub fn exec(parser: &mut Parser) -> Result<Exec, lexopt::Error> {
    inside(parser, "root")
}

/// What is to run inside an instance.
fn inside(parser: &mut Parser, user: &str) -> Result<Exec, lexopt::Error> {
    let (mut at, mut instance, mut user, mut tty) = (None, None, user.to_owned(), false);
    let mut command = Vec::new();
    loop {
        // All that follows `--` is the command, its own flags included.
        if let Ok(mut rest) = parser.raw_args()
            && rest.peek().is_some_and(|next| next == "--")
        {
            rest.next();
            command = rest.map(|word| word.string()).collect::<Result<_, _>>()?;
            break;
        }
        match parser.next()? {
            None => break,
            Some(Arg::Long("endpoint")) => at = Some(parser.value()?.string()?),
            Some(Arg::Long("user")) => user = parser.value()?.string()?,
            Some(Arg::Long("tty") | Arg::Short('t')) => tty = true,
            Some(Arg::Value(id)) if instance.is_none() => instance = Some(id.string()?),
            Some(other) => return Err(other.unexpected()),
        }
    }
    let instance = instance.ok_or("the instance's id is missing")?;
    Ok(Exec { at: endpoint(at), instance, user, tty, command })
}
