//! The macro that the generated service modules are written in: one line an action, kind or key.

macro_rules! service {
    (
        $service:literal
        keys { $($key:ident $key_pattern:literal $key_name:literal $key_type:ident;)* }
        prefix_keys { $($prefix_key:ident $prefix_pattern:literal $prefix:literal $prefix_type:ident;)* }
        pattern_keys { $($pattern_key:ident $pattern:literal $pattern_type:ident;)* }
        kinds { $($kind:ident $kind_name:literal $kind_arn:literal;)* }
        foreign_kinds { $($foreign:path;)* }
        key_sets { $($set:ident [$($member:path,)*];)* }
        actions { $($action:ident $access:ident $keys:ident $($wild:literal)? [$($on:ident)*] [$($may:ident)*] [$($also:literal)*];)* }
    ) => {
        /// Condition keys that belong to this service.
        pub mod key {
            $(#[doc = concat!("`", $key_pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $key;
              impl crate::AnyKey for $key { const PATTERN: &'static str = $key_pattern; const TYPE: crate::ValueType = crate::ValueType::$key_type; }
              impl crate::Key for $key { const NAME: &'static str = $key_name; })*
            $(#[doc = concat!("`", $prefix_pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $prefix_key;
              impl crate::AnyKey for $prefix_key { const PATTERN: &'static str = $prefix_pattern; const TYPE: crate::ValueType = crate::ValueType::$prefix_type; }
              impl crate::PrefixKey for $prefix_key { const PREFIX: &'static str = $prefix; })*
            $(#[doc = concat!("`", $pattern, "`")] #[derive(Clone, Copy, Debug)] pub struct $pattern_key;
              impl crate::AnyKey for $pattern_key { const PATTERN: &'static str = $pattern; const TYPE: crate::ValueType = crate::ValueType::$pattern_type; })*
        }

        /// Resource kinds that this service's actions take.
        pub mod kind {
            $(#[doc = concat!("`", $kind_arn, "`")] #[derive(Clone, Copy, Debug)] pub struct $kind;
              impl crate::Kind for $kind { const NAME: &'static str = $kind_name; const ARN: &'static str = $kind_arn; })*
            $(pub use $foreign;)*
        }

        mod set {
            #[allow(unused_imports, reason = "not every service's keys name both")]
            use {super::key, crate::aws::key as aws};
            $(#[derive(Debug)] pub struct $set;
              impl crate::KeySet for $set { const PATTERNS: &'static [&'static str] = &[$(<$member as crate::AnyKey>::PATTERN),*]; }
              $(impl crate::Contains<$member> for $set {})*)*
        }

        $(#[doc = concat!("`", $service, ":", stringify!($action), "`")] #[derive(Clone, Copy, Debug)] pub struct $action;
          impl crate::Action for $action {
              const NAME: &'static str = concat!($service, ":", stringify!($action));
              const ACCESS: crate::Access = crate::Access::$access;
              type Keys = set::$keys;
          }
          $(impl crate::On<kind::$on> for $action {})*
          $(impl crate::On<kind::$may> for $action {})*
          $(#[doc = $wild] impl crate::Wildcard for $action {})?)*

        /// Every action of this service, sorted by name.
        pub static ALL: &[crate::ActionRow] = &[$(crate::ActionRow {
            name: <$action as crate::Action>::NAME,
            access: crate::Access::$access,
            wildcard: false $(|| !$wild.is_empty())?,
            resources: &[
                $(crate::ResourceRow { kind: <kind::$on as crate::Kind>::NAME, required: true },)*
                $(crate::ResourceRow { kind: <kind::$may as crate::Kind>::NAME, required: false },)*
            ],
            keys: <set::$keys as crate::KeySet>::PATTERNS,
            dependent: &[$($also),*],
        }),*];

        /// Every resource kind of this service.
        pub static KINDS: &[crate::KindRow] = &[
            $(crate::KindRow { name: $kind_name, arn: $kind_arn },)*
            $(crate::KindRow { name: <$foreign as crate::Kind>::NAME, arn: <$foreign as crate::Kind>::ARN },)*
        ];

        /// Every condition key whose name begins with this service's prefix, and its identity providers' keys.
        pub static KEYS: &[crate::KeyRow] = &[
            $(crate::KeyRow { pattern: $key_pattern, value: crate::ValueType::$key_type },)*
            $(crate::KeyRow { pattern: $prefix_pattern, value: crate::ValueType::$prefix_type },)*
            $(crate::KeyRow { pattern: $pattern, value: crate::ValueType::$pattern_type },)*
        ];
    };
}
