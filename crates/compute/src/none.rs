//! The driver without machines: instances exist as records only, for tests of the API and for plans
//! that never run anything. Each still has a loopback port where its metadata can be served.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{ComputeError, InstanceSpec, Running};

/// Records, each with the listener its metadata can be served on.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<HashMap<String, TcpListener>>);

impl Records {
    pub(crate) fn start(&self, spec: &InstanceSpec) -> Result<Running, ComputeError> {
        let mut records = self.lock();
        if records.contains_key(&spec.id) {
            return Err(ComputeError::AlreadyRunning(spec.id.clone()));
        }
        let failed = |error| ComputeError::failed("open the metadata port", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let imds = listener.local_addr().map_err(failed)?;
        records.insert(spec.id.clone(), listener);
        Ok(Running { id: spec.id.clone(), imds })
    }

    pub(crate) fn end(&self, id: &str) -> Result<(), ComputeError> {
        self.lock().remove(id).map(drop).ok_or_else(|| ComputeError::NotRunning(id.into()))
    }

    pub(crate) fn check(&self, id: &str) -> Result<(), ComputeError> {
        if self.lock().contains_key(id) { Ok(()) } else { Err(ComputeError::NotRunning(id.into())) }
    }

    pub(crate) fn listener(&self, id: &str) -> Result<TcpListener, ComputeError> {
        let records = self.lock();
        let listener = records.get(id).ok_or_else(|| ComputeError::NotRunning(id.into()))?;
        listener.try_clone().map_err(|error| ComputeError::failed("copy the metadata listener", error))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
