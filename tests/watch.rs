//! Watch mode on traces: one recorded from the program, and others made by hand. Neither pixels nor models are needed.

use orthostat::core::body::view::View;
use orthostat::core::measure::Measure;
use orthostat::core::watch::alert::{Event, Preset, Watch};
use orthostat::core::watch::baseline::{Baseline, Progress, Taking, Usual};
use orthostat::core::watch::{Glimpse, Signal, State, WATCHED};

/// A recorded trace: see the file's header.
fn recorded() -> Vec<Glimpse> {
    let text = include_str!("fixtures/watch/lean.csv");
    let rows = text.lines().filter(|line| !line.starts_with(['#', 's']));
    rows.map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let state = State::ALL.into_iter().find(|state| state.name() == fields[1]).expect("a state");
        Glimpse {
            seconds: fields[0].parse().expect("seconds"),
            state,
            view: (state == State::Ready).then_some(View::Anterior),
            values: std::array::from_fn(|index| fields[3 + index].parse().ok()),
            closeness: None,
            still: fields[2] == "1",
            whole: true,
        }
    })
    .collect()
}

/// A baseline with every measure at 0 and this scatter.
fn baseline(mad: f64) -> Baseline {
    let usual = Usual { median: 0.0, mad, frames: 100 };
    Baseline::new("test", View::Anterior, WATCHED.map(|measure| (Signal::Tilt(measure), usual)))
}

fn ready(seconds: f64, shoulders: f64) -> Glimpse {
    let values = [Some(0.0), Some(shoulders), None, Some(0.0)];
    Glimpse {
        seconds,
        state: State::Ready,
        view: Some(View::Anterior),
        values,
        closeness: Some([0.0, 0.0]),
        still: true,
        whole: true,
    }
}

/// The events of a synthetic trace at ten frames a second.
fn events(watch: &mut Watch, seconds: f64, glimpse: impl Fn(f64) -> Glimpse) -> Vec<Event> {
    (0..(10.0 * seconds) as usize).filter_map(|k| watch.next(&glimpse(0.1 * k as f64))).collect()
}

fn begins(events: &[Event]) -> Vec<f64> {
    events.iter().filter_map(|e| if let Event::Begin { seconds, .. } = e { Some(*seconds) } else { None }).collect()
}

fn ends(events: &[Event]) -> Vec<(f64, State)> {
    events
        .iter()
        .filter_map(|e| if let Event::End { seconds, why, .. } = e { Some((*seconds, *why)) } else { None })
        .collect()
}

#[test]
fn the_recorded_lean_is_one_episode_and_neither_absence_nor_a_brief_lean_is() {
    let trace = recorded();
    assert_eq!(trace.len(), 620, "the trace is as described");
    assert!(trace.iter().filter(|g| g.state == State::Away).all(|g| (38.0..44.5).contains(&g.seconds)));
    let mut taking = Taking::new("recorded");
    let taken = trace.iter().map(|glimpse| taking.next(glimpse)).find(|p| !matches!(p, Progress::Running { .. }));
    let Some(Progress::Taken(baseline)) = taken else { panic!("{taken:?}") };
    let lean = baseline.usual(Signal::Tilt(Measure::TrunkLean)).expect("seen");
    assert!(lean.median.abs() < 1.0 && lean.mad < 1.0, "{lean:?}");

    let mut watch = Watch::new(baseline, Preset::Medium);
    let events: Vec<Event> = trace.iter().filter_map(|glimpse| watch.next(glimpse)).collect();
    let [Event::Begin { seconds, since, departures }, Event::End { seconds: end, why, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    // It leans from 14 s on and passes 3 degrees at 15 s.
    assert!((24.5..27.0).contains(seconds) && (14.5..17.0).contains(since), "{seconds} since {since}");
    assert!((34.0..36.5).contains(end) && *why == State::Ready, "{end} {why:?}");
    let lean = departures.iter().find(|d| d.signal == Signal::Tilt(Measure::TrunkLean)).expect("it leans");
    assert!((lean.by - 6.0).abs() < 1.0, "{lean:?}");
    assert!(lean.words().starts_with("trunk leans to the left more than usual by"), "{}", lean.words());
}

#[test]
fn less_than_the_limit_or_less_than_ten_seconds_is_no_event() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    assert_eq!(watch.limit(Signal::Tilt(Measure::ShoulderTilt)), Some(3.0));
    assert_eq!(events(&mut watch, 60.0, |t| ready(t, 2.9)), []);
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    // Nine of every twelve seconds.
    assert_eq!(events(&mut watch, 120.0, |t| ready(t, if t % 12.0 < 9.0 { 6.0 } else { 0.0 })), []);
}

#[test]
fn an_event_comes_after_ten_seconds_and_not_before() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let events = events(&mut watch, 40.0, |t| ready(t, if t >= 5.0 { -4.0 } else { 0.0 }));
    let [Event::Begin { seconds, departures, .. }] = &events[..] else { panic!("{events:?}") };
    assert!((15.0..16.2).contains(seconds), "{seconds}");
    assert_eq!(departures[0].words(), "right shoulder higher than usual by 4.0 deg");
    assert!(watch.is_departing());
}

#[test]
fn the_limit_follows_the_scatter_and_the_preset() {
    for (mad, preset, limit) in
        [(0.5, Preset::Low, 4.5), (0.5, Preset::High, 2.1), (1.5, Preset::Medium, 4.5), (1.5, Preset::Low, 6.75)]
    {
        let mut watch = Watch::new(baseline(mad), preset);
        assert!((watch.limit(Signal::Tilt(Measure::ShoulderTilt)).expect("there") - limit).abs() < 1e-9);
        assert_eq!(events(&mut watch, 30.0, |t| ready(t, limit - 0.05)), []);
        let mut watch = Watch::new(baseline(mad), preset);
        assert_eq!(events(&mut watch, 30.0, |t| ready(t, limit + 0.05)).len(), 1);
    }
}

#[test]
fn an_episode_ends_three_seconds_after_the_return_within_seven_tenths() {
    // 2.5 degrees is less than the limit of 3 and more than 0.7 of it: the episode continues.
    let course = |t: f64| match t {
        t if t < 15.0 => 5.0,
        t if t < 30.0 => 2.5,
        _ => 1.5,
    };
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let events = events(&mut watch, 45.0, |t| ready(t, course(t)));
    assert_eq!(begins(&events).len(), 1);
    let [(end, State::Ready)] = ends(&events)[..] else { panic!("{events:?}") };
    assert!((33.0..34.2).contains(&end), "{end}");
}

#[test]
fn two_measures_that_depart_are_one_episode() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let glimpse = |t: f64| {
        let head = if (5.0..50.0).contains(&t) { 6.0 } else { 0.0 };
        let shoulders = if (8.0..40.0).contains(&t) { 5.0 } else { 0.0 };
        Glimpse { values: [Some(head), Some(shoulders), None, None], ..ready(t, 0.0) }
    };
    let events = events(&mut watch, 70.0, glimpse);
    assert_eq!((begins(&events).len(), ends(&events).len()), (1, 1), "{events:?}");
    assert!((53.0..54.5).contains(&ends(&events)[0].0), "{events:?}");
}

#[test]
fn nothing_begins_while_nobody_can_be_judged() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Ready) {
        let mut watch = Watch::new(baseline(0.5), Preset::Medium);
        // Departing, but impossible to judge for two of every eight seconds.
        let glimpse = |t: f64| if t % 8.0 < 6.0 { ready(t, 6.0) } else { Glimpse { state, ..ready(t, 6.0) } };
        assert_eq!(events(&mut watch, 100.0, glimpse), [], "{state:?}");
    }
    // The back view is not compared with the front view's baseline.
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let back = |t: f64| Glimpse { view: Some(View::Posterior), ..ready(t, 6.0) };
    assert_eq!(events(&mut watch, 30.0, back), []);
}

#[test]
fn whoever_leaves_ends_the_episode_and_must_depart_for_ten_seconds_again() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let glimpse = |t: f64| if (20.0..30.0).contains(&t) { Glimpse::empty(t, State::Away) } else { ready(t, 6.0) };
    let events = events(&mut watch, 60.0, glimpse);
    let ([first, second], [(end, State::Away)]) = (&begins(&events)[..], &ends(&events)[..]) else {
        panic!("{events:?}")
    };
    assert!((10.0..11.2).contains(first) && (22.5..23.5).contains(end) && (40.0..41.2).contains(second), "{events:?}");
}

#[test]
fn one_blink_of_the_camera_neither_ends_nor_delays_anything() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let glimpse = |t: f64| if t % 5.0 < 0.8 { Glimpse::empty(t, State::Away) } else { ready(t, 6.0) };
    let events = events(&mut watch, 60.0, glimpse);
    assert_eq!((begins(&events).len(), ends(&events).len()), (1, 0), "{events:?}");
    assert!(begins(&events)[0] < 13.0);
}

#[test]
fn single_frames_that_err_are_not_believed() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    // Every fifth frame is an outlier; the others are level.
    let noisy = |t: f64| ready(t, if (10.0 * t).round() as i64 % 5 == 0 { 15.0 } else { 0.2 });
    assert_eq!(events(&mut watch, 60.0, noisy), []);
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    let noisy = |t: f64| ready(t, if (10.0 * t).round() as i64 % 5 == 0 { -15.0 } else { 5.0 });
    assert_eq!(events(&mut watch, 60.0, noisy).len(), 1);
}

#[test]
fn a_snoozed_episode_begins_when_the_snooze_is_over() {
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    watch.snooze(40.0);
    assert_eq!((watch.snoozed(39.0), watch.snoozed(41.0)), (Some(40.0), None));
    let all = events(&mut watch, 60.0, |t| ready(t, 6.0));
    assert_eq!(begins(&all).len(), 1);
    assert!((40.0..40.3).contains(&begins(&all)[0]), "{all:?}");
    // An episode that ended before the snooze did is not reported.
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    watch.snooze(40.0);
    assert_eq!(events(&mut watch, 60.0, |t| ready(t, if t < 30.0 { 6.0 } else { 0.0 })), []);
}

#[test]
fn the_frame_rate_changes_nothing_and_a_clock_that_runs_back_is_not_believed() {
    for step in [0.033, 0.25, 1.0] {
        let mut watch = Watch::new(baseline(0.5), Preset::Medium);
        let told: Vec<Event> =
            (0..(40.0 / step) as usize).filter_map(|k| watch.next(&ready(step * k as f64, 6.0))).collect();
        assert_eq!(told.len(), 1, "{step}");
        assert!((10.0..11.5).contains(&begins(&told)[0]), "{step}: {told:?}");
    }
    let mut watch = Watch::new(baseline(0.5), Preset::Medium);
    watch.next(&ready(100.0, 6.0));
    assert_eq!(events(&mut watch, 60.0, |t| ready(t, 6.0)), []);
}

#[test]
fn a_face_that_comes_near_is_an_episode_and_one_that_goes_back_is_none() {
    let usual = Usual { median: 0.0, mad: 0.5, frames: 100 };
    let signals = [Signal::Tilt(Measure::ShoulderTilt), Signal::Nearness, Signal::ForwardHead];
    let watch =
        || Watch::new(Baseline::new("test", View::Anterior, signals.map(|signal| (signal, usual))), Preset::Medium);
    let near =
        |by: [f64; 2]| move |t: f64| Glimpse { closeness: Some(if t < 3.0 { [0.0; 2] } else { by }), ..ready(t, 0.0) };
    // Larger by 22 %, with the shoulders growing equally.
    let found = events(&mut watch(), 30.0, near([20.0, 0.0]));
    let [Event::Begin { departures, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(departures.iter().map(|departure| departure.signal).collect::<Vec<_>>(), [Signal::Nearness]);
    assert_eq!(departures[0].words(), "face nearer than usual (larger by 22 %)");
    // The head alone.
    let found = events(&mut watch(), 30.0, near([12.0, 12.0]));
    let [Event::Begin { departures, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(departures[0].words(), "head farther forward than usual (larger against the shoulders by 13 %)");
    for little in [[10.0, 5.0], [-40.0, -20.0]] {
        assert_eq!(events(&mut watch(), 30.0, near(little)), [], "{little:?}");
    }
}
