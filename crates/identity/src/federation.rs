//! What an identity provider outside AWS says of somebody, once its word is verified.

use rolecall_base::Time;

use crate::records::SamlProvider;

/// The content of a verified token or assertion, as AssumeRoleWithWebIdentity and AssumeRoleWithSAML use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Federation {
    /// As trust policies name it, and `aws:FederatedProvider`: the provider's ARN.
    pub provider: String,
    /// The provider's own name for itself.
    pub issuer: String,
    /// Whom it speaks of.
    pub subject: String,
    /// Whom it speaks to.
    pub audience: String,
    /// Condition keys for the trust policy and for all the session's life, names in lower case: `saml:aud`,
    /// `token.example.com:sub`. Never a key of AWS's own: the door does not look for those here.
    pub context: Vec<(String, Vec<String>)>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that travel on.
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
    /// What only an assertion has.
    pub saml: Option<Box<SamlProof>>,
}

/// What AssumeRoleWithSAML knows of an assertion beside what it has in common with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlProof {
    /// The provider as it was when the assertion was verified by its keys.
    pub by: SamlProvider,
    /// Name of the role session: the provider chooses it.
    pub session_name: String,
    /// `persistent`, `transient`, or the URI of another format of names.
    pub subject_type: String,
    /// Hash of issuer, account and provider, which with the subject names a user for good.
    pub name_qualifier: String,
    /// When the user's session at the provider ends.
    pub session_ends: Option<Time>,
    /// The assertion's id; it is good once.
    pub assertion: String,
    /// From when the assertion is nothing any more.
    pub assertion_ends: Time,
}
