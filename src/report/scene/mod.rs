//! The drawing over a person: one description, which pictures, SVG, pages and the window render.

pub mod figure;
pub mod framing;
mod front;
mod labels;
mod lines;
pub mod shape;
mod side;
mod words;

use figure::Figure;
use framing::{Attitude, Framing};
use lines::Pen;
use shape::{Label, Layer};
pub use words::{caption, offset};

use crate::core::record::Record;

/// The largest side of a picture, in widths of a thin line.
const LINES_A_SIDE: f64 = 600.0;

/// Everything drawn over a photo, in pixels of the framed picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The framing of the photo.
    pub framing: Framing,
    /// Width of a thin line.
    pub unit: f64,
    /// From bottom to top.
    pub layers: Vec<Layer>,
    /// Above all layers.
    pub labels: Vec<Label>,
}

impl Scene {
    /// A record's picture with its labels.
    #[must_use]
    pub fn of(record: &Record, attitude: Attitude) -> Self {
        let framing = Framing::of(record, attitude);
        let unit = (framing.size[0].max(framing.size[1]) / LINES_A_SIDE).max(1.0);
        let figure = Figure::of(record);
        let (mut layers, named) = drawn(&figure, &framing, &Pen { unit, tags: false });
        let (mut labels, leaders) = labels::beside(&figure, &framing, named, unit);
        layers.push(Layer { id: "leaders", name: "lines to the labels", color: shape::WHITE, shapes: leaders });
        labels.extend(labels::numbers(&record.subject.standing, &framing, unit));
        labels.push(labels::caption(&caption(record), &framing, unit));
        Self { framing, unit, layers, labels }
    }
}

/// The layers for a page: lines with their values, with a thin line of `unit` pixels.
#[must_use]
pub fn tagged(record: &Record, framing: &Framing, unit: f64) -> Vec<Layer> {
    drawn(&Figure::of(record), framing, &Pen { unit, tags: true }).0
}

/// The layers for a window: lines alone, with a thin line of `unit` pixels.
#[must_use]
pub fn plain(figure: &Figure, framing: &Framing, unit: f64) -> Vec<Layer> {
    drawn(figure, framing, &Pen { unit, tags: false }).0
}

fn drawn(figure: &Figure, framing: &Framing, pen: &Pen) -> (Vec<Layer>, Vec<lines::Named>) {
    let is_seen = |joint| side::is_near(figure, joint);
    let mut layers = vec![lines::grid(figure, framing, pen), lines::joints(figure, framing, pen, is_seen)];
    let draw = if figure.view.facing().is_some() { front::draw } else { side::draw };
    let (over, named) = draw(figure, framing, pen);
    layers.extend(over);
    layers.push(lines::by_hand(figure, framing, pen));
    layers.retain(|layer| !layer.shapes.is_empty());
    (layers, named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::spine::Vertebra;
    use crate::core::geometry::Point;
    use crate::core::measure::Measure;
    use crate::core::measure::frontal::Pattern;
    use crate::core::record::profile::{Largest, Level, SpinalProfile};
    use crate::core::record::states::{PlacedBy, Towards};
    use shape::Shape;

    fn record(name: &str) -> Record {
        Record::open(format!("tests/fixtures/records/{name}.json").as_ref()).expect("a record")
    }

    fn line(layers: &[Layer], id: &str) -> Vec<Point> {
        let layer = layers.iter().find(|layer| layer.id == id).unwrap_or_else(|| panic!("no {id}"));
        match &layer.shapes[0] {
            Shape::Line { points, .. } => points.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn layers_show_what_was_found_and_nothing_else() {
        let ids = |name: &str| {
            let record = record(name);
            let framing = Framing::of(&record, Attitude::Upright);
            tagged(&record, &framing, 2.0).iter().map(|layer| layer.id).collect::<Vec<_>>()
        };
        let whole = ["grid", "joints", "plumb", "spine", "head", "shoulders", "hips", "ankles"];
        assert_eq!(ids("anterior-tilted"), whole);
        assert_eq!(ids("cropped-at-the-knees"), ["grid", "joints", "head", "shoulders", "hips"]);
        assert_eq!(ids("lateral-left")[..3], ["grid", "joints", "plumb"]);
    }

    #[test]
    fn points_by_hand_are_a_layer_of_their_own_and_said_below_the_picture() {
        let mut record = record("anterior-tilted");
        let dots = |record: &Record, id: &str| {
            let layers = tagged(record, &Framing::of(record, Attitude::Upright), 2.0);
            let layer = layers.into_iter().find(|layer| layer.id == id);
            layer.map_or(0, |layer| layer.shapes.iter().filter(|shape| matches!(shape, Shape::Dot { .. })).count())
        };
        let joints = dots(&record, "joints");
        assert!(!caption(&record).contains("hand"));
        record.landmarks["left_shoulder"].by = Some(PlacedBy::Hand);
        assert_eq!((dots(&record, "joints"), dots(&record, "hand")), (joints - 1, 1));
        assert!(caption(&record).ends_with("; pink points were placed by hand"), "{}", caption(&record));
    }

    #[test]
    fn the_spines_profile_is_drawn_with_its_largest_departure() {
        let mut record = record("anterior-tilted");
        let at = |name: &str| [record.landmarks[name].x, record.landmarks[name].y];
        let ([lx, ly], [rx, ry]) = (at("left_shoulder"), at("right_hip"));
        let level = |level, share: f64, from_chord| Level {
            level,
            from_plumb: 0.0,
            from_chord,
            x: lx + share * (rx - lx),
            y: ly + share * (ry - ly),
        };
        record.spinal_profile = Some(SpinalProfile {
            pattern: Pattern::C,
            largest: Some(Largest {
                level: Vertebra::T8,
                offset: 4.2,
                sd: 1.0,
                side: Some(Towards::Left),
                resolved: true,
            }),
            levels: vec![
                level(Vertebra::C7, 0.0, Some(0.0)),
                level(Vertebra::T8, 0.5, Some(4.2)),
                level(Vertebra::Sacrum, 1.0, Some(0.0)),
            ],
        });
        let layer = |record: &Record| {
            let layers = tagged(record, &Framing::of(record, Attitude::Upright), 2.0);
            layers.into_iter().find(|layer| layer.id == "profile").expect("drawn")
        };
        let shapes = layer(&record).shapes;
        assert!(matches!(&shapes[0], Shape::Line { points, .. } if points.len() == 3));
        assert!(shapes.iter().any(|shape| matches!(shape, Shape::Tag { text, .. } if text == "T8 4.2 % left")));
        record.spinal_profile.iter_mut().flat_map(|profile| &mut profile.largest).for_each(|l| l.resolved = false);
        assert!(!layer(&record).shapes.iter().any(|shape| matches!(shape, Shape::Tag { .. })));
    }

    #[test]
    fn lines_are_tilted_as_their_values_say_in_either_attitude() {
        let mut record = record("anterior-tilted");
        for roll in [-9.0, 0.0, 4.6] {
            record.camera.roll_deg = roll;
            for (attitude, shown_roll) in [(Attitude::Upright, 0.0), (Attitude::AsTaken, roll)] {
                let scene = Scene::of(&record, attitude);
                for (id, measure) in [("shoulders", Measure::ShoulderTilt), ("hips", Measure::PelvicObliquity)] {
                    let ends = line(&scene.layers, id);
                    let along = ends[1] - ends[0];
                    assert!(along.x > 0.0);
                    // From the front the subject's left lies on the right: it is higher by the value.
                    let rise = (-along.y).atan2(along.x).to_degrees() + shown_roll;
                    let value = record.measure(measure).and_then(|found| found.value).expect("measured");
                    assert!((rise - value).abs() < 1e-9, "{id}: drawn {rise}, said {value}");
                }
            }
        }
    }

    #[test]
    fn a_refused_line_runs_through_its_points_and_is_broken() {
        let mut record = record("anterior-tilted");
        record.measures["shoulder_tilt"].value = None;
        let scene = Scene::of(&record, Attitude::AsTaken);
        let layer = scene.layers.iter().find(|layer| layer.id == "shoulders").expect("drawn");
        let Shape::Line { points, dashed: true, .. } = &layer.shapes[0] else { panic!("{:?}", layer.shapes[0]) };
        let at = |name: &str| Point::new(record.landmarks[name].x, record.landmarks[name].y);
        let (left, right) = (at("left_shoulder"), at("right_shoulder"));
        assert!((left - right).cross(points[1] - points[0]).abs() < 1e-6);
        assert!(scene.labels.iter().any(|label| label.lines == ["shoulder tilt", "not measured"]));
    }

    #[test]
    fn offsets_of_the_spinal_line_below_its_error_are_no_findings() {
        let mut record = record("anterior-tilted");
        let tags = |record: &Record| {
            let framing = Framing::of(record, Attitude::Upright);
            let layers = tagged(record, &framing, 2.0);
            let spine = layers.iter().find(|layer| layer.id == "spine").expect("drawn").shapes.clone();
            spine.iter().filter(|shape| matches!(shape, Shape::Tag { .. })).count()
        };
        let levels = record.spinal_line.as_ref().expect("frontal").levels.clone();
        for (sd, within) in [(0.0, levels.len() - 1), (1e3, 0)] {
            record.measures["spinal_line_deviation"].sd = Some(sd);
            assert_eq!(tags(&record), within);
        }
    }

    #[test]
    fn values_of_a_side_view_do_not_cover_one_another() {
        let mut record = record("lateral-left");
        for measure in ["forward_head", "body_plumb"] {
            record.measures[measure].resolved = Some(true);
        }
        let layers = tagged(&record, &Framing::of(&record, Attitude::Upright), 2.0);
        let tags: Vec<(Point, f64)> = layers
            .iter()
            .flat_map(|layer| &layer.shapes)
            .filter_map(|shape| if let Shape::Tag { at, size, .. } = shape { Some((*at, *size)) } else { None })
            .collect();
        assert!(tags.len() >= 4, "{tags:?}");
        for (index, (at, size)) in tags.iter().enumerate() {
            let covers = |other: &Point| (other.y - at.y).abs() < *size && (other.x - at.x).abs() < 6.0 * size;
            assert!(!tags[index + 1..].iter().any(|(other, _)| covers(other)), "{tags:?}");
        }
    }

    #[test]
    fn labels_stand_beside_the_body_without_covering_one_another() {
        for name in ["anterior-tilted", "lateral-left", "cropped-at-the-knees"] {
            let scene = Scene::of(&record(name), Attitude::Upright);
            let labels = &scene.labels[..scene.labels.len() - 1];
            assert!(labels.len() > 3, "{name}: {labels:?}");
            for pair in labels.windows(2) {
                assert!(pair[1].at.y - pair[0].at.y >= 3.4 * pair[0].size - 1e-9, "{name}: {pair:?}");
            }
        }
    }
}
