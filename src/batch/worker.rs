//! A pool of workers, each with its own models, that take jobs one after the other.
//!
//! A job that panics, or takes longer than the limit, is a failure of that job: a worker that hangs is left to itself, and another
//! takes its place. Jobs are taken in order and not too far ahead of the slowest, so that what waits for its turn stays bounded.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Failure;
use super::plan::Job;
use crate::error::{Error, Result};

/// How far ahead of the oldest unfinished job workers may take others, per worker.
const AHEAD: usize = 16;
/// How often the stop sign is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// What does a job, given with its number in order: made once per worker, by that worker.
pub type Work<T> = Box<dyn FnMut(usize, &Job) -> Result<T>>;

/// Jobs in order.
pub type Jobs = Box<dyn Iterator<Item = Arc<Job>> + Send>;

/// Makes a worker's [`Work`].
pub type Make<T> = Arc<dyn Fn() -> Result<Work<T>> + Send + Sync>;

/// How a pool works.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many workers.
    pub workers: usize,
    /// The longest that one job may take.
    pub time_limit: Duration,
}

enum Message<T> {
    Taken { worker: usize, index: usize, job: Arc<Job>, at: Instant },
    Done { worker: usize, result: Result<T, Failure> },
    Broken { error: Error },
    Ended { worker: usize },
}

/// Where jobs come from, one after the other, for several takers.
struct Feed {
    jobs: Mutex<(usize, Jobs)>,
    /// How many jobs are finished from the first on, and whether no more are to be taken.
    finished: Mutex<(usize, bool)>,
    moved: Condvar,
    ahead: usize,
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    fn next(&self) -> Option<(usize, Arc<Job>)> {
        let mut jobs = hold(&self.jobs);
        let waiting = |(finished, closed): &mut (usize, bool)| !*closed && jobs.0 >= *finished + self.ahead;
        let state = self.moved.wait_while(hold(&self.finished), waiting).unwrap_or_else(PoisonError::into_inner);
        if state.1 {
            return None;
        }
        // Not held while the next job is waited for: standard input may take its time.
        drop(state);
        let job = jobs.1.next()?;
        jobs.0 += 1;
        (!hold(&self.finished).1).then(|| (jobs.0 - 1, job))
    }

    fn finish(&self, finished: usize) {
        hold(&self.finished).0 = finished;
        self.moved.notify_all();
    }

    fn close(&self) {
        hold(&self.finished).1 = true;
        self.moved.notify_all();
    }
}

/// Runs all jobs. `each` gets what came of them in the order in which they ended, with the number of the job in order; after it has
/// returned an error nothing more is taken.
///
/// Ends early, with what is in flight done, once `stop` is set.
///
/// # Errors
/// What `make` or `each` returns; a job's own errors are failures of that job, but [`Error::Runtime`],
/// [`Error::Model`] and [`Error::Unwritable`], which the next job would meet as well.
pub fn run<T: Send + 'static>(
    jobs: Jobs,
    make: Make<T>,
    settings: Settings,
    stop: &AtomicBool,
    mut each: impl FnMut(usize, &Job, Result<T, Failure>) -> Result<()>,
) -> Result<()> {
    let feed = Arc::new(Feed {
        jobs: Mutex::new((0, jobs)),
        finished: Mutex::new((0, false)),
        moved: Condvar::new(),
        ahead: AHEAD * settings.workers.max(1),
    });
    let (sender, receiver) = channel();
    let mut crew = Crew { feed, make, sender, alive: 0, next: 0 };
    for _ in 0..settings.workers.max(1) {
        crew.hire();
    }
    let result = oversee(&mut crew, &receiver, settings.time_limit, stop, &mut each);
    crew.feed.close();
    result
}

struct Crew<T> {
    feed: Arc<Feed>,
    make: Make<T>,
    sender: Sender<Message<T>>,
    alive: usize,
    /// The next worker's number. A number is never used again, so that one that was given up cannot be heard by mistake.
    next: usize,
}

impl<T: Send + 'static> Crew<T> {
    fn hire(&mut self) {
        let (worker, feed, make, sender) = (self.next, self.feed.clone(), self.make.clone(), self.sender.clone());
        self.next += 1;
        self.alive += 1;
        // Not joined: one that hangs must not hold up the end.
        std::thread::spawn(move || labour(worker, &feed, &*make, &sender));
    }
}

/// One worker's life. When nobody listens any more it ends.
fn labour<T>(worker: usize, feed: &Feed, make: &dyn Fn() -> Result<Work<T>>, sender: &Sender<Message<T>>) {
    let mut work = None;
    while let Some((index, job)) = feed.next() {
        if sender.send(Message::Taken { worker, index, job: job.clone(), at: Instant::now() }).is_err() {
            return;
        }
        let attempt = catch_unwind(AssertUnwindSafe(|| -> Result<Result<T>> {
            let work = match &mut work {
                Some(work) => work,
                empty => empty.insert(make()?),
            };
            Ok(work(index, &job))
        }));
        let result = match attempt {
            Ok(Ok(Ok(done))) => Ok(done),
            Ok(Err(error))
            | Ok(Ok(Err(error @ (Error::Runtime { .. } | Error::Model { .. } | Error::Unwritable { .. })))) => {
                let _ = sender.send(Message::Broken { error });
                return;
            }
            Ok(Ok(Err(error))) => Err(Failure::of(&error, &job.path)),
            Err(panic) => {
                // Whatever it left half done goes with it.
                work = None;
                let words = panic.downcast_ref::<String>().map(String::as_str);
                let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
                Err(Failure { code: "panic".into(), text: format!("a defect of this program: {words}") })
            }
        };
        if sender.send(Message::Done { worker, result }).is_err() {
            return;
        }
    }
    let _ = sender.send(Message::Ended { worker });
}

fn oversee<T: Send + 'static>(
    crew: &mut Crew<T>,
    receiver: &Receiver<Message<T>>,
    time_limit: Duration,
    stop: &AtomicBool,
    each: &mut impl FnMut(usize, &Job, Result<T, Failure>) -> Result<()>,
) -> Result<()> {
    /// What each worker is at.
    type Desk = HashMap<usize, (usize, Arc<Job>, Instant)>;
    let mut desk = Desk::new();
    let mut gone = std::collections::HashSet::new();
    let mut progress = Finished::default();
    while crew.alive > 0 {
        if stop.load(Ordering::Relaxed) {
            crew.feed.close();
        }
        match receiver.recv_timeout(GLANCE.min(time_limit)) {
            Ok(Message::Taken { worker, index, job, at }) => {
                desk.insert(worker, (index, job, at));
            }
            Ok(Message::Done { worker, .. } | Message::Ended { worker }) if gone.contains(&worker) => {}
            Ok(Message::Done { worker, result }) => {
                if let Some((index, job, _)) = desk.remove(&worker) {
                    each(index, &job, result)?;
                    crew.feed.finish(progress.with(index));
                }
            }
            Ok(Message::Broken { error }) => return Err(error),
            Ok(Message::Ended { .. }) => crew.alive -= 1,
            // A worker that waits for a next path on standard input hears of no stop.
            Err(RecvTimeoutError::Timeout) if desk.is_empty() && stop.load(Ordering::Relaxed) => return Ok(()),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        let late: Vec<usize> =
            desk.iter().filter(|(_, (_, _, at))| at.elapsed() > time_limit).map(|(&worker, _)| worker).collect();
        for worker in late {
            if let Some((index, job, _)) = desk.remove(&worker) {
                gone.insert(worker);
                crew.alive -= 1;
                crew.hire();
                let text = format!("took longer than the limit of {:.0} s", time_limit.as_secs_f64());
                each(index, &job, Err(Failure { code: "time_limit".into(), text }))?;
                crew.feed.finish(progress.with(index));
            }
        }
    }
    Ok(())
}

/// How many jobs are finished without a gap.
#[derive(Default)]
struct Finished {
    up_to: usize,
    beyond: std::collections::BTreeSet<usize>,
}

impl Finished {
    fn with(&mut self, index: usize) -> usize {
        self.beyond.insert(index);
        while self.beyond.remove(&self.up_to) {
            self.up_to += 1;
        }
        self.up_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Options;

    fn jobs(count: usize) -> Jobs {
        Box::new((0..count).map(|n| Arc::new(Job::of(n.to_string().into(), &Options::default()))))
    }

    fn number(job: &Job) -> usize {
        job.path.to_str().and_then(|text| text.parse().ok()).expect("a number")
    }

    fn settings(workers: usize) -> Settings {
        // Long enough for a busy machine to do nothing in.
        Settings { workers, time_limit: Duration::from_millis(1_500) }
    }

    #[test]
    fn each_job_is_done_once_and_a_panic_or_a_hang_ends_only_its_own() {
        let make: Make<usize> = Arc::new(|| {
            Ok(Box::new(|_, job: &Job| match number(job) {
                7 => panic!("seven"),
                9 => {
                    std::thread::sleep(Duration::from_secs(30));
                    Ok(9)
                }
                11 => Err(Error::NoPerson { path: job.path.clone(), best_score: 0.1 }),
                n => Ok(n),
            }))
        });
        let mut seen = vec![None; 200];
        run(jobs(200), make, settings(3), &AtomicBool::new(false), |index, job, result| {
            assert_eq!(index, number(job));
            assert!(seen[index].replace(result).is_none(), "{index} came twice");
            Ok(())
        })
        .expect("all done");
        for (index, result) in seen.into_iter().enumerate() {
            match (index, result.expect("every job comes")) {
                (7, Err(failure)) => assert_eq!((failure.code.as_str(), failure.is_lasting()), ("panic", false)),
                (9, Err(failure)) => assert_eq!(failure.text, "took longer than the limit of 2 s"),
                (11, Err(failure)) => assert!(failure.code == "no_person" && failure.text.starts_with("no person")),
                (_, result) => assert_eq!(result, Ok(index)),
            }
        }
    }

    #[test]
    fn a_stop_lets_what_is_in_flight_end() {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let make: Make<usize> = Arc::new(move || {
            let flag = flag.clone();
            Ok(Box::new(move |_, job: &Job| {
                if number(job) == 5 {
                    flag.store(true, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(150));
                }
                Ok(number(job))
            }))
        });
        let mut seen = Vec::new();
        run(jobs(100_000), make, Settings { workers: 2, time_limit: Duration::from_secs(9) }, &stop, |index, _, _| {
            seen.push(index);
            Ok(())
        })
        .expect("stopped");
        assert!(seen.contains(&5) && seen.len() < 100_000, "{}", seen.len());
    }

    #[test]
    fn models_that_do_not_open_end_the_run() {
        let make: Make<usize> = Arc::new(|| Err(Error::Runtime { reason: "none".into() }));
        let result = run(jobs(3), make, settings(2), &AtomicBool::new(false), |_, _, _| Ok(()));
        assert_eq!(result.expect_err("no models").exit_code(), 4);
    }

    #[test]
    fn an_output_that_fails_ends_the_run() {
        let make: Make<usize> = Arc::new(|| Ok(Box::new(|_, job: &Job| Ok(number(job)))));
        let mut count = 0;
        let result = run(jobs(1000), make, settings(2), &AtomicBool::new(false), |_, _, _| {
            count += 1;
            Err(Error::Usage { reason: "full".into() })
        });
        assert_eq!((result.expect_err("full").to_string().as_str(), count), ("full", 1));
    }
}
