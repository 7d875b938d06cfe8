//! Who there is and who is calling: the records of users, roles, groups, policies, profiles and keys; secrets and
//! session tokens sealed under one root key; and which policies apply to a caller.
//!
//! A request's way through here: [`Identity::known`] turns an access key id and a session token into a [`Known`]
//! caller with the secret that must have signed. The door verifies the signature and asks the policies.

mod accounts;
mod attempts;
pub mod aws_policies;
mod caller;
mod central_root;
mod documents;
mod federation;
mod issuers;
mod known;
mod load;
pub mod passwords;
mod placement;
mod principal;
pub mod records;
mod saved;
pub mod second_factor;
mod session;
mod totp;
mod trade_in;
mod usage;
mod vault;

pub use accounts::{
    NewKey, add_given_key, add_key, only_active_root_key, open_account, open_account_for,
    open_organizations_role,
};
pub use attempts::Attempts;
pub use caller::{Caller, Policies, Who};
pub use central_root::{is_root_task, root_sessions};
pub use documents::Documents;
pub use federation::{Federation, SamlProof};
pub use issuers::{Issuers, issuer_owner, outbound_federation};
pub use known::{Identity, Known, Unknown};
pub use load::Loader;
pub use placement::{Placement, Seat, bind_anew, path_of};
pub use records::PassedRole;
pub use saved::{arn_of_id, saved_principal, shown_principals};
pub use session::{
    Credentials, Delivery, MAX_TOKEN, PACKED_LIMIT, Session, SessionKind, TokenError, open, seal,
    seal_at_least,
};
pub use trade_in::{open_trade_in_token, trade_in_token};
pub use usage::{Usage, forget_principal};
pub use vault::{NotOurs, Vault};
