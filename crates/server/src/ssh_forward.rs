//! SSH's forwarding of TCP (`ssh -L`, `ssh -W`): connections to the instance's own ports, made inside and by the user who
//! has logged in. To other machines an instance's user connects from a shell, where its security groups count.

use std::net::IpAddr;
use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_compute::ExecSpec;
use rolecall_ec2::instances;
use russh::Channel;
use russh::server::Msg;

use crate::ssh_command::converse;
use crate::start::World;

/// Both directions at once; the connection ends when either side's input does and the other has said all.
const CONNECT: &str = r#"exec 3<>"/dev/tcp/$0/$1" || exit 1
cat <&3 &
cat >&3
wait"#;

/// What a client may connect to: an own address of the instance, and a port; `None` for anything else.
///
/// # Errors
/// When the store can't be read.
pub fn target(world: &World, id: &str, host: &str, port: u32) -> Result<Option<(IpAddr, u16)>, Fault> {
    let Ok(port) = u16::try_from(port) else { return Ok(None) };
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Some((IpAddr::from([127, 0, 0, 1]), port)));
    }
    let Ok(address) = host.parse::<IpAddr>() else { return Ok(None) };
    if address.is_loopback() {
        // Public addresses are loopback ones of the host; inside they mean the instance itself.
        return Ok(Some((IpAddr::from([127, 0, 0, 1]), port)));
    }
    let db = world.door.identity.store.read()?;
    let Some(instance) = instances::find(&db, id)? else { return Ok(None) };
    let own = instances::interfaces_of(&db, &instance)?;
    let is_own = own.iter().flat_map(|own| &own.addresses).any(|own| IpAddr::from(own.address) == address);
    Ok(is_own.then_some((address, port)))
}

/// Serves one forwarded connection to its end.
pub async fn serve(
    world: Arc<World>,
    (id, user): (Arc<str>, String),
    (address, port): (IpAddr, u16),
    channel: Channel<Msg>,
) {
    let (requests, replies) = channel.split();
    let argv = ["/bin/bash", "-c", CONNECT, &address.to_string(), &port.to_string()];
    let spec = ExecSpec { argv: argv.map(str::to_owned).to_vec(), user, ..ExecSpec::root([""; 0]) };
    match world.driver.exec(&id, spec).await {
        Ok(io) => _ = converse(io, requests, &replies).await,
        Err(error) => log::info!("{id}: {address}:{port} could not be connected to: {error}"),
    }
    let _ = replies.eof().await;
    let _ = replies.close().await;
}
