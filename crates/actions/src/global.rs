//! AWS's global condition keys: present, or possibly present, whatever the action is.
//!
//! Source: IAM User Guide, "AWS global condition context keys" (reference_policies_condition-keys.html).

macro_rules! global {
    (
        keys { $($key:ident $pattern:literal $name:literal $value:ident;)* }
        prefix_keys { $($prefix_key:ident $prefix_pattern:literal $prefix:literal;)* }
        with_action { $($own:ident $own_pattern:literal $own_name:literal $own_type:ident;)* }
        prefix_with_action { $($tag:ident $tag_pattern:literal $tag_prefix:literal;)* }
    ) => {
        /// Keys whose names begin with `aws:`.
        pub mod aws {
            /// All are global except `RequestTag`, `ResourceTag` and `TagKeys`, which only some actions take.
            pub mod key {
                use crate::{AnyKey, Contains, Key, KeySet, PrefixKey, ValueType};
                $(#[doc = concat!("`", $pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $key;
                  impl AnyKey for $key { const PATTERN: &'static str = $pattern; const TYPE: ValueType = ValueType::$value; }
                  impl Key for $key { const NAME: &'static str = $name; }
                  impl<S: KeySet> Contains<$key> for S {})*
                $(#[doc = concat!("`", $prefix_pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $prefix_key;
                  impl AnyKey for $prefix_key { const PATTERN: &'static str = $prefix_pattern; const TYPE: ValueType = ValueType::String; }
                  impl PrefixKey for $prefix_key { const PREFIX: &'static str = $prefix; }
                  impl<S: KeySet> Contains<$prefix_key> for S {})*
                $(#[doc = concat!("`", $own_pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $own;
                  impl AnyKey for $own { const PATTERN: &'static str = $own_pattern; const TYPE: ValueType = ValueType::$own_type; }
                  impl Key for $own { const NAME: &'static str = $own_name; })*
                $(#[doc = concat!("`", $tag_pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $tag;
                  impl AnyKey for $tag { const PATTERN: &'static str = $tag_pattern; const TYPE: ValueType = ValueType::String; }
                  impl PrefixKey for $tag { const PREFIX: &'static str = $tag_prefix; })*
            }

            /// Every key of this module.
            pub static KEYS: &[crate::KeyRow] = &[
                $(crate::KeyRow { pattern: $pattern, value: crate::ValueType::$value },)*
                $(crate::KeyRow { pattern: $prefix_pattern, value: crate::ValueType::String },)*
                $(crate::KeyRow { pattern: $own_pattern, value: crate::ValueType::$own_type },)*
                $(crate::KeyRow { pattern: $tag_pattern, value: crate::ValueType::String },)*
            ];
        }
    };
}

global! {
    keys {
        AssumedRoot "aws:AssumedRoot" "aws:assumedroot" Bool;
        CalledVia "aws:CalledVia" "aws:calledvia" Strings;
        CalledViaFirst "aws:CalledViaFirst" "aws:calledviafirst" String;
        CalledViaLast "aws:CalledViaLast" "aws:calledvialast" String;
        ChatbotSourceArn "aws:ChatbotSourceArn" "aws:chatbotsourcearn" Arn;
        CurrentTime "aws:CurrentTime" "aws:currenttime" Date;
        Ec2InstanceSourcePrivateIPv4 "aws:Ec2InstanceSourcePrivateIPv4" "aws:ec2instancesourceprivateipv4" IpAddress;
        Ec2InstanceSourceVpc "aws:Ec2InstanceSourceVpc" "aws:ec2instancesourcevpc" String;
        EpochTime "aws:EpochTime" "aws:epochtime" Date;
        FederatedProvider "aws:FederatedProvider" "aws:federatedprovider" String;
        MultiFactorAuthAge "aws:MultiFactorAuthAge" "aws:multifactorauthage" Numeric;
        MultiFactorAuthPresent "aws:MultiFactorAuthPresent" "aws:multifactorauthpresent" Bool;
        PrincipalAccount "aws:PrincipalAccount" "aws:principalaccount" String;
        PrincipalArn "aws:PrincipalArn" "aws:principalarn" Arn;
        PrincipalIsAWSService "aws:PrincipalIsAWSService" "aws:principalisawsservice" Bool;
        PrincipalOrgID "aws:PrincipalOrgID" "aws:principalorgid" String;
        PrincipalOrgPaths "aws:PrincipalOrgPaths" "aws:principalorgpaths" Strings;
        PrincipalServiceName "aws:PrincipalServiceName" "aws:principalservicename" String;
        PrincipalServiceNamesList "aws:PrincipalServiceNamesList" "aws:principalservicenameslist" Strings;
        PrincipalType "aws:PrincipalType" "aws:principaltype" String;
        Referer "aws:referer" "aws:referer" String;
        RequestedRegion "aws:RequestedRegion" "aws:requestedregion" String;
        ResourceAccount "aws:ResourceAccount" "aws:resourceaccount" String;
        ResourceOrgID "aws:ResourceOrgID" "aws:resourceorgid" String;
        ResourceOrgPaths "aws:ResourceOrgPaths" "aws:resourceorgpaths" Strings;
        SecureTransport "aws:SecureTransport" "aws:securetransport" Bool;
        SignInSessionArn "aws:SignInSessionArn" "aws:signinsessionarn" Arn;
        SourceAccount "aws:SourceAccount" "aws:sourceaccount" String;
        SourceArn "aws:SourceArn" "aws:sourcearn" Arn;
        SourceIdentity "aws:SourceIdentity" "aws:sourceidentity" String;
        SourceIp "aws:SourceIp" "aws:sourceip" IpAddress;
        SourceOrgID "aws:SourceOrgID" "aws:sourceorgid" String;
        SourceOrgPaths "aws:SourceOrgPaths" "aws:sourceorgpaths" Strings;
        SourceVpc "aws:SourceVpc" "aws:sourcevpc" String;
        SourceVpcArn "aws:SourceVpcArn" "aws:sourcevpcarn" Arn;
        SourceVpce "aws:SourceVpce" "aws:sourcevpce" String;
        TokenIssueTime "aws:TokenIssueTime" "aws:tokenissuetime" Date;
        UserAgent "aws:UserAgent" "aws:useragent" String;
        UserId "aws:userid" "aws:userid" String;
        Username "aws:username" "aws:username" String;
        ViaAWSService "aws:ViaAWSService" "aws:viaawsservice" Bool;
        VpceAccount "aws:VpceAccount" "aws:vpceaccount" String;
        VpceOrgID "aws:VpceOrgID" "aws:vpceorgid" String;
        VpceOrgPaths "aws:VpceOrgPaths" "aws:vpceorgpaths" Strings;
        VpcSourceIp "aws:VpcSourceIp" "aws:vpcsourceip" IpAddress;
    }
    prefix_keys {
        PrincipalTag "aws:PrincipalTag/${TagKey}" "aws:principaltag/";
    }
    with_action {
        TagKeys "aws:TagKeys" "aws:tagkeys" Strings;
    }
    prefix_with_action {
        RequestTag "aws:RequestTag/${TagKey}" "aws:requesttag/";
        ResourceTag "aws:ResourceTag/${TagKey}" "aws:resourcetag/";
    }
}

// Two keys of EC2 travel with an instance's credentials to every service.
impl<S: crate::KeySet> crate::Contains<crate::ec2::key::SourceInstanceARN> for S {}
impl<S: crate::KeySet> crate::Contains<crate::ec2::key::RoleDelivery> for S {}

#[cfg(test)]
mod tests {
    use super::aws;
    use crate::{Key, PrefixKey};

    #[test]
    fn lookup_names_are_the_lower_case_of_the_written_ones() {
        assert_eq!(aws::key::SourceIp::NAME, "aws:sourceip");
        assert_eq!(aws::key::ResourceTag::PREFIX, "aws:resourcetag/");
    }
}
