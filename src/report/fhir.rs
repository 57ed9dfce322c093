//! A record as a FHIR R4 Bundle: one Observation per measure, the program as Device, and the codes in a CodeSystem of their own.
//!
//! No LOINC or SNOMED CT code for these measures was found, so none is used: a wrong code is worse than a local one. Units are UCUM; only
//! body height has a LOINC code. Nothing in a record names the patient: reference, day and device come from a [`Filing`] or from the
//! intake list; otherwise whoever files the bundle adds them. The same record gives the same bundle, with identifiers derived from its
//! content.

use serde_json::{Value, json};

use super::CAUTION;
use super::words::view_words;
use crate::core::camera::LevelFrom;
use crate::core::measure::{Measure, Unit};
use crate::core::photo_hash::PhotoHash;
use crate::core::record::states::PointsBy;
use crate::core::record::{MeasureRecord, Record};

/// The code system of the measures and of their components.
pub const CODES: &str = "urn:x-orthostat:measure";
/// The photo's identifier: BLAKE3 of its file.
pub const PHOTO: &str = "urn:x-orthostat:photo:blake3";
/// The record's identifier.
pub const RECORD: &str = "urn:x-orthostat:record";
const UCUM: &str = "http://unitsofmeasure.org";
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

/// The components of a value: code, display, definition.
const PARTS: [(&str, &str, &str); 4] = [
    ("interval95", "95 % interval", "Holds the true value in 95 of 100 cases."),
    ("sd", "standard deviation", "Standard deviation of the value's error."),
    ("raw", "raw value", "The value as it stands in the picture, against its edges."),
    (
        "value_mm",
        "value in millimetres",
        "The value in the plane of the body, scaled by the stature that was given, or by the spacing of pixels that the photo's file records.",
    ),
];

/// How a bundle is filed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filing {
    /// The reference to the patient, such as `Patient/123`; else that of the intake list's column `patient`.
    pub patient: Option<String>,
    /// When the photo was taken, as `YYYY-MM-DD`; else the intake list's visit date.
    pub effective: Option<String>,
    /// The reference to a Device that the receiver already has; else that of the intake list's column `device`, else one in the bundle.
    pub device: Option<String>,
    /// Whether the bundle is a transaction, which a server carries out, and not a collection.
    pub transaction: bool,
}

impl Filing {
    /// Fills missing fields from the record's intake list.
    fn of(&self, record: &Record) -> Self {
        let intake = record.intake.as_ref();
        let column = |name: &str| {
            let columns = intake.map(|intake| &intake.columns)?;
            let (_, value) = columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            reference(value).ok()
        };
        Self {
            patient: self.patient.clone().or_else(|| column("patient")),
            effective: self.effective.clone().or_else(|| intake.and_then(|intake| intake.visit_date.clone())),
            device: self.device.clone().or_else(|| column("device")),
            transaction: self.transaction,
        }
    }
}

/// A valid FHIR reference: `Patient/123`, an address, or a `urn:`.
///
/// # Errors
/// One sentence for the user.
pub fn reference(text: &str) -> Result<String, String> {
    let id = |id: &str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    };
    let relative = text.split_once('/').is_some_and(|(kind, rest)| {
        kind.starts_with(|letter: char| letter.is_ascii_uppercase())
            && kind.bytes().all(|b| b.is_ascii_alphabetic())
            && id(rest)
    });
    let plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let absolute = plain && ["urn:uuid:", "urn:oid:", "https://", "http://"].iter().any(|head| text.starts_with(head));
    if relative || absolute {
        Ok(text.to_owned())
    } else {
        Err(format!("expected a FHIR reference such as Patient/123, found \"{text}\""))
    }
}

/// The bundle of one record.
#[must_use]
pub fn bundle(record: &Record, filing: &Filing) -> Value {
    let filing = filing.of(record);
    let own_device = urn(record, "device");
    let device = filing.device.clone().unwrap_or_else(|| own_device.clone());
    let measured: Vec<(Measure, &MeasureRecord)> =
        Measure::ALL.into_iter().filter_map(|measure| Some((measure, record.measure(measure)?))).collect();
    let entry = |url: &str, resource: Value| entry(url, resource, filing.transaction);
    let mut entries = Vec::new();
    if filing.device.is_none() {
        entries.push(entry(&own_device, device_of(record)));
    }
    entries.push(entry(&urn(record, "codes"), code_system(&measured)));
    for (measure, found) in measured {
        let mut resource = observation(record, measure, found, &device);
        file(&mut resource, &filing);
        entries.push(entry(&urn(record, measure.name()), resource));
    }
    if let Some(mm) = record.given.height_mm {
        let mut resource = body_height(mm);
        file(&mut resource, &filing);
        entries.push(entry(&urn(record, "body-height"), resource));
    }
    json!({
        "resourceType": "Bundle",
        "identifier": {"system": RECORD, "value": record.id},
        "type": if filing.transaction { "transaction" } else { "collection" },
        "entry": entries,
    })
}

/// An entry; in a transaction with the request to the server. The codes are created only once.
fn entry(url: &str, resource: Value, transaction: bool) -> Value {
    let kind = resource["resourceType"].as_str().unwrap_or_default().to_owned();
    let mut entry = json!({"fullUrl": url, "resource": resource});
    if transaction {
        entry["request"] = json!({"method": "POST", "url": kind});
        if kind == "CodeSystem" {
            entry["request"]["ifNoneExist"] = format!("url={CODES}").into();
        }
    }
    entry
}

/// Adds the subject and the time of an observation.
fn file(observation: &mut Value, filing: &Filing) {
    if let Some(patient) = &filing.patient {
        observation["subject"] = json!({"reference": patient});
    }
    if let Some(day) = &filing.effective {
        observation["effectiveDateTime"] = day.clone().into();
    }
}

/// The given stature, which has a standard code.
fn body_height(mm: f64) -> Value {
    let category = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs", "display": "Vital Signs"}]});
    json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [category],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2", "display": "Body height"}], "text": "body height"},
        "valueQuantity": quantity((mm.round()) / 10.0, "cm"),
        "note": [{"text": "as it was told to the program, which did not measure it"}],
    })
}

/// A name-based UUID (RFC 9562, version 8) of one part of a record.
fn urn(record: &Record, part: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    let photo = record.source.blake3.as_ref().map_or("", PhotoHash::as_str);
    for text in [photo, &record.id, &record.tool.version, &record.tool.model_blake3, part] {
        hasher.update(text.as_bytes()).update(&[0]);
    }
    // Includes the measures: an edited record is a different one.
    let measures = serde_json::to_vec(&(&record.measures, &record.edited)).unwrap_or_default();
    let hash = hasher.update(&measures).finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn device_of(record: &Record) -> Value {
    json!({
        "resourceType": "Device",
        "deviceName": [{"name": "Orthostat", "type": "user-friendly-name"}],
        "version": [{"value": record.tool.version}],
        "note": [{"text": CAUTION}],
    })
}

fn definition(measure: Measure) -> String {
    let [positive, negative] = measure.says();
    let unit = match measure.unit().of() {
        Some(of) => format!("Percent of {of}."),
        None => "Degrees.".to_owned(),
    };
    if positive.is_empty() {
        unit
    } else {
        format!("{unit} Positive: {positive}; negative: {negative}. Sides are the subject's own.")
    }
}

/// The codes used in this bundle, so that it is self-contained.
fn code_system(measured: &[(Measure, &MeasureRecord)]) -> Value {
    let concept = |code: &str, display: &str, definition: &str| json!({"code": code, "display": display, "definition": definition});
    let mut concepts: Vec<Value> =
        measured.iter().map(|(measure, _)| concept(measure.name(), measure.label(), &definition(*measure))).collect();
    concepts.extend(PARTS.iter().map(|(code, display, words)| concept(code, display, words)));
    json!({
        "resourceType": "CodeSystem",
        "url": CODES,
        "name": "OrthostatMeasures",
        "status": "active",
        "content": "fragment",
        "concept": concepts,
    })
}

fn code(code: &str, display: &str) -> Value {
    json!({"coding": [{"system": CODES, "code": code, "display": display}], "text": display})
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({"value": value, "unit": unit, "system": UCUM, "code": unit})
}

fn observation(record: &Record, measure: Measure, found: &MeasureRecord, device: &str) -> Value {
    let unit = if measure.unit() == Unit::Degrees { "deg" } else { "%" };
    let mut observation = json!({
        "resourceType": "Observation",
        "status": if record.edited.is_some() { "amended" } else { "final" },
        "code": code(measure.name(), measure.label()),
        "method": {"text": method(record, found)},
        "device": {"reference": device},
    });
    let fields = &mut observation;
    if let Some(photo) = &record.source.blake3 {
        fields["derivedFrom"] = json!([{"type": "Media", "identifier": {"system": PHOTO, "value": photo}}]);
    }
    match found.value {
        Some(value) => fields["valueQuantity"] = quantity(value, unit),
        None => {
            fields["dataAbsentReason"] = json!({
                "coding": [{"system": ABSENT, "code": "not-performed", "display": "Not Performed"}],
                "text": found.reason,
            });
        }
    }
    let part = |index: usize, key: &str, value: Value| {
        let (name, display, _) = PARTS[index];
        json!({"code": code(name, display), key: value})
    };
    let mut components = Vec::new();
    if let Some([low, high]) = found.interval95 {
        let range = json!({"low": quantity(low, unit), "high": quantity(high, unit)});
        components.push(part(0, "valueRange", range));
    }
    for (index, value, unit) in [(1, found.sd, unit), (2, found.raw, unit), (3, found.value_mm, "mm")] {
        components.extend(value.map(|value| part(index, "valueQuantity", quantity(value, unit))));
    }
    if !components.is_empty() {
        fields["component"] = components.into();
    }
    let mut notes: Vec<Value> = found.words.iter().map(|words| json!({"text": words})).collect();
    notes.push(json!({"text": conditions(record)}));
    notes.extend(record.quality.flags.iter().map(|flag| json!({"text": flag.text})));
    fields["note"] = notes.into();
    observation
}

fn method(record: &Record, found: &MeasureRecord) -> String {
    let tool = &record.tool;
    let points = match found.by {
        None => "",
        Some(PointsBy::Hand) => "; all its points placed by hand",
        Some(PointsBy::HandAndModel) => "; some of its points placed by hand",
    };
    format!(
        "one photograph; Orthostat {}, model {} (BLAKE3 {}), {} readings{points}",
        tool.version, tool.model, tool.model_blake3, tool.readings
    )
}

/// How the photo was taken.
fn conditions(record: &Record) -> String {
    let level = match record.camera.level_from {
        LevelFrom::Nothing => "not levelled".to_owned(),
        from => format!("levelled by {}, standard deviation {} deg", from.name(), record.camera.level_sd_deg),
    };
    format!("{}; {level}", view_words(record))
}
