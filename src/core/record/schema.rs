//! The JSON Schema of a record (draft 2020-12), generated from the record's types.

use serde_json::Value;

use crate::core::record::Record;

/// The schema that every record of this version validates against. Records may contain additional fields, and those of older versions may
/// lack fields that it does not require.
#[must_use]
pub fn record() -> Value {
    schemars::schema_for!(Record).to_value()
}
