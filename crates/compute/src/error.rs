//! The errors of drivers, and why a driver could not start at all.

/// Why an operation on an instance failed.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    #[error("instance `{0}` is not running")]
    NotRunning(String),
    #[error("instance `{0}` is already running")]
    AlreadyRunning(String),
    #[error("instance `{0}` does not answer")]
    Silent(String),
    #[error("the {driver} driver cannot {what}")]
    Unsupported { driver: &'static str, what: &'static str },
    #[error("{0}")]
    Invalid(String),
    /// `stage` says at which step, `message` what the system answered.
    #[error("{stage}: {message}")]
    Failed { stage: String, message: String },
    /// The process that owns the instances has ended; no instance is left.
    #[error("the instance supervisor has ended")]
    SupervisorGone,
}

impl ComputeError {
    pub(crate) fn failed(stage: impl Into<String>, error: impl std::fmt::Display) -> ComputeError {
        ComputeError::Failed { stage: stage.into(), message: error.to_string() }
    }
}

/// Why the wanted driver cannot run on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the {driver} driver cannot run here: {reason}")]
pub struct StartError {
    pub driver: &'static str,
    pub reason: String,
}
