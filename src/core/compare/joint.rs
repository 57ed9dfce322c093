//! Several photos of one stance as one measurement.
//!
//! Each photo's value counts by its own repeatability: weights `1 / sd_repeat^2`. What all photos of one person share (the model's error
//! on this body) does not shrink with their number; what each adds does, unless they scatter by more than they say.

use crate::core::geometry::rounded;
use crate::core::measure::{ByHand, Measure, Measurement};
use crate::core::record::words::{towards, words};
use crate::core::record::{ByFace, JoinedPhoto, MeasureRecord, Record};
use crate::core::uncertainty::repeat::repeatability;

/// Photos that lie farther from the others than this many standard deviations disagree: 3 photos of 15 measures do so by chance alone
/// in about one visit of ten.
const DISAGREES: f64 = 3.0;
/// No photo repeats better than this, in the measure's unit.
const LEAST_SD: f64 = 0.02;

/// One photo's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// The value.
    pub value: f64,
    /// Standard deviation of the part of its error that all photos of the person share.
    pub sd_shared: f64,
    /// That of photos about the person's mean.
    pub sd_repeat: f64,
}

/// The joint value of several photos.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// The value.
    pub value: f64,
    /// Standard deviation of its error.
    pub sd: f64,
    /// The part of it that another visit of so many photos would not share.
    pub sd_repeat: f64,
    /// Standard deviation between the photos' values; `None` for a single photo.
    pub sd_between: Option<f64>,
    /// The photos that disagree with the others, by their index.
    pub disagree: Vec<usize>,
}

/// The joint value of photos; `None` without any.
///
/// ```
/// use orthostat::core::compare::joint::{Look, join};
/// let look = |value| Look { value, sd_shared: 0.8, sd_repeat: 0.6 };
/// let joint = join(&[look(2.0), look(2.6), look(2.3)]).unwrap();
/// assert!((joint.value - 2.3).abs() < 1e-12);
/// // 0.8 is shared, and 0.6 shrinks by the root of three.
/// assert!((joint.sd - 0.8f64.hypot(0.6 / 3f64.sqrt())).abs() < 1e-12);
/// ```
#[must_use]
pub fn join(looks: &[Look]) -> Option<Joint> {
    let weight = |look: &Look| look.sd_repeat.max(LEAST_SD).powi(-2);
    let total: f64 = looks.iter().map(weight).sum();
    if looks.is_empty() {
        return None;
    }
    let mean = |of: &dyn Fn(&Look) -> f64| looks.iter().map(|look| weight(look) * of(look)).sum::<f64>() / total;
    let value = mean(&|look| look.value);
    let shared = mean(&|look| look.sd_shared.powi(2));
    let freedom = looks.len() as f64 - 1.0;
    let squares: f64 = looks.iter().map(|look| (look.value - value).powi(2)).sum();
    let excess = looks.iter().map(|look| weight(look) * (look.value - value).powi(2)).sum::<f64>() / freedom.max(1.0);
    let of_photos = excess.max(1.0) / total;
    Some(Joint {
        value,
        sd: (shared + of_photos).sqrt(),
        sd_repeat: of_photos.sqrt(),
        sd_between: (freedom > 0.0).then(|| (squares / freedom).sqrt()),
        disagree: disagreeing(looks),
    })
}

/// The photos that lie beyond their errors from the mean of the others, the farthest first; of two that contradict each other, both.
fn disagreeing(looks: &[Look]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..looks.len()).collect();
    let mut odd = Vec::new();
    while left.len() >= 2 {
        let departure = |index: usize| {
            let others = || left.iter().filter(|&&other| other != index).map(|&other| looks[other]);
            let weight = |look: &Look| look.sd_repeat.max(LEAST_SD).powi(-2);
            let total: f64 = others().map(|look| weight(&look)).sum();
            let mean = others().map(|look| weight(&look) * look.value).sum::<f64>() / total;
            let sd = (looks[index].sd_repeat.max(LEAST_SD).powi(2) + 1.0 / total).sqrt();
            (looks[index].value - mean).abs() / sd
        };
        let farthest = left.iter().copied().max_by(|&a, &b| departure(a).total_cmp(&departure(b)));
        let Some(farthest) = farthest.filter(|&index| departure(index) > DISAGREES) else { break };
        if left.len() == 2 {
            odd.extend(&left);
            break;
        }
        odd.push(farthest);
        left.retain(|&index| index != farthest);
    }
    odd
}

/// Records of one person in one stance, seen from one side, as one record with joint values: the measures are all photos', and
/// everything else is that of the photo that lies nearest to them. One photo given several times counts once. A record of which nothing was
/// measured takes no part. `None` where nothing is left.
///
/// Records of other views, of mirrored pictures or of other models than the first are not joined: see
/// [`comparable`](super::change::comparable).
#[must_use]
pub fn joined(id: &str, records: &[&Record]) -> Option<Record> {
    let photos = distinct(records);
    let [first, _, ..] = photos[..] else { return photos.first().map(|&only| only.clone()) };
    let joints: Vec<(Measure, Joint, Vec<usize>)> =
        Measure::ALL.into_iter().filter_map(|m| of_measure(m, &photos)).collect();
    let distance = |record: &Record| -> f64 {
        let off = |(measure, joint, _): &(Measure, Joint, Vec<usize>)| {
            let look = look(record, *measure)?;
            Some(((look.value - joint.value) / look.sd_repeat.max(LEAST_SD)).powi(2))
        };
        // A measure that it lacks makes it no good picture of the visit.
        joints.iter().map(|joint| off(joint).unwrap_or(9.0)).sum()
    };
    let nearest = photos.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(first);
    let mut whole = nearest.clone();
    whole.id = id.into();
    whole.observation = None;
    whole.edited = None;
    whole.joined = photos
        .iter()
        .flat_map(|photo| match &photo.joined[..] {
            [] => vec![JoinedPhoto {
                id: photo.id.clone(),
                file: photo.source.file.clone(),
                blake3: photo.source.blake3.clone(),
            }],
            several => several.to_vec(),
        })
        .collect();
    for (measure, joint, of) in &joints {
        if let Some(template) = of.first().and_then(|&index| photos[index].measure(*measure)) {
            whole.measures.insert(measure.name().into(), of_joint(*measure, joint, template, &photos, of));
        }
        for &index in &joint.disagree {
            let photo = photos[of[index]];
            let Some(found) = look(photo, *measure) else { continue };
            // De-identified records have no file names.
            let name = if photo.source.file.is_empty() { &photo.id } else { &photo.source.file };
            whole.warnings.push(format!(
                "{}: {} disagrees with the other photos of this stance: {:+.1} where all together give {:+.1} {}",
                measure.label(),
                name,
                found.value,
                joint.value,
                measure.unit().symbol()
            ));
        }
    }
    Some(whole)
}

/// The usable records that can be joined with the first of them, each photo once. A joint record stands for the photos in it.
fn distinct<'a>(records: &[&'a Record]) -> Vec<&'a Record> {
    let usable = || records.iter().copied().filter(|record| record.quality.usable);
    let in_another = |record: &Record| {
        let is_it = |photo: &JoinedPhoto| photo.blake3.is_some() && photo.blake3 == record.source.blake3;
        record.joined.is_empty() && usable().any(|other| other.joined.iter().any(is_it))
    };
    let mut photos: Vec<&Record> = Vec::new();
    for record in usable().filter(|record| !in_another(record)) {
        let known = |other: &&Record| {
            record.source.blake3.is_some()
                && other.source.blake3 == record.source.blake3
                && other.source.region == record.source.region
        };
        let fits = photos.first().is_none_or(|first| super::change::comparable(first, record).is_ok());
        if fits && !photos.iter().any(known) {
            photos.push(record);
        }
    }
    photos
}

/// The joint values of two views of one person, of the measures that both give. A view's error is the model's on this body for the
/// most part, and how much of it two views share is not known: it is taken to be all, so that the interval is no narrower than the mean of both.
/// Where the views contradict each other, their difference widens it.
#[must_use]
pub fn across(front: &Record, back: &Record) -> Vec<(Measure, Joint)> {
    let both = |measure: Measure| {
        let of = |record: &Record| {
            let found = record.measure(measure)?;
            Some((found.value?, found.sd?.max(LEAST_SD)))
        };
        let ((a, a_sd), (b, b_sd)) = (of(front)?, of(back)?);
        let (first, second) = (a_sd.powi(-2), b_sd.powi(-2));
        let mean = |a: f64, b: f64| (first * a + second * b) / (first + second);
        let apart = (a - b).abs() > DISAGREES * a_sd.hypot(b_sd);
        let disagree = if apart { vec![0, 1] } else { Vec::new() };
        // Of two values that contradict each other, neither is known to be the right one.
        let sd = if apart { mean(a_sd, b_sd).hypot(0.5 * (a - b)) } else { mean(a_sd, b_sd) };
        Some((measure, Joint { value: mean(a, b), sd, sd_repeat: sd, sd_between: None, disagree }))
    };
    Measure::ALL.into_iter().filter_map(both).collect()
}

/// A measure of one photo, where it has a value.
fn look(record: &Record, measure: Measure) -> Option<Look> {
    let found = record.measure(measure)?;
    let (value, sd) = (found.value?, found.sd?);
    let (sd_repeat, sd_shared) = match (found.sd_repeat, repeatability(measure)) {
        (Some(repeat), Some(known)) => (repeat, known.shared(sd, repeat)),
        _ => (sd, 0.0),
    };
    Some(Look { value, sd_shared, sd_repeat })
}

/// The joint value of a measure, and the photos that have one.
fn of_measure(measure: Measure, photos: &[&Record]) -> Option<(Measure, Joint, Vec<usize>)> {
    let found: Vec<(usize, Look)> =
        photos.iter().enumerate().filter_map(|(index, photo)| Some((index, look(photo, measure)?))).collect();
    let looks: Vec<Look> = found.iter().map(|(_, look)| *look).collect();
    let mut joint = join(&looks)?;
    let known = |&(index, _): &(usize, Look)| photos[index].measure(measure).is_some_and(|m| m.sd_repeat.is_some());
    if !found.iter().all(known) {
        // What the photos share is not known: their number narrows nothing.
        let sds = found.iter().filter_map(|&(index, _)| photos[index].measure(measure)?.sd);
        let mean_square = sds.map(|sd| sd.powi(2)).sum::<f64>() / looks.len() as f64;
        joint.sd = joint.sd.max(mean_square.sqrt());
    }
    Some((measure, joint, found.into_iter().map(|(index, _)| index).collect()))
}

fn of_joint(
    measure: Measure,
    joint: &Joint,
    template: &MeasureRecord,
    photos: &[&Record],
    of: &[usize],
) -> MeasureRecord {
    let records = || of.iter().filter_map(|&index| photos[index].measure(measure));
    let mean = |pick: fn(&MeasureRecord) -> Option<f64>| {
        let all: Vec<f64> = records().filter_map(pick).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    };
    // Millimetres follow the value by the scale that most photos share.
    let scale =
        mean(|found| found.value.filter(|value| value.abs() > 0.5).and_then(|value| Some(found.value_mm? / value)));
    let found = Measurement {
        value: joint.value,
        raw: mean(|found| found.raw).unwrap_or(joint.value),
        sd: joint.sd,
        varying: 0.0,
        scatter: 0.0,
        outlined: 0.0,
        by_hand: ByHand::No,
        derived_from: template.derived_from,
    };
    MeasureRecord {
        value: Some(rounded(found.value, 2)),
        sd: Some(rounded(found.sd, 2)),
        sd_repeat: records().all(|found| found.sd_repeat.is_some()).then(|| rounded(joint.sd_repeat, 2)),
        interval95: Some(found.interval95().map(|bound| rounded(bound, 2))),
        raw: Some(rounded(found.raw, 2)),
        value_mm: scale.map(|scale| rounded(found.value * scale, 1)),
        sd_mm: scale.map(|scale| rounded((found.sd * scale).abs(), 1)),
        side: towards(measure, found.value),
        resolved: Some(found.is_resolved()),
        words: Some(words(measure, &found)),
        photos: Some(records().map(|found| found.photos.unwrap_or(1)).sum()),
        sd_between: joint.sd_between.map(|sd| rounded(sd, 2)),
        by_face: by_face(&records().collect::<Vec<_>>()),
        ..template.clone()
    }
}

/// The joint tilt of several heads by their faces, where all have one.
fn by_face(photos: &[&MeasureRecord]) -> Option<ByFace> {
    let look = |photo: &&MeasureRecord| {
        let ByFace { value, sd_repeat } = photo.by_face?;
        Some(Look { value, sd_shared: 0.0, sd_repeat })
    };
    let joint = join(&photos.iter().map(look).collect::<Option<Vec<Look>>>()?)?;
    Some(ByFace { value: rounded(joint.value, 2), sd_repeat: rounded(joint.sd_repeat, 2) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::photo_hash::PhotoHash;

    const fn look(value: f64) -> Look {
        Look { value, sd_shared: 0.8, sd_repeat: 0.6 }
    }

    fn photo(number: usize, shoulders: f64) -> Record {
        let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        record.id = format!("front-{number}");
        record.source.file = format!("front-{number}.jpg");
        record.source.blake3 = PhotoHash::new(&number.to_string());
        for found in record.measures.values_mut() {
            found.sd_repeat = found.sd.map(|sd| 0.5 * sd);
        }
        let found = record.measures.get_mut("shoulder_tilt").expect("measured");
        (found.value, found.sd, found.sd_repeat) = (Some(shoulders), Some(1.2), Some(0.6));
        record
    }

    #[test]
    fn a_better_photo_counts_more() {
        let joint = join(&[look(1.0), Look { value: 4.0, sd_shared: 0.8, sd_repeat: 1.2 }]).expect("two");
        // Weights 1/0.36 and 1/1.44: four to one.
        assert!((joint.value - 1.6).abs() < 1e-12, "{joint:?}");
        assert!(join(&[]).is_none());
        let alone = join(&[look(1.0)]).expect("one");
        assert!((alone.sd - 1.0).abs() < 1e-12);
        assert_eq!((alone.value, alone.sd_between), (1.0, None));
    }

    #[test]
    fn photos_that_scatter_more_than_they_say_narrow_less() {
        let quiet = join(&[look(2.0), look(2.0), look(2.0)]).expect("three");
        let restless = join(&[look(0.0), look(2.0), look(4.0)]).expect("three");
        // Their scatter of 2 over the root of three, not 0.6 over the root of three.
        assert!((restless.sd_repeat - 2.0 / 3f64.sqrt()).abs() < 1e-12, "{restless:?}");
        assert!((quiet.sd_repeat - 0.6 / 3f64.sqrt()).abs() < 1e-12);
        assert_eq!(restless.sd_between, Some(2.0));
    }

    #[test]
    fn any_number_of_photos_never_narrows_what_they_share() {
        proptest::proptest!(|(values in proptest::collection::vec(-9.0..9.0f64, 1..9), sd in 0.3..3.0f64, share in 0.1..1.0f64)| {
            let looks: Vec<Look> = values.iter().map(|&value| Look { value, sd_shared: sd, sd_repeat: share * sd }).collect();
            let joint = join(&looks).expect("some");
            proptest::prop_assert!(joint.sd >= sd - 1e-9);
            let [low, high] = [f64::INFINITY, f64::NEG_INFINITY];
            let (low, high) = values.iter().fold((low, high), |(low, high), value| (low.min(*value), high.max(*value)));
            proptest::prop_assert!(joint.value >= low - 1e-9 && joint.value <= high + 1e-9);
        });
    }

    #[test]
    fn one_photo_given_three_times_is_one_photo() {
        let one = photo(1, 2.0);
        let joint = joined("visit-front", &[&one, &one, &one]).expect("a photo");
        assert_eq!(joint, one);
    }

    #[test]
    fn a_joint_record_stands_for_its_photos() {
        let photos = [photo(1, 2.0), photo(2, 2.4), photo(3, 2.2), photo(4, 2.6)];
        let records: Vec<&Record> = photos.iter().collect();
        let three = joined("visit-front", &records[..3]).expect("photos");
        // Beside its own photos, in whatever order, it is what it was.
        assert_eq!(joined("visit-front", &[&photos[0], &three, &photos[2]]).expect("photos"), three);
        // With a further one it counts as three.
        let four = joined("visit-front", &[&three, &photos[3]]).expect("photos");
        assert_eq!(four.joined.len(), 4);
        assert_eq!(four.measure(Measure::ShoulderTilt).expect("joint").photos, Some(4));
    }

    #[test]
    fn a_photo_that_disagrees_is_named() {
        let photos = [photo(1, 2.0), photo(2, 2.4), photo(3, 9.0)];
        let records: Vec<&Record> = photos.iter().collect();
        let whole = joined("visit-front", &records).expect("photos");
        assert_eq!(whole.joined.len(), 3);
        let said: Vec<&String> = whole.warnings.iter().filter(|words| words.contains("disagrees")).collect();
        assert_eq!(said.len(), 1, "{:?}", whole.warnings);
        assert!(said[0].contains("front-3.jpg") && said[0].contains("+9.0"), "{said:?}");
        let found = whole.measure(Measure::ShoulderTilt).expect("joint");
        assert_eq!(found.photos, Some(3));
        let mut nameless = photos.clone();
        for record in &mut nameless {
            record.source.file.clear();
        }
        let records: Vec<&Record> = nameless.iter().collect();
        let said = joined("visit-front", &records).expect("photos").warnings;
        assert!(said.iter().any(|words| words.contains("front-3 disagrees")), "{said:?}");
        // It widens what is said instead of vanishing in the mean.
        assert!(found.sd.expect("an error") > 1.8, "{found:?}");
        let alike = [photo(1, 2.0), photo(2, 2.4), photo(3, 2.2)];
        let records: Vec<&Record> = alike.iter().collect();
        let whole = joined("visit-front", &records).expect("photos");
        assert!(whole.warnings.iter().all(|words| !words.contains("disagrees")), "{:?}", whole.warnings);
        assert!(whole.measure(Measure::ShoulderTilt).expect("joint").sd < Some(1.2));
    }

    #[test]
    fn faces_are_joined_where_every_photo_has_one() {
        let mut photos = [photo(1, 2.0), photo(2, 2.4), photo(3, 2.2)];
        for (record, value) in photos.iter_mut().zip([1.0, 2.0, 3.0]) {
            let head = record.measures.get_mut("head_tilt").expect("measured");
            head.by_face = Some(ByFace { value, sd_repeat: 1.2 });
        }
        let of = |photos: &[Record]| {
            let whole = joined("visit-front", &photos.iter().collect::<Vec<_>>()).expect("photos");
            whole.measure(Measure::HeadTilt).expect("joint").by_face
        };
        // 1.2 over the root of three.
        assert_eq!(of(&photos), Some(ByFace { value: 2.0, sd_repeat: 0.69 }));
        photos[1].measures.get_mut("head_tilt").expect("measured").by_face = None;
        assert_eq!(of(&photos), None);
    }

    #[test]
    fn where_nothing_is_known_of_repeating_the_number_narrows_nothing() {
        let mut photos = [photo(1, 2.0), photo(2, 2.2)];
        for record in &mut photos {
            record.measures.get_mut("shoulder_tilt").expect("measured").sd_repeat = None;
        }
        let whole = joined("visit-front", &[&photos[0], &photos[1]]).expect("photos");
        let found = whole.measure(Measure::ShoulderTilt).expect("joint");
        assert_eq!((found.sd, found.sd_repeat), (Some(1.2), None));
    }

    #[test]
    fn two_views_are_no_surer_than_the_mean_of_both() {
        let (front, mut back) = (photo(1, 2.0), photo(2, 4.0));
        back.measures.get_mut("shoulder_tilt").expect("measured").sd = Some(1.2);
        let all = across(&front, &back);
        let (_, joint) = all.iter().find(|(measure, _)| *measure == Measure::ShoulderTilt).expect("both");
        assert!((joint.value - 3.0).abs() < 1e-9 && (joint.sd - 1.2).abs() < 1e-9 && joint.disagree.is_empty());
        // Views that contradict each other have an interval that holds both.
        let mut other = photo(3, 14.0);
        other.measures.get_mut("shoulder_tilt").expect("measured").sd = Some(1.2);
        let all = across(&front, &other);
        let (_, joint) = all.iter().find(|(measure, _)| *measure == Measure::ShoulderTilt).expect("both");
        assert!(joint.disagree == [0, 1] && 1.96 * joint.sd > 6.0, "{joint:?}");
    }
}
