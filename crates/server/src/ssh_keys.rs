//! Whose keys open an instance, and as which of its users: the key pair it was launched with, what EC2 Instance Connect
//! pushed, and what the users' own `authorized_keys` say inside.

use std::sync::Arc;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_compute::ExecSpec;
use rolecall_ec2::instances::{self, Instance, State};
use rolecall_ec2_instance_connect::pushed;
use russh::keys::PublicKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::start::World;

/// Login names of AWS's images. All of them are the one that the instance's image has.
const ALIASES: [&str; 3] = ["ec2-user", "ubuntu", "admin"];
/// Bytes of `authorized_keys` that are read.
const FILE: u64 = 64 * 1024;
/// How long reading it may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Gives the file of whoever runs it.
const READ: &str = "exec cat -- \"$HOME/.ssh/authorized_keys\"";

/// Whether a key lets a user in now, and as whom.
///
/// # Errors
/// When the store can't be read.
pub async fn admitted(
    world: &Arc<World>,
    id: &str,
    user: &str,
    key: &PublicKey,
) -> Result<Option<String>, Fault> {
    let own = {
        let db = world.door.identity.store.read()?;
        let Some(instance) = instances::find(&db, id)?.filter(is_up) else { return Ok(None) };
        let login = &instance.boot.login;
        let own = if ALIASES.contains(&user) { login.as_str() } else { user };
        let launched_with = instance.public_key.iter().filter(|_| own == login);
        let sent = pushed(&db, id, world.env.now())?;
        let sent = sent.iter().filter(|sent| sent.user == user).map(|sent| &sent.line);
        if launched_with.chain(sent).any(|line| is_same(line, key)) {
            return Ok(Some(own.to_owned()));
        }
        own.to_owned()
    };
    let file = authorized_keys(world, id, &own).await;
    let opens = file.lines().any(|line| is_same(line, key));
    Ok(opens.then_some(own))
}

fn is_up(instance: &Instance) -> bool {
    matches!(instance.state, State::Pending | State::Running)
}

/// Whether a line of `authorized_keys` is this key. Lines with options restrict what their key may do, which is not kept
/// to here: they let nobody in.
fn is_same(line: &str, key: &PublicKey) -> bool {
    PublicKey::from_openssh(line.trim()).is_ok_and(|own| own.key_data() == key.key_data())
}

/// A user's own file, read inside and as that user, so that it leads nowhere that the user could not look. Empty for
/// who is no user there.
async fn authorized_keys(world: &World, id: &str, user: &str) -> String {
    // Without a file system of its own that file would be this machine's.
    if !world.driver.caps().isolated {
        return String::new();
    }
    let spec = ExecSpec {
        argv: ["/bin/sh", "-c", READ].map(str::to_owned).to_vec(),
        user: user.to_owned(),
        ..ExecSpec::root([""; 0])
    };
    let read = async {
        let mut io = world.driver.exec(id, spec).await.ok()?;
        let _ = io.stdin.shutdown().await;
        let mut text = Vec::new();
        (&mut io.stdout).take(FILE).read_to_end(&mut text).await.ok()?;
        String::from_utf8(text).ok()
    };
    tokio::time::timeout(PATIENCE, read).await.ok().flatten().unwrap_or_default()
}
