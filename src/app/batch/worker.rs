//! A pool of workers, each with its own models, that process jobs one after the other.
//!
//! A panic or a timeout is a failure of that job only. A late worker cannot be stopped: it keeps its place in the pool, is ignored until
//! it returns, and then continues. A further worker is started only when all are late, and never many at once: photos that are all slow
//! must not take more and more memory and slow each other down. Jobs are taken in order and not too far ahead of the slowest, so the
//! number of waiting results is bounded.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::plan::Job;
use crate::core::error::{Error, Result};
use crate::core::isolation::words;
use crate::core::record::outcome::Failure;

/// How many jobs workers may be ahead of the oldest unfinished one, per worker.
const AHEAD: usize = 16;
/// When this multiple of the requested workers are late, the next is started only after as many time limits.
const MOST_LATE: usize = 2;
const PATIENCE: u32 = 10;
/// The interval of checks for the stop flag.
const GLANCE: Duration = Duration::from_millis(100);

/// Processes a job, given with its index: created once per worker, by that worker.
pub type Work<T> = Box<dyn FnMut(usize, &Job) -> Result<T>>;

/// Jobs in order.
pub type Jobs = Box<dyn Iterator<Item = Arc<Job>> + Send>;

/// Creates a worker's [`Work`].
pub type Make<T> = Arc<dyn Fn() -> Result<Work<T>> + Send + Sync>;

/// The settings of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The number of workers.
    pub workers: usize,
    /// The time limit per job.
    pub time_limit: Duration,
}

enum Message<T> {
    Taken {
        worker: usize,
        index: usize,
        job: Arc<Job>,
        at: Instant,
    },
    Done {
        worker: usize,
        result: Result<T, Failure>,
    },
    Broken {
        error: Error,
    },
    /// There are no more jobs.
    Ended,
    /// More workers were active than requested.
    Retired,
}

/// The next step of a worker.
enum Next {
    Work(usize, Arc<Job>),
    End,
    Retire,
}

/// The source of jobs, shared by several workers.
struct Feed {
    jobs: Mutex<(usize, Jobs)>,
    /// The number of finished jobs without a gap from the first, and whether to stop.
    finished: Mutex<(usize, bool)>,
    moved: Condvar,
    /// The number of workers to end because late ones have returned.
    surplus: AtomicUsize,
    ahead: usize,
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    fn next(&self) -> Next {
        if self.surplus.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |surplus| surplus.checked_sub(1)).is_ok() {
            return Next::Retire;
        }
        let mut jobs = hold(&self.jobs);
        let waiting = |(finished, closed): &mut (usize, bool)| !*closed && jobs.0 >= *finished + self.ahead;
        let state = self.moved.wait_while(hold(&self.finished), waiting).unwrap_or_else(PoisonError::into_inner);
        if state.1 {
            return Next::End;
        }
        // Released while waiting for the next job: standard input may block.
        drop(state);
        let Some(job) = jobs.1.next() else { return Next::End };
        jobs.0 += 1;
        if hold(&self.finished).1 { Next::End } else { Next::Work(jobs.0 - 1, job) }
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

/// Runs all jobs. `each` gets the outcomes in the order of completion, with the index of the job; after it returns an error no more jobs
/// are taken.
///
/// Ends early, after the jobs in progress, once `stop` is set.
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
        surplus: AtomicUsize::new(0),
        ahead: AHEAD * settings.workers.max(1),
    });
    let (sender, receiver) = channel();
    let asked = settings.workers.max(1);
    let mut crew = Crew { feed, make, sender, asked, alive: 0, late: HashSet::new(), stalled: None, next: 0 };
    for _ in 0..asked {
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
    /// The requested number of workers.
    asked: usize,
    /// The number of existing workers.
    alive: usize,
    /// Those whose job timed out and who are still working on it.
    late: HashSet<usize>,
    /// The time since which all have been late.
    stalled: Option<Instant>,
    /// The next worker's number.
    next: usize,
}

impl<T: Send + 'static> Crew<T> {
    fn hire(&mut self) {
        let (worker, feed, make, sender) = (self.next, self.feed.clone(), self.make.clone(), self.sender.clone());
        self.next += 1;
        self.alive += 1;
        // Not joined: a hanging worker must not delay the end.
        std::thread::spawn(move || labour(worker, &feed, &*make, &sender));
    }

    /// Whether all existing workers are busy with jobs that timed out.
    fn all_late(&self) -> bool {
        self.alive == self.late.len()
    }

    /// Starts one more worker when all are late, with a limit.
    fn relieve(&mut self, time_limit: Duration) {
        if !self.all_late() {
            self.stalled = None;
            return;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        if self.alive < MOST_LATE * self.asked || since.elapsed() > time_limit.saturating_mul(PATIENCE) {
            self.stalled = None;
            self.hire();
        }
    }

    /// A late worker has returned.
    fn welcome(&mut self, worker: usize) {
        self.late.remove(&worker);
        if self.alive - self.late.len() > self.asked {
            self.feed.surplus.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Worker loop; returns when the result channel is closed.
fn labour<T>(worker: usize, feed: &Feed, make: &dyn Fn() -> Result<Work<T>>, sender: &Sender<Message<T>>) {
    let mut work = None;
    loop {
        let (index, job) = match feed.next() {
            Next::Work(index, job) => (index, job),
            Next::End => {
                let _ = sender.send(Message::Ended);
                return;
            }
            Next::Retire => {
                let _ = sender.send(Message::Retired);
                return;
            }
        };
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
                // Discards state that the panic left incomplete.
                work = None;
                Err(Failure::of(&Error::Defect { path: job.path.clone(), words: words(&*panic) }, &job.path))
            }
        };
        if sender.send(Message::Done { worker, result }).is_err() {
            return;
        }
    }
}

fn oversee<T: Send + 'static>(
    crew: &mut Crew<T>,
    receiver: &Receiver<Message<T>>,
    time_limit: Duration,
    stop: &AtomicBool,
    each: &mut impl FnMut(usize, &Job, Result<T, Failure>) -> Result<()>,
) -> Result<()> {
    /// The current job of each worker.
    type Desk = HashMap<usize, (usize, Arc<Job>, Instant)>;
    let mut desk = Desk::new();
    let (mut progress, mut exhausted) = (Finished::default(), false);
    while !(crew.all_late() && (exhausted || stop.load(Ordering::Relaxed))) {
        if stop.load(Ordering::Relaxed) {
            crew.feed.close();
        }
        match receiver.recv_timeout(GLANCE.min(time_limit)) {
            Ok(Message::Taken { worker, index, job, at }) => {
                desk.insert(worker, (index, job, at));
            }
            Ok(Message::Done { worker, .. }) if crew.late.contains(&worker) => crew.welcome(worker),
            Ok(Message::Done { worker, result }) => {
                if let Some((index, job, _)) = desk.remove(&worker) {
                    each(index, &job, result)?;
                    crew.feed.finish(progress.with(index));
                }
            }
            Ok(Message::Broken { error }) => return Err(error),
            Ok(Message::Ended) => {
                exhausted = true;
                crew.alive -= 1;
            }
            Ok(Message::Retired) => crew.alive -= 1,
            // A worker that waits for a path on standard input does not see the stop flag.
            Err(RecvTimeoutError::Timeout) if desk.is_empty() && stop.load(Ordering::Relaxed) => return Ok(()),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        let late: Vec<usize> =
            desk.iter().filter(|(_, (_, _, at))| at.elapsed() > time_limit).map(|(&worker, _)| worker).collect();
        for worker in late {
            if let Some((index, job, _)) = desk.remove(&worker) {
                crew.late.insert(worker);
                let text = format!("took longer than the limit of {:.0} s", time_limit.as_secs_f64());
                each(index, &job, Err(Failure { code: "time_limit".into(), text }))?;
                crew.feed.finish(progress.with(index));
            }
        }
        if !exhausted {
            crew.relieve(time_limit);
        }
    }
    Ok(())
}

/// The number of jobs finished without a gap.
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
    use crate::core::options::Options;

    fn jobs(count: usize) -> Jobs {
        Box::new((0..count).map(|n| Arc::new(Job::of(n.to_string().into(), &Options::default()))))
    }

    fn number(job: &Job) -> usize {
        job.path.to_str().and_then(|text| text.parse().ok()).expect("a number")
    }

    fn settings(workers: usize) -> Settings {
        // Long enough for a busy machine to run a job that does nothing.
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

    /// Photos that all time out are given up one after the other, with hardly more workers than requested.
    #[test]
    fn late_workers_count_against_the_pool_and_come_back() {
        let running = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let seen = running.clone();
        let make: Make<usize> = Arc::new(move || {
            let running = running.clone();
            Ok(Box::new(move |_, job: &Job| {
                let now = running.0.fetch_add(1, Ordering::SeqCst) + 1;
                running.1.fetch_max(now, Ordering::SeqCst);
                if number(job) < 12 {
                    std::thread::sleep(Duration::from_millis(1_200));
                }
                running.0.fetch_sub(1, Ordering::SeqCst);
                Ok(number(job))
            }))
        });
        let pool = Settings { workers: 2, time_limit: Duration::from_millis(300) };
        let (mut late, mut done) = (0, 0);
        run(jobs(40), make, pool, &AtomicBool::new(false), |_, _, result| {
            match result {
                Ok(_) => done += 1,
                Err(failure) => late += usize::from(failure.code == "time_limit"),
            }
            Ok(())
        })
        .expect("all done");
        assert_eq!(late + done, 40);
        // On a busy machine a quick job may be late as well.
        assert!((12..30).contains(&late), "{late}");
        let most = seen.1.load(Ordering::SeqCst);
        assert!((2..=4).contains(&most), "{most} at once");
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
