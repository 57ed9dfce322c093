//! The JSON Schema of a record (draft 2020-12), made from the record's own types.

use serde_json::Value;

use crate::core::record::Record;

/// The schema that every record of this version validates against. Records may hold more fields than it names, and those of
/// older versions may lack the ones that it does not require.
#[must_use]
pub fn record() -> Value {
    schemars::schema_for!(Record).to_value()
}
