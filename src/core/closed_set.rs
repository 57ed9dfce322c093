//! Closed sets: enums whose members have one fixed name each, in records, in the schema and in texts.

/// Defines enums with their names: `name` returns the name, serde reads and writes it, and the JSON Schema lists it.
macro_rules! closed_set {
    ($($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $member:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$what])* #[serde(rename = $word)] $member,)+
        }

        impl $name {
            /// The name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    )+};
}
