//! Content of pages besides the measures, read once: clinic, logo, notes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orthostat::app::cli::Looks;
use orthostat::core::error::{Error, Result};
use orthostat::report::html::Look;

/// The largest size of a logo in bytes: it is embedded in every page.
const MOST_BYTES: usize = 1_000_000;

/// Clinic, logo and notes of the pages.
#[derive(Debug, Default)]
pub(crate) struct Furniture {
    clinic: Option<String>,
    logo: Option<String>,
    notes: Option<String>,
}

impl Furniture {
    /// Reads the logo.
    ///
    /// # Errors
    /// [`Error::Unreadable`]; [`Error::NotAPicture`]; [`Error::TooManyBytes`].
    pub(crate) fn of(looks: &Looks) -> Result<Self> {
        let logo = match &looks.logo {
            None => None,
            Some(path) => {
                let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
                if bytes.len() > MOST_BYTES {
                    let (bytes, limit) = (bytes.len() as u64, MOST_BYTES as u64);
                    return Err(Error::TooManyBytes { path: path.clone(), bytes, limit });
                }
                let kind = match &bytes[..] {
                    [0x89, b'P', b'N', b'G', ..] => "image/png",
                    [0xff, 0xd8, ..] => "image/jpeg",
                    [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
                    _ => {
                        let reason = "expected a logo in PNG, JPEG or WebP, found something else".into();
                        return Err(Error::NotAPicture { path: path.clone(), reason, source: None });
                    }
                };
                Some(format!("data:{kind};base64,{}", STANDARD.encode(&bytes)))
            }
        };
        Ok(Self { clinic: looks.clinic.clone(), logo, notes: looks.notes.clone() })
    }

    /// In the form needed by pages.
    pub(crate) fn look(&self) -> Look<'_> {
        Look { clinic: self.clinic.as_deref(), logo: self.logo.as_deref(), notes: self.notes.as_deref() }
    }
}
