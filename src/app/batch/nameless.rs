//! Removes precision from records, so that they cannot be matched digit by digit with other records.

use crate::core::record::Record;

/// Places are rounded to pixels, values to tenths, and the observation is removed: the record then shares no long number with a record of
/// the same photo made elsewhere. Anyone with the photo itself can still measure and compare it.
pub(super) fn coarsened(record: &mut Record) {
    let tenth = |value: &mut f64| *value = (10.0 * *value).round() / 10.0 + 0.0;
    let whole = |value: &mut f64| *value = value.round() + 0.0;
    for landmark in record.landmarks.values_mut() {
        whole(&mut landmark.x);
        whole(&mut landmark.y);
        tenth(&mut landmark.visibility);
        landmark.sd_px.iter_mut().for_each(tenth);
    }
    for found in record.measures.values_mut() {
        let single = [&mut found.value, &mut found.sd, &mut found.raw, &mut found.value_mm, &mut found.sd_mm];
        single.into_iter().flatten().chain(found.interval95.iter_mut().flatten()).for_each(tenth);
        [&mut found.sd_repeat, &mut found.sd_between].into_iter().flatten().for_each(tenth);
        if let Some(face) = &mut found.by_face {
            [&mut face.value, &mut face.sd_repeat].into_iter().for_each(tenth);
        }
    }
    for level in record.spinal_line.iter_mut().flat_map(|line| &mut line.levels) {
        tenth(&mut level.offset);
        whole(&mut level.x);
        whole(&mut level.y);
    }
    let camera = &mut record.camera;
    whole(&mut camera.focal_px);
    for angle in [&mut camera.roll_deg, &mut camera.pitch_deg] {
        tenth(angle);
    }
    let subject = &mut record.subject;
    subject.bounds.iter_mut().chain(subject.standing.iter_mut().flatten()).for_each(whole);
    [&mut subject.yaw_deg, &mut subject.yaw_sd_deg, &mut subject.head_yaw_deg].into_iter().flatten().for_each(tenth);
    // Millimetres per pixel are small numbers.
    if let Some(scale) = &mut subject.scale_mm_per_px {
        *scale = (100.0 * *scale).round() / 100.0;
    }
    record.observation = None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::ByFace;

    #[test]
    fn no_long_number_of_a_photo_stays() {
        let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        let head = record.measures.get_mut("head_tilt").expect("measured");
        head.by_face = Some(ByFace { value: 1.23, sd_repeat: 0.77 });
        let before = record.clone();
        coarsened(&mut record);
        assert!(record.observation.is_none());
        for (name, landmark) in &record.landmarks {
            assert!(landmark.x.fract() == 0.0 && landmark.y.fract() == 0.0, "{name}");
            assert!((landmark.x - before.landmarks[name].x).abs() <= 0.5, "{name}");
        }
        for (name, found) in &record.measures {
            let face = found.by_face.map(|face| face.value);
            for number in [found.value, found.raw, found.sd, found.sd_repeat, face].into_iter().flatten() {
                assert!((10.0 * number - (10.0 * number).round()).abs() < 1e-9, "{name}: {number}");
            }
        }
        assert!(record.landmarks.iter().any(|(name, landmark)| landmark.x != before.landmarks[name].x));
    }
}
