//! `orthostat schema`.

use orthostat::core::error::{Error, Result};
use orthostat::core::record::schema;

use super::say;

pub(crate) fn run() -> Result<u8> {
    let text = serde_json::to_string_pretty(&schema::record())
        .map_err(|error| Error::Unwritable { path: "standard output".into(), source: error.into() })?;
    say(&format!("{text}\n"))?;
    Ok(0)
}
