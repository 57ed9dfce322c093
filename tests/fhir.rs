//! FHIR bundles compared with the official R4 schema and with the allowed codes.

use std::collections::BTreeSet;
use std::io::Read;

use crate::support::{orthostat, repository};
use orthostat::core::measure::Measure;
use orthostat::core::record::Record;
use orthostat::report::fhir;
use serde_json::{Value, json};

/// The schema published by HL7, see `tests/fixtures/fhir/README.md`.
fn official() -> jsonschema::Validator {
    let packed = std::fs::read(repository("tests/fixtures/fhir/fhir.schema.json.gz")).expect("committed");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("unpacked");
    assert_eq!(
        blake3::hash(&text).to_hex().as_str(),
        "dd2a1fe3a1af38bde8b369246fe272e0329f375139f2a6698d5cea4f9de6ada5"
    );
    let schema: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(schema["definitions"].as_object().expect("definitions").len(), 680);
    jsonschema::draft6::new(&schema).expect("a schema")
}

fn complaints(validator: &jsonschema::Validator, bundle: &Value) -> Vec<String> {
    validator.iter_errors(bundle).map(|error| format!("{}: {error:.300}", error.instance_path())).collect()
}

/// Every committed record, and some with all possible fields.
fn records() -> Vec<Record> {
    let mut records: Vec<Record> = ["samples/expected", "tests/fixtures/records"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(repository(folder)).expect("committed").flatten())
        .map(|entry| Record::open(&entry.path()).expect("a record"))
        .collect();
    assert!(records.len() >= 12);
    for (name, points) in [
        ("anterior-tilted", r#"{"left_asis": [565, 650], "right_asis": [480, 655], "left_shoulder": [545, 480]}"#),
        ("lateral-left", r#"{"c7": [505, 565]}"#),
    ] {
        let path = repository("samples/expected").join(name).with_extension("json");
        let record = Record::open(&path).expect("a record");
        let mut options = record.options();
        options.height_mm = Some(1750.0);
        options.mirrored = true;
        options.points =
            orthostat::core::points::Points::from_json(points.as_bytes(), "points.json".as_ref()).expect("points");
        let mut edited = orthostat::core::recompute::recompute(&record, &path, &options).expect("measured");
        edited.edited = Some(orthostat::core::record::Edited { points: vec!["c7".into()], from: "0".repeat(64) });
        records.push(edited);
    }
    records
}

#[test]
fn bundles_validate_against_the_official_r4_schema() {
    let validator = official();
    for record in records() {
        let found = complaints(&validator, &fhir::bundle(&record, &fhir::Filing::default()));
        assert!(found.is_empty(), "{}: {found:#?}", record.id);
    }
}

#[test]
fn the_official_schema_refuses_what_is_no_bundle() {
    let validator = official();
    let good = fhir::bundle(&records()[0], &fhir::Filing::default());
    let spoil = |change: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        assert!(!complaints(&validator, &bundle).is_empty());
    };
    spoil(&|bundle| bundle["resourceType"] = json!("Bundel"));
    spoil(&|bundle| bundle["type"] = json!("pile"));
    spoil(&|bundle| bundle["entry"][2]["resource"]["status"] = json!("good"));
    spoil(&|bundle| bundle["entry"][2]["resource"]["valueQuantity"]["value"] = json!("2.1"));
    spoil(&|bundle| bundle["entry"][2]["resource"]["score"] = json!(3));
}

/// Each coding and unit of a bundle, as `system code`.
fn codes(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let (Some(system), Some(code)) =
                (fields.get("system").and_then(Value::as_str), fields.get("code").and_then(Value::as_str))
            {
                found.insert(format!("{system} {code}"));
            }
            fields.values().for_each(|value| codes(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| codes(value, found)),
        _ => {}
    }
}

#[test]
fn only_verified_codes_are_used() {
    let mut allowed: BTreeSet<String> =
        ["deg", "%", "mm", "cm"].map(|unit| format!("http://unitsofmeasure.org {unit}")).into();
    allowed.insert("http://terminology.hl7.org/CodeSystem/data-absent-reason not-performed".into());
    // Only body height has a standard code.
    allowed.insert("http://loinc.org 8302-2".into());
    allowed.insert("http://terminology.hl7.org/CodeSystem/observation-category vital-signs".into());
    allowed.extend(Measure::ALL.map(|measure| format!("{} {}", fhir::CODES, measure.name())));
    allowed.extend(["interval95", "sd", "raw", "value_mm"].map(|part| format!("{} {part}", fhir::CODES)));
    let mut found = BTreeSet::new();
    for record in records() {
        let bundle = fhir::bundle(&record, &fhir::Filing::default());
        codes(&bundle, &mut found);
        let systems: Vec<&str> = bundle["entry"]
            .as_array()
            .expect("entries")
            .iter()
            .filter(|entry| entry["resource"]["resourceType"] == "CodeSystem")
            .flat_map(|entry| entry["resource"]["concept"].as_array().expect("concepts"))
            .map(|concept| concept["code"].as_str().expect("a code"))
            .collect();
        // A bundle defines the local codes it uses.
        let mut own = BTreeSet::new();
        codes(&bundle, &mut own);
        for code in own.iter().filter_map(|code| code.strip_prefix(&format!("{} ", fhir::CODES))) {
            assert!(systems.contains(&code), "{code}");
        }
    }
    assert!(found.is_subset(&allowed), "{:?}", found.difference(&allowed).collect::<Vec<_>>());
    assert!(found.len() > 25, "{found:?}");
}

#[test]
fn each_measure_is_an_observation_with_its_value_or_the_reason() {
    for record in records() {
        let bundle = fhir::bundle(&record, &fhir::Filing::default());
        let entries = bundle["entry"].as_array().expect("entries");
        let urls: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
        assert_eq!(urls.len(), entries.len(), "every entry has a name of its own");
        let observations: Vec<&Value> = entries
            .iter()
            .map(|entry| &entry["resource"])
            .filter(|resource| resource["resourceType"] == "Observation" && resource["category"].is_null())
            .collect();
        assert_eq!(observations.len(), record.measures.len());
        for observation in observations {
            let name = observation["code"]["coding"][0]["code"].as_str().expect("a code");
            let measure = &record.measures[name];
            assert!(urls.contains(observation["device"]["reference"].as_str().expect("a device")));
            assert_eq!(observation["valueQuantity"]["value"].as_f64(), measure.value, "{name}");
            let reason = observation["dataAbsentReason"]["text"].as_str().map(str::to_owned);
            assert_eq!((reason.is_some(), reason), (measure.value.is_none(), measure.reason.clone()), "{name}");
            assert_eq!(observation["status"], if record.edited.is_some() { "amended" } else { "final" });
            let method = observation["method"]["text"].as_str().expect("a method");
            assert!(method.contains(&record.tool.model_blake3) && method.contains(&record.tool.version));
            assert_eq!(method.contains("by hand"), measure.by.is_some(), "{name}: {method}");
        }
    }
}

#[test]
fn the_program_prints_and_writes_bundles() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let photo = repository("samples/cropped-at-the-knees.jpg").display().to_string();
    let validator = official();
    let printed = orthostat(&["analyze", "--fhir", &photo]);
    let bundle: Value = serde_json::from_slice(&printed.stdout).expect("one bundle");
    assert!(complaints(&validator, &bundle).is_empty());
    let written = orthostat(&["analyze", "--fhir", &photo, "--out", &out]);
    assert!(written.status.code() == printed.status.code() && written.stdout.is_empty());
    let file = folder.path().join("cropped-at-the-knees.fhir.json");
    let found: Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert_eq!(found, bundle);
    // A folder of records and bundles is recomputed: the bundles are not records.
    let again = orthostat(&["recompute", "--fhir", &out]);
    assert_eq!(serde_json::from_slice::<Value>(&again.stdout).expect("one bundle"), bundle);
    assert_eq!(orthostat(&["analyze", "--fhir", "--json", &photo]).status.code(), Some(2));
}

#[test]
fn bundles_say_nothing_that_no_user_should_read() {
    for record in records() {
        let text = fhir::bundle(&record, &fhir::Filing::default()).to_string().to_lowercase();
        for forbidden in ["scoliosis", "abnormal", "risk", "screening", "diagnosis", "nan", "snomed"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        assert_eq!(text.matches("loinc").count(), usize::from(record.given.height_mm.is_some()));
        assert!(text.contains("does not diagnose"));
    }
}

#[test]
fn a_bundle_is_filed_under_its_patient_day_and_device_and_as_a_transaction() {
    let validator = official();
    let filing = fhir::Filing {
        patient: Some("Patient/123".into()),
        effective: Some("2026-03-01".into()),
        device: Some("Device/7".into()),
        transaction: true,
    };
    for record in records() {
        let bundle = fhir::bundle(&record, &filing);
        let found = complaints(&validator, &bundle);
        assert!(found.is_empty(), "{}: {found:#?}", record.id);
        assert_eq!(bundle["type"], "transaction");
        for entry in bundle["entry"].as_array().expect("entries") {
            let resource = &entry["resource"];
            assert_eq!(entry["request"]["url"], resource["resourceType"]);
            assert_ne!(resource["resourceType"], "Device", "the receiver has it");
            if resource["resourceType"] == "Observation" {
                assert_eq!(resource["subject"]["reference"], "Patient/123");
                assert_eq!(resource["effectiveDateTime"], "2026-03-01");
                assert!(resource["device"].is_null() || resource["device"]["reference"] == "Device/7");
            }
        }
    }
    // The intake list is used if no other value is given.
    let mut record = records().remove(0);
    let columns = [("Patient".to_owned(), "Patient/9".to_owned()), ("device".to_owned(), "no reference".to_owned())];
    record.intake = Some(orthostat::core::record::Intake {
        visit_date: Some("2026-02-03".into()),
        columns: columns.into_iter().collect(),
        ..Default::default()
    });
    let bundle = fhir::bundle(&record, &fhir::Filing::default());
    let observation = &bundle["entry"][2]["resource"];
    assert_eq!(observation["subject"]["reference"], "Patient/9");
    assert_eq!(observation["effectiveDateTime"], "2026-02-03");
    assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "Device");
    assert_eq!(bundle["type"], "collection");
    for wrong in ["", "123", "Patient/", "patient/1", "Patient/a b", "javascript:x"] {
        assert!(fhir::reference(wrong).is_err(), "{wrong}");
    }
}
