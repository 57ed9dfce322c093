//! The identity of a photo: the hash of its file.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// BLAKE3 hash of a photo's file, in hexadecimal; of a de-identified batch, a keyed one. It is never empty: what was measured
/// without a file, such as a webcam frame, has no hash, and is no other's photo.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct PhotoHash(String);

impl PhotoHash {
    /// The hash given as text; `None` for an empty one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The hash of a file's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        blake3::hash(bytes).into()
    }

    /// In hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<blake3::Hash> for PhotoHash {
    fn from(hash: blake3::Hash) -> Self {
        Self(hash.to_hex().to_string())
    }
}

impl std::fmt::Display for PhotoHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads an optional hash; older versions wrote an empty text for a missing one.
pub(crate) fn none_if_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PhotoHash>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.as_deref().and_then(PhotoHash::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hash_is_empty() {
        assert_eq!(PhotoHash::new(""), None);
        let hash = PhotoHash::of(b"bytes");
        assert_eq!((hash.as_str().len(), PhotoHash::new(hash.as_str())), (64, Some(hash)));
    }
}
