//! Whole outputs, reviewed once and compared since. They are made from a committed record, so they do not depend on a processor's
//! rounding.

use orthostat::core::record::Record;
use orthostat::report;

fn committed(name: &str) -> Record {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("committed")).expect("a record")
}

#[test]
fn the_table_of_a_tilted_person() {
    insta::assert_snapshot!(report::text::table(&committed("anterior-tilted.json")));
}

#[test]
fn the_table_of_a_person_cut_off_at_the_knees() {
    insta::assert_snapshot!(report::text::table(&committed("cropped-at-the-knees.json")));
}

#[test]
fn the_table_of_a_side_view() {
    insta::assert_snapshot!(report::text::table(&committed("lateral-left.json")));
}

#[test]
fn the_table_of_a_comparison() {
    let (before, after) = (committed("anterior-tilted.json"), committed("cropped-at-the-knees.json"));
    let comparison = orthostat::core::compare::change::compare(&before, &after).expect("comparable");
    insta::assert_snapshot!(report::changes::comparison("before.json", "after.json", &comparison));
}

#[test]
fn a_record_survives_reading_and_writing() {
    for name in ["anterior-tilted.json", "cropped-at-the-knees.json", "lateral-left.json"] {
        let record = committed(name);
        let again: Record = serde_json::from_str(&serde_json::to_string(&record).expect("written")).expect("read");
        assert_eq!(record, again, "{name}");
    }
}

#[test]
fn the_help_of_both_programs() {
    use clap::CommandFactory;
    let mut program = orthostat::app::cli::Cli::command();
    insta::assert_snapshot!("help", program.render_long_help());
    let analyze = program.find_subcommand_mut("analyze").expect("a command");
    insta::assert_snapshot!("help-analyze", analyze.render_long_help());
    for name in ["batch", "compare", "history", "recompute", "edit"] {
        let command = program.find_subcommand_mut(name).expect("a command");
        insta::assert_snapshot!(format!("help-{name}"), command.render_long_help());
    }
    insta::assert_snapshot!("help-live", orthostat::app::cli::Live::command().render_long_help());
}
