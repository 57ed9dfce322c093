//! An intake list: a CSV file that names the photos and the known data of each.
//!
//! Columns, any subset that includes `path`, in any order, header required: `path` (relative to the list's own folder), `id`, `subject`,
//! `view`, `mirrored`, `height_cm`, `visit_date`, `plumb` (`x1,y1,x2,y2`), `region` (`x,y,w,h`), `notes`. Other columns are copied to the
//! outputs. Separator: comma, semicolon or tab, whichever is most frequent in the header.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use super::input::is_left_out;
use super::plan::{Job, Plan};
use crate::core::body::view::View;
use crate::core::camera::{UserCalibration, plumb_line};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::{names, options};

/// The columns with a defined meaning.
pub const COLUMNS: [&str; 10] =
    ["path", "id", "subject", "view", "mirrored", "height_cm", "visit_date", "plumb", "region", "notes"];

/// Reads an intake list, whose photos must not lie in `output`. Errors are collected in [`Plan::problems`], and doubtful entries (a
/// column name similar to a known one, a day after `today`) in [`Plan::questions`]; `options` applies where a cell is empty.
///
/// # Errors
/// [`Error::Unreadable`]; [`Error::Usage`] when it is no such list at all.
pub fn read(path: &Path, options: &options::Options, output: Option<&Path>, today: Date) -> Result<Plan> {
    let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
    let usage = |what: String| Error::Usage { reason: format!("{}: {what}", path.display()) };
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        usage(format!("expected a CSV list in UTF-8, found other bytes in line {line}; save it as \"CSV UTF-8\""))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.lines().next().unwrap_or_default();
    let separator =
        [b',', b';', b'\t'].into_iter().max_by_key(|&c| (header.bytes().filter(|&b| b == c).count(), c == b','));
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(separator.unwrap_or(b','))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let names: Vec<String> = rows
        .headers()
        .map_err(|error| usage(format!("expected a CSV list with a header: {error}")))?
        .iter()
        .map(|name| {
            let lower = name.to_lowercase();
            if COLUMNS.contains(&lower.as_str()) { lower } else { name.to_owned() }
        })
        .collect();
    if !names.iter().any(|name| name == "path") {
        let found = names.join(", ");
        return Err(usage(format!("expected a header with a column \"path\", found the columns: {found}")));
    }
    let known = |name: &String| COLUMNS.contains(&name.as_str()) && name != "notes";
    let carried = names.iter().filter(|name| !known(name) && !name.is_empty()).cloned().collect();
    let mut plan = Plan { carried, ..Plan::default() };
    doubts(path, &names, &mut plan);
    for (line, what) in unsound_quotes(text, separator.map_or(',', char::from)) {
        plan.problems.push(format!("{}, line {line}: {what}", path.display()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut ids: HashMap<String, u64> = HashMap::new();
    for row in rows.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(1, |at| line_of(text, at.byte()));
                plan.problems.push(format!("{}, line {line}: expected a row of CSV: {error}", path.display()));
                continue;
            }
        };
        let line = row.position().map_or(0, |at| line_of(text, at.byte()));
        let mut problem = |what: String| plan.problems.push(format!("{}, line {line}: {what}", path.display()));
        if row.len() != names.len() {
            problem(format!("expected {} cells as in the header, found {}", names.len(), row.len()));
            continue;
        }
        let (job, problems) = job(&names, &row, folder, options);
        let is_sound = problems.is_empty();
        problems.into_iter().for_each(&mut problem);
        if !job.id.is_empty()
            && let Some(before) = ids.insert(job.id.clone(), line)
        {
            problem(format!("the id \"{}\" stands in line {before} already", job.id));
        }
        if job.path.as_os_str().is_empty() || job.path == folder {
            problem("column path: expected a file, found an empty cell".into());
        } else if !job.path.exists() {
            problem(format!("there is no file {}", job.path.display()));
        } else if let Some(why) = is_left_out(&job.path, output) {
            problem(format!("{} {why}", job.path.display()));
        }
        if let Some(day) = job.visit.filter(|day| *day > today) {
            plan.questions.push(format!("{}, line {line}: the visit date {day} lies in the future", path.display()));
        }
        if is_sound {
            plan.jobs.push(job);
        }
    }
    Ok(plan.with_ids())
}

/// Errors and doubtful names in the header.
fn doubts(path: &Path, names: &[String], plan: &mut Plan) {
    for (index, name) in names.iter().enumerate().filter(|(index, name)| names[..*index].contains(name)) {
        let what = format!("expected each column once, found \"{name}\" again in column {}", index + 1);
        plan.problems.push(format!("{}, line 1: {what}", path.display()));
    }
    for (name, nearest) in names.iter().filter_map(|name| Some((name, nearest(name)?))) {
        plan.questions.push(format!(
            "{}, line 1: the column \"{name}\" has no meaning here and is carried to the outputs: is \"{nearest}\" meant?",
            path.display()
        ));
    }
}

/// The line where a row begins, not counting blank lines before it.
fn line_of(text: &str, byte: u64) -> u64 {
    let bytes = text.as_bytes();
    let from = usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
    let blank = bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + bytes[..from + blank].iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// The known column that a name resembles: with different separators between its words, or with up to two letters wrong.
fn nearest(name: &str) -> Option<&'static str> {
    if name.is_empty() || COLUMNS.contains(&name) {
        return None;
    }
    let plain = |name: &str| -> Vec<char> { name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let asked = plain(name);
    let near = |column: &&str| {
        let known = plain(column);
        let most = match known.len() {
            0..=3 => 0,
            4..=6 => 1,
            _ => 2,
        };
        distance(&asked, &known) <= most
            || (known.len() > 6 && (asked.starts_with(&known) || known.starts_with(&asked) && asked.len() > 5))
    };
    COLUMNS.into_iter().find(|column| near(column))
}

/// The edit distance: letters inserted, omitted, replaced or exchanged with a neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

/// The view in a cell; the inner `None` stands for a view to be detected.
fn view(cell: &str) -> Option<Option<View>> {
    match cell.to_lowercase().as_str() {
        "auto" => Some(None),
        "front" => Some(Some(View::Anterior)),
        "back" => Some(Some(View::Posterior)),
        word => View::from_name(word).map(Some),
    }
}

/// One row, and all its errors.
fn job(columns: &[String], row: &csv::StringRecord, folder: &Path, options: &options::Options) -> (Job, Vec<String>) {
    let mut job = Job::of(Path::new("").into(), options);
    let mut problems = Vec::new();
    for (name, cell) in columns.iter().zip(row) {
        let expected = |what: &str| Err(format!("column {name}: expected {what}, found \"{cell}\""));
        let named = |cell: &str| names::checked(cell).map_err(|reason| format!("column {name}: {reason}"));
        let read = match name.as_str() {
            "notes" => {
                job.carried.insert(name.clone(), cell.into());
                Ok(())
            }
            known if COLUMNS.contains(&known) && cell.is_empty() => Ok(()),
            "path" => {
                job.path = folder.join(cell);
                Ok(())
            }
            "id" => named(cell).map(|id| job.id = id),
            "subject" => named(cell).map(|subject| job.subject = Some(subject)),
            "view" => match view(cell) {
                Some(view) => {
                    job.options.view = view;
                    Ok(())
                }
                None => expected("auto, front, back, left or right"),
            },
            "mirrored" => match cell.to_lowercase().as_str() {
                "yes" | "true" | "1" => {
                    job.options.mirrored = true;
                    Ok(())
                }
                "no" | "false" | "0" => {
                    job.options.mirrored = false;
                    Ok(())
                }
                _ => expected("yes or no"),
            },
            "height_cm" => match cell.parse::<f64>().ok().filter(|cm| options::STATURE_CM.contains(cm)) {
                Some(cm) => {
                    job.options.height_mm = Some(10.0 * cm);
                    Ok(())
                }
                None => expected("a stature of 40 to 260"),
            },
            "visit_date" => match cell.parse::<Date>() {
                Ok(date) => {
                    job.visit = Some(date);
                    Ok(())
                }
                Err(_) => expected("a date as 2026-11-23"),
            },
            "plumb" => match plumb(cell) {
                Some(line) => {
                    job.options.given = UserCalibration { plumb: Some(line), roll_deg: None };
                    Ok(())
                }
                None => expected("x1,y1,x2,y2 in pixels, two points above one another"),
            },
            "region" => cell
                .parse()
                .map(|area| job.options.region = Some(area))
                .map_err(|what| format!("column {name}: {what}")),
            "" => Ok(()),
            _ => {
                job.carried.insert(name.clone(), cell.into());
                Ok(())
            }
        };
        problems.extend(read.err());
    }
    (job, problems)
}

/// Quotes that would merge rows: their lines and a description.
fn unsound_quotes(text: &str, separator: char) -> Vec<(usize, String)> {
    #[derive(Clone, Copy)]
    enum At {
        CellStart,
        Plain,
        Quoted {
            since: usize,
        },
        /// After the quote that may end a cell.
        Behind {
            since: usize,
        },
    }
    let (mut line, mut at, mut wrong) = (1, At::CellStart, Vec::new());
    for letter in text.chars() {
        at = match (at, letter) {
            (At::CellStart, '"') => At::Quoted { since: line },
            (At::Quoted { since }, '"') => At::Behind { since },
            (At::Behind { since }, '"') => At::Quoted { since },
            (At::Quoted { .. }, _) => at,
            (_, '\n' | '\r') => At::CellStart,
            (_, other) if other == separator => At::CellStart,
            (At::Behind { .. }, ' ' | '\t') => at,
            (At::Behind { since }, _) => {
                let from =
                    if since == line { String::new() } else { format!(" of the cell that begins in line {since}") };
                wrong
                    .push((line, format!("expected the end of the cell after a closing quote{from}, found more text")));
                At::Plain
            }
            (At::CellStart | At::Plain, _) => At::Plain,
        };
        line += usize::from(letter == '\n');
    }
    if let At::Quoted { since } = at {
        wrong.push((since, "the quote that opens here is never closed".into()));
    }
    wrong
}

/// Two points whose line is nearer to vertical than to horizontal.
fn plumb(cell: &str) -> Option<(Point, Point)> {
    let numbers: Vec<f64> = cell
        .split([',', ';', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok().filter(|v: &f64| v.is_finite()))
        .collect::<Option<_>>()?;
    plumb_line(numbers.try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Plan> {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.jpg", "b.jpg"] {
            std::fs::write(folder.path().join(name), b"").expect("written");
        }
        let list = folder.path().join("intake.csv");
        std::fs::write(&list, text).expect("written");
        read(&list, &options::Options::default(), None, jiff::civil::date(2026, 6, 1))
    }

    #[test]
    fn every_column_reaches_the_job() {
        let plan = read_text(
            "\u{feff}ID,path,Subject,view,mirrored,height_cm,visit_date,plumb,notes,clinician\r\n\
             7,a.jpg,S1,posterior,yes,172.5,2026-11-02,\"10,0,12,500\",\"hurt, left\",Ms B\r\n,b.jpg,,,,,,,,\n",
        )
        .expect("a list");
        assert_eq!(plan.problems, Vec::<String>::new());
        let [first, second] = &plan.jobs[..] else { panic!("{:?}", plan.jobs) };
        assert_eq!((first.id.as_str(), first.subject.as_deref()), ("7", Some("S1")));
        assert_eq!(first.options.view, Some(View::Posterior));
        assert!(first.options.mirrored && first.options.height_mm == Some(1725.0));
        assert_eq!(first.visit.expect("a date").to_string(), "2026-11-02");
        assert_eq!(first.options.given.plumb, Some((Point::new(10.0, 0.0), Point::new(12.0, 500.0))));
        assert_eq!(first.carried["notes"], "hurt, left");
        assert_eq!(first.carried["clinician"], "Ms B");
        assert_eq!(second.id, "b");
        assert_eq!(second.options, options::Options::default());
        assert_eq!(plan.carried, ["notes", "clinician"]);
    }

    #[test]
    fn all_that_is_wrong_is_listed_with_its_line() {
        let plan = read_text(
            "path;id;view;mirrored;height_cm;visit_date;plumb\n\
             a.jpg;1;above;maybe;17;2.11.26;1,2,3\nb.jpg;1;;;;;\nb.jpg;1;;;;;\nc.jpg;2;;;;;\n;3;;;;;\na.jpg;4\n",
        )
        .expect("a list");
        let all = plan.problems.join("\n");
        for expected in [
            "line 2: column view: expected auto, front, back, left or right, found \"above\"",
            "line 2: column mirrored: expected yes or no, found \"maybe\"",
            "line 2: column height_cm: expected a stature of 40 to 260, found \"17\"",
            "line 2: column visit_date: expected a date as 2026-11-23, found \"2.11.26\"",
            "line 2: column plumb: expected x1,y1,x2,y2 in pixels",
            "line 4: the id \"1\" stands in line 3 already",
            "c.jpg",
            "line 6: column path: expected a file, found an empty cell",
            "line 7: expected 7 cells as in the header, found 2",
        ] {
            assert!(all.contains(expected), "{expected}\n-- in --\n{all}");
        }
    }

    #[test]
    fn quotes_that_make_rows_run_into_each_other_are_named_with_their_line() {
        let problems = |text: &str| read_text(text).expect("a list").problems.join("\n");
        let open = problems("path,notes\na.jpg,ok\nb.jpg,\"hurt\na.jpg,x\nb.jpg,y\n");
        assert!(open.contains("line 3: the quote that opens here is never closed"), "{open}");
        let met = problems("path,notes\na.jpg,\"hurt\nb.jpg,\"left\"\n");
        assert!(
            met.contains(
                "line 3: expected the end of the cell after a closing quote of the cell that begins in line 2"
            ),
            "{met}"
        );
        let sound = "path,notes\na.jpg,\"two\nlines, \"\"quoted\"\"\"\nb.jpg,5\"10 \n";
        assert_eq!(problems(sound), "");
    }

    #[test]
    fn a_row_has_all_its_problems_in_one_round_and_its_own_line() {
        let plan = read_text("path,view,id\n\n\ngone.jpg,above,1\n\na.jpg,,1\n").expect("a list");
        let all = plan.problems.join("\n");
        for expected in
            ["line 4: column view:", "line 4: there is no file", "line 6: the id \"1\" stands in line 4 already"]
        {
            assert!(all.contains(expected), "{expected}\n-- in --\n{all}");
        }
    }

    #[test]
    fn nearly_known_columns_and_days_to_come_are_questioned_and_stop_nothing() {
        let list = "path,visit date,hight_cm,clinician,veiw,visit_date\na.jpg,2026-01-02,170,Ms B,left,2026-11-02\n";
        let plan = read_text(list).expect("a list");
        assert_eq!(plan.problems, Vec::<String>::new());
        let all = plan.questions.join("\n");
        for expected in [
            "the column \"visit date\" has no meaning here and is carried to the outputs: is \"visit_date\" meant?",
            "is \"height_cm\" meant?",
            "is \"view\" meant?",
            "line 2: the visit date 2026-11-02 lies in the future",
        ] {
            assert!(all.contains(expected), "{expected}\n-- in --\n{all}");
        }
        assert!(!all.contains("clinician"), "{all}");
        assert_eq!(plan.jobs.len(), 1);
    }

    #[test]
    fn views_have_plain_names_too() {
        let plan = read_text("path,view\na.jpg,front\nb.jpg,Back\n").expect("a list");
        let views: Vec<_> = plan.jobs.iter().map(|job| job.options.view).collect();
        assert_eq!(views, [Some(View::Anterior), Some(View::Posterior)]);
    }

    #[test]
    fn names_follow_the_one_rule() {
        let plan = read_text("path,subject,id\na.jpg,\"An\nna\",x\nb.jpg,Anna,\u{1b}[2J\n").expect("a list");
        let all = plan.problems.join(" ");
        assert!(
            all.contains("column subject: expected a name in one line without control characters, found \"An\\nna\""),
            "{all}"
        );
        assert!(all.contains("column id: expected a name in one line"), "{all}");
        assert!(read_text(&format!("path,subject\na.jpg,{}\n", "x".repeat(300))).expect("a list").problems.len() == 1);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let error = |text: &str| read_text(text).expect_err("refused").to_string();
        assert!(error("a.jpg\nb.jpg\n").contains("expected a header with a column \"path\", found the columns: a.jpg"));
        let twice = read_text("path,id,ID\na.jpg,1,1\n").expect("a list").problems.join(" ");
        assert!(twice.contains("line 1: expected each column once, found \"id\" again in column 3"), "{twice}");
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("l.csv");
        std::fs::write(&list, b"path\nM\xfcller.jpg\n").expect("written");
        let error = read(&list, &options::Options::default(), None, jiff::civil::date(2026, 6, 1))
            .expect_err("refused")
            .to_string();
        assert!(error.contains("other bytes in line 2"), "{error}");
    }
}
