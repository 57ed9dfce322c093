//! `orthostat batch`: the plan, the run, and its progress.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use orthostat::app::batch::filter::{self, filter};
use orthostat::app::batch::identity::Identity;
use orthostat::app::batch::plan::{Job, Plan};
use orthostat::app::batch::run::{self, End, Progress};
use orthostat::app::batch::{input, manifest, settings, worker};
use orthostat::app::cli::{Batch, FailOn, ProgressChoice};
use orthostat::app::records::database;
use orthostat::core::camera::UserCalibration;
use orthostat::core::error::{Error, Result};
use orthostat::core::names::shown;
use orthostat::core::record::outcome::Tally;
use orthostat::core::{folders, options};
use orthostat::report::csv::Sheet;
use orthostat::report::scene::framing::Attitude;
use orthostat::report::table::{Cell, Kind};
use orthostat::store::history;

use super::{complain, progress, say, tell};

/// The exit code of interrupted programs.
const INTERRUPTED: u8 = 130;
/// Nothing to measure.
const NOTHING: u8 = 3;
/// Interval of progress lines.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Interval of progress objects.
const OBJECT_EVERY: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &Batch) -> Result<u8> {
    let mut measuring = options.measuring.options(UserCalibration::default());
    measuring.heads = options.deidentify && (options.pictures || options.report);
    if options.jsonl {
        return stream(options, measuring);
    }
    let plan = plan(options, &measuring)?;
    say_what_is_left_out(&plan)?;
    if plan.is_empty() {
        complain(&"no photos found");
        return Ok(NOTHING);
    }
    if options.save && plan.jobs.iter().all(|job| job.subject.is_none()) {
        let reason = "--save: no photo has a subject: name them in a manifest, or put each subject's photos into a folder of its own";
        return Err(Error::Usage { reason: reason.into() });
    }
    if cfg!(not(feature = "parquet")) && options.formats().contains(&settings::Format::Parquet) {
        let reason = "--format parquet: this program was built without it; build it with --features parquet";
        return Err(Error::Usage { reason: reason.into() });
    }
    let Some(folder) = options.out.clone().filter(|_| !options.dry_run) else {
        say(&listing(&plan)?)?;
        return Ok(0);
    };
    let key = key_path(options)?;
    let settings = settings(options, folder, key.as_deref())?;
    let stop = on_interrupt();
    // A photo that makes the program panic is a row among the failures, without output on the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let mut teller = Teller::new(options.progress, plan.jobs.len());
    let start = Instant::now();
    let end = run::run(&plan, &settings, &stop, |progress| teller.tell(progress, start.elapsed()));
    teller.end();
    conclude(end, options, &settings.folder)
}

/// Problems of the plan as an error, and its omissions as notes.
fn say_what_is_left_out(plan: &Plan) -> Result<()> {
    plan.questions.iter().for_each(|question| complain(question));
    if !plan.problems.is_empty() {
        for problem in &plan.problems {
            complain(problem);
        }
        let count = plan.problems.len();
        let problems = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
        return Err(Error::Usage { reason: format!("{problems} in the input; nothing was started") });
    }
    if !plan.left_out.is_empty() {
        let files = if plan.left_out.len() == 1 { "file is" } else { "files are" };
        complain(&format_args!("{} {files} no pictures and left out", plan.left_out.len()));
    }
    for (files, what) in [
        (
            &plan.own,
            [
                "picture was written by this program and is left out",
                "pictures were written by this program and are left out",
            ],
        ),
        (
            &plan.inside,
            ["photo lies in the output folder and is left out", "photos lie in the output folder and are left out"],
        ),
    ] {
        match files.len() {
            0 => {}
            1 => complain(&format_args!("1 {}", what[0])),
            count => complain(&format_args!("{count} {}", what[1])),
        }
    }
    Ok(())
}

fn settings(options: &Batch, folder: PathBuf, key: Option<&Path>) -> Result<settings::Settings> {
    Ok(settings::Settings {
        folder,
        inputs: options.manifest.iter().cloned().chain(key.map(Path::to_path_buf)).collect(),
        resume: options.resume,
        force: options.force,
        jobs: workers(options),
        time_limit: options.time_limit(),
        reading: options.reading(),
        models: options.measuring.models(),
        pictures: options.pictures,
        attitude: if options.as_taken { Attitude::AsTaken } else { Attitude::Upright },
        identity: key.map(Identity::open).transpose()?,
        formats: options.formats(),
        filing: options.filing.of(None),
        bom: options.bom,
        reports: options.report,
        reference_bands: options.reference_bands,
        history: options.save.then(|| database(options.db.as_deref())).transpose()?,
    })
}

/// The exit code of a run, and how to continue one that was stopped.
fn conclude(end: Result<End>, options: &Batch, folder: &Path) -> Result<u8> {
    let again = format!("{}: go on with the same command and --resume", folder.display());
    match end {
        Ok(End::Finished(tally, notes)) => {
            notes.iter().for_each(|note| complain(note));
            if options.progress != ProgressChoice::None {
                complain(&closing(tally, folder));
            }
            Ok(code(options.fail_on, tally))
        }
        Ok(End::Stopped(progress)) => {
            complain(&format_args!("stopped; {} of {} photos are done. {again}", progress.done, progress.total));
            Ok(INTERRUPTED)
        }
        Err(error @ Error::Unwritable { .. }) => {
            complain(&again);
            Err(error)
        }
        Err(error) => Err(error),
    }
}

fn workers(options: &Batch) -> usize {
    options.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn plan(options: &Batch, measuring: &options::Options) -> Result<Plan> {
    if let Some(list) = &options.manifest {
        return manifest::read(list, measuring, options.out.as_deref(), history::today());
    }
    let mut inputs = Vec::new();
    for name in &options.inputs {
        if name.as_os_str() == "-" {
            let listed: std::io::Result<Vec<PathBuf>> = input::listed(std::io::stdin().lock(), options.null).collect();
            inputs.extend(listed.map_err(|source| Error::Unreadable { path: "standard input".into(), source })?);
        } else {
            inputs.push(name.clone());
        }
    }
    let plan = Plan::of_found(input::find(&inputs, options.out.as_deref()), measuring);
    Ok(plan.with_subjects(options.folders()))
}

/// The key file for de-identified ids.
fn key_path(options: &Batch) -> Result<Option<PathBuf>> {
    if !options.deidentify {
        return Ok(None);
    }
    let path = match &options.key {
        Some(path) => path.clone(),
        None => folders::data_folder().map(|folder| folder.join("deidentify.key")).ok_or_else(|| Error::Usage {
            reason: "neither XDG_DATA_HOME nor HOME is set, so there is no place for the key; name one with --key"
                .into(),
        })?,
    };
    Ok(Some(path))
}

/// Set by the first Ctrl-C (or a termination request); the second ends the program immediately.
fn on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        complain(&"stopping when the photos in hand are done; once more stops at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        complain(&format_args!("Ctrl-C will end the run at once, not gently: {error}"));
    }
    stop
}

fn code(fail_on: FailOn, tally: Tally) -> u8 {
    let bad = match fail_on {
        FailOn::None => 0,
        FailOn::Error => tally.failed,
        FailOn::Gate => tally.failed + tally.refused,
    };
    u8::from(bad > 0)
}

fn closing(tally: Tally, folder: &std::path::Path) -> String {
    let mut text = format!("{} measured, {} refused, {} failed", tally.measured, tally.refused, tally.failed);
    if tally.refused + tally.failed > 0 {
        text.push_str(&format!("; why: {}", folder.join("failures.csv").display()));
    }
    format!("{text}; overview: {}", folder.join("summary.html").display())
}

/// The plan as a table in CSV.
fn listing(plan: &Plan) -> Result<String> {
    let unwritable = |source| Error::Unwritable { path: PathBuf::from("standard output"), source };
    let columns = ["number", "id", "file", "subject", "visit_date", "view", "mirrored", "height_cm", "plumb", "region"];
    let mut rows = Sheet::new(Vec::new(), &columns.map(|name| (name.to_owned(), Kind::Text))).map_err(unwritable)?;
    for (index, job) in plan.jobs.iter().enumerate() {
        rows.row(&cells(index + 1, job).map(Cell::Text)).map_err(unwritable)?;
    }
    let bytes = rows.finish().map_err(unwritable)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// As in the results tables: formulas stay text, and each row is one line.
fn cells(number: usize, job: &Job) -> [String; 10] {
    let options = &job.options;
    [
        number.to_string(),
        shown(&job.id).into_owned(),
        shown(&job.path.to_string_lossy()).into_owned(),
        shown(job.subject.as_deref().unwrap_or_default()).into_owned(),
        job.visit.map(|date| date.to_string()).unwrap_or_default(),
        options.view.map_or("auto", |view| view.name()).into(),
        if options.mirrored { "yes" } else { "no" }.into(),
        options.height_mm.map(|mm| (0.1 * mm).to_string()).unwrap_or_default(),
        options.given.plumb.map(|(a, b)| format!("{},{},{},{}", a.x, a.y, b.x, b.y)).unwrap_or_default(),
        options.region.map(|region| region.to_string()).unwrap_or_default(),
    ]
}

/// `--jsonl`: from standard input or the given inputs to standard output.
fn stream(options: &Batch, measuring: options::Options) -> Result<u8> {
    let from_input = options.inputs.iter().any(|name| name.as_os_str() == "-");
    let paths: Box<dyn Iterator<Item = std::io::Result<PathBuf>> + Send> = if from_input {
        if options.inputs.len() > 1 {
            return Err(Error::Usage { reason: "with --jsonl, - stands alone".into() });
        }
        Box::new(input::listed(std::io::BufReader::new(std::io::stdin()), options.null))
    } else {
        let plan = plan(options, &measuring)?;
        if let Some(problem) = plan.problems.first() {
            return Err(Error::Usage { reason: problem.clone() });
        }
        Box::new(plan.jobs.into_iter().map(|job| Ok(job.path)))
    };
    let settings = filter::Settings {
        pool: worker::Settings { workers: workers(options), time_limit: options.time_limit() },
        reading: options.reading(),
        models: options.measuring.models(),
        options: measuring,
    };
    let stop = on_interrupt();
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout();
    let tally = filter(paths, &settings, &stop, |line| match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(source) => Err(Error::Unwritable { path: PathBuf::from("standard output"), source }),
    })?;
    match () {
        () if stop.load(Ordering::Relaxed) => Ok(INTERRUPTED),
        () if tally.total() == 0 => Ok(NOTHING),
        () => Ok(code(options.fail_on, tally)),
    }
}

/// Reports progress on standard error.
struct Teller {
    bar: Option<ProgressBar>,
    json: bool,
    every: Option<Duration>,
    told: Option<Duration>,
}

impl Teller {
    fn new(choice: ProgressChoice, total: usize) -> Self {
        let bar = (choice == ProgressChoice::Auto && progress::is_terminal()).then(|| progress::styled(total));
        let every = match choice {
            ProgressChoice::None => None,
            ProgressChoice::Json => Some(OBJECT_EVERY),
            _ => Some(if bar.is_some() { Duration::from_millis(200) } else { LINE_EVERY }),
        };
        Self { bar, json: choice == ProgressChoice::Json, every, told: None }
    }

    fn tell(&mut self, progress: Progress, elapsed: Duration) {
        // Only once, at the beginning.
        if progress.damaged > 0 && progress.done == 0 {
            let lines = if progress.damaged == 1 { "line" } else { "lines" };
            complain(&format_args!(
                "{} {lines} of the journal cannot be trusted (damaged, or of an earlier version): those photos are measured again",
                progress.damaged
            ));
        }
        let Some(every) = self.every else { return };
        let due = self.told.is_none_or(|told| elapsed >= told + every);
        if !due && progress.done < progress.total {
            return;
        }
        self.told = Some(elapsed);
        let measured = progress.done - progress.resumed;
        let rate = measured as f64 / elapsed.as_secs_f64().max(1e-3);
        let left = (measured > 0).then(|| ((progress.total - progress.done) as f64 / rate).round() as u64);
        let bad = progress.failed;
        if self.json {
            let object = serde_json::json!({
                "done": progress.done, "total": progress.total, "resumed": progress.resumed, "failed": bad,
                "refused": progress.refused, "photos_per_s": (100.0 * rate).round() / 100.0, "left_s": left,
            });
            plain(&object.to_string());
            return;
        }
        let left = left.map(|s| format!(", {} left", clock(s))).unwrap_or_default();
        let refused = if progress.refused > 0 { format!(", {} refused", progress.refused) } else { String::new() };
        let text = format!("{rate:.1} photos/s{left}, {bad} failed{refused}");
        match &self.bar {
            Some(bar) => {
                bar.set_position(progress.done as u64);
                bar.set_message(text);
            }
            None => plain(&format!("{}/{}  {text}", progress.done, progress.total)),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// A line on standard error without the program's name.
fn plain(line: &str) {
    tell(&format!("{line}\n"));
}

fn clock(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
