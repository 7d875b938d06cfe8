//! What an identity provider outside AWS says of somebody, once its word is verified.

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
}
