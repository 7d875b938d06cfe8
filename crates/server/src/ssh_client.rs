//! One SSH connection to an instance: whose key it shows, and what it may open once that lets it in.
//!
//! Whose key opens an instance, and as whom, `ssh_keys` says; passwords do not exist.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use russh::keys::{HashAlg, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, Pty};
use tokio::sync::watch;

use crate::logins;
use crate::start::World;
use crate::{ssh_command, ssh_forward, ssh_keys};

/// Sessions of one connection.
const CHANNELS: usize = 32;

/// One connection.
pub struct Client {
    world: Arc<World>,
    id: Arc<str>,
    /// As whom the client came in.
    user: Option<String>,
    proved: watch::Sender<bool>,
    channels: usize,
    attempt: Attempt,
}

/// What becomes of a connection: one audit record, of the way in or of having been kept out.
struct Attempt {
    world: Arc<World>,
    id: Arc<str>,
    from: IpAddr,
    /// The user and key that were refused last, if nobody came in since.
    refused: Mutex<Option<(String, String)>>,
}

impl Attempt {
    fn note(&self, refused: Option<(String, String)>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    fn record(&self, error: Option<&str>, user: &str, key: &str) {
        let details = [("user", user), ("keyFingerprint", key)];
        logins::record(&self.world, "SshLogin", &self.id, self.from, error, &details);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let refused = self.refused.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((user, key)) = refused {
            self.record(Some("The key does not let this user in."), &user, &key);
        }
    }
}

fn answer(admitted: bool) -> Auth {
    if admitted { Auth::Accept } else { Auth::reject() }
}

fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

impl Client {
    /// One that has shown no key yet; `proved` hears when it has.
    pub fn new(world: Arc<World>, id: Arc<str>, from: IpAddr, proved: watch::Sender<bool>) -> Client {
        let attempt = Attempt { world: world.clone(), id: id.clone(), from, refused: Mutex::default() };
        Client { world, id, user: None, proved, channels: 0, attempt }
    }

    /// As whom this key lets this user in now. All refusals are alike.
    async fn admits(&self, user: &str, key: &PublicKey) -> Option<String> {
        match ssh_keys::admitted(&self.world, &self.id, user, key).await {
            Ok(Some(own)) => Some(own),
            Ok(None) => {
                self.attempt.note(Some((user.to_owned(), fingerprint(key))));
                None
            }
            Err(fault) => {
                log::error!("SSH to {}: {fault:?}", self.id);
                None
            }
        }
    }

    /// One more channel, if there may be one, for whoever came in.
    fn open(&mut self) -> Option<String> {
        let user = self.user.clone().filter(|_| self.channels < CHANNELS)?;
        self.channels += 1;
        Some(user)
    }
}
impl Handler for Client {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(answer(self.admits(user, offer.public_key).await.is_some()))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.user = self.admits(user, key.public_key).await;
        if self.user.is_some() {
            self.attempt.note(None);
            self.attempt.record(None, user, &fingerprint(key.public_key));
        }
        Ok(answer(self.user.is_some()))
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Self::Error> {
        self.proved.send_replace(true);
        Ok(())
    }

    /// The channel's messages are worked off by its own task; what follows here only says yes or no to them.
    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(user) = self.open() else { return Ok(()) };
        reply.accept().await;
        let (world, place) = (self.world.clone(), (self.id.clone(), user));
        let command = ssh_command::serve(world, place, session.handle(), channel);
        #[expect(clippy::disallowed_methods, reason = "a channel's task ends with its connection")]
        tokio::spawn(command);
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        let target = ssh_forward::target(&self.world, &self.id, host, port).unwrap_or_else(|fault| {
            log::error!("SSH to {}: {fault:?}", self.id);
            None
        });
        let Some(target) = target else { return Ok(()) };
        let Some(user) = self.open() else { return Ok(()) };
        reply.accept().await;
        let forward = ssh_forward::serve(self.world.clone(), (self.id.clone(), user), target, channel);
        #[expect(clippy::disallowed_methods, reason = "a channel's task ends with its connection")]
        tokio::spawn(forward);
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels = self.channels.saturating_sub(1);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match ssh_command::is_variable(name) {
            true => session.channel_success(channel),
            false => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match name {
            ssh_command::SFTP => session.channel_success(channel),
            _ => session.channel_failure(channel),
        }
    }
}
