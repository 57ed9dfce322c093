//! Every record written by a command validates against the schema printed by `orthostat schema`.

use std::path::Path;

use crate::support::{orthostat, repository};
use orthostat::core::record::Record;
use serde_json::{Value, json};

fn printed() -> jsonschema::Validator {
    let output = orthostat(&["schema"]);
    assert!(output.status.success());
    let schema: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn validates(validator: &jsonschema::Validator, record: &Value, name: &str) {
    let found: Vec<String> =
        validator.iter_errors(record).map(|error| format!("{}: {error:.300}", error.instance_path())).collect();
    assert!(found.is_empty(), "{name}: {found:#?}");
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON")
}

#[test]
fn committed_records_validate_those_of_older_versions_too_and_are_read() {
    let validator = printed();
    let mut older = 0;
    for folder in ["samples/expected", "tests/fixtures/records"] {
        for entry in std::fs::read_dir(repository(folder)).expect("committed").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            validates(&validator, &json(&entry.path()), &name);
            let record = Record::open(&entry.path()).expect("read");
            if name.starts_with("older-") {
                older += 1;
                assert!(record.observation.is_none() && record.measures.values().any(|m| m.value.is_some()));
                // A record of an older version can still be shown and exported.
                assert!(orthostat::report::text::table(&record).contains("+-"));
                assert!(
                    !orthostat::report::fhir::bundle(&record, &Default::default())["entry"]
                        .as_array()
                        .expect("entries")
                        .is_empty()
                );
            }
        }
    }
    assert!(older >= 2);
}

#[test]
fn what_analyze_and_recompute_write_validates() {
    let validator = printed();
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let out = at("out").display().to_string();
    let points = at("points.json");
    std::fs::write(&points, r#"{"left_shoulder": [373.5, 490], "left_acromion": {"x": 368, "y": 470, "sd_px": 1}, "right_acromion": [548, 480]}"#)
        .expect("written");
    let points = points.display().to_string();
    let photo = repository("samples/anterior-tilted.jpg").display().to_string();
    let options = ["--points", &points, "--height-cm", "175", "--plumb", "500,100,503,1300", "--mirrored"];
    let printed = orthostat(&[&["analyze", &photo, "--json", "--readings", "2", "--out", &out], &options[..]].concat());
    let line: Value = serde_json::from_slice(&printed.stdout).expect("one record");
    validates(&validator, &line, "analyze --json");
    assert_eq!(line["measures"]["acromial_tilt"]["by"], "hand");
    let file = at("out").join("anterior-tilted.json");
    assert_eq!(json(&file), line);
    let again = orthostat(&["recompute", "--json", &file.display().to_string(), "--no-points", "--plumb", "none"]);
    let line: Value = serde_json::from_slice(&again.stdout).expect("one record");
    validates(&validator, &line, "recompute --json");
    assert!(line["measures"].get("acromial_tilt").is_none());
}

#[test]
fn the_schema_names_every_state_that_a_record_can_hold() {
    let validator = printed();
    let good = json(&repository("samples/expected/anterior-tilted.json"));
    let holds = |change: &dyn Fn(&mut Value)| {
        let mut record = good.clone();
        change(&mut record);
        validator.is_valid(&record)
    };
    for from in ["plumb", "roll", "gravity", "verticals", "floor", "none"] {
        assert!(holds(&|record| record["camera"]["level_from"] = json!(from)), "{from}");
        let output = orthostat(&["schema"]);
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(&format!("\"{from}\"")),
            "the schema does not name {from}"
        );
    }
    assert!(!holds(&|record| record["camera"]["level_from"] = json!("ether")));
    // A webcam check has no file; older versions wrote an empty hash.
    assert!(holds(&|record| record["source"]["blake3"] = Value::Null));
    assert!(holds(&|record| record["source"]["blake3"] = json!("")));
    assert!(!holds(&|record| drop(record["source"].as_object_mut().expect("a source").remove("blake3"))));
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let validator = printed();
    let good = json(&repository("samples/expected/anterior-tilted.json"));
    let spoilt = |change: &dyn Fn(&mut Value)| {
        let mut record = good.clone();
        change(&mut record);
        assert!(!validator.is_valid(&record));
    };
    spoilt(&|record| record["schema"] = json!("orthostat/2"));
    spoilt(&|record| record["landmarks"]["nose"]["x"] = json!("left"));
    spoilt(&|record| record["measures"]["head_tilt"]["unit"] = Value::Null);
    spoilt(&|record| record["sighting"]["joints"]["nose"] = json!([1.0, 2.0]));
    spoilt(&|record| record["subject"]["box"] = json!([1, 2, 3]));
    spoilt(&|record| {
        record.as_object_mut().expect("a record").remove("quality");
    });
}
