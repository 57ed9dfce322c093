//! What a model file is: its family, its inputs and its points, from the shapes and names in the file and from a small TOML file beside
//! it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::core::body::keypoints::KeypointSet;
use crate::vision::estimate::heatmap::Alignment;
use crate::vision::estimate::{movenet, simcc, yolo};
use crate::vision::model::{Numbers, Outlet};

/// The decoder family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// One MoveNet person, or up to six.
    MoveNet {
        /// MultiPose.
        several: bool,
    },
    /// RTMPose, RTMW, SpinePose.
    SimCc {
        /// Bins per pixel.
        split: f64,
    },
    /// ViTPose, HRNet.
    Heatmap(Alignment),
    /// YOLOv8-pose, YOLO11-pose.
    Yolo,
}

impl Family {
    /// The name in lists and in the file beside a model.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MoveNet { .. } => "movenet",
            Self::SimCc { .. } => "simcc",
            Self::Heatmap(_) => "heatmap",
            Self::Yolo => "yolo",
        }
    }

    /// The score from which a point counts as seen, on the model's own scale.
    #[must_use]
    pub fn visible_from(self) -> f64 {
        match self {
            Self::MoveNet { .. } => 0.2,
            Self::SimCc { .. } | Self::Heatmap(_) => 0.3,
            Self::Yolo => 0.5,
        }
    }
}

/// Input and output of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The family.
    pub family: Family,
    /// Width of the input picture, in pixels.
    pub width: usize,
    /// Height of the input picture, in pixels.
    pub height: usize,
    /// Mean and standard deviation of each channel, 0 to 255, for normalisation; not applied to whole numbers.
    pub channels: [(f32, f32); 3],
    /// The names of the outputs: one, or that across and that along.
    pub outputs: Vec<String>,
    /// The output points.
    pub points: KeypointSet,
    /// The score from which a point counts as seen.
    pub visible_from: f64,
}

/// What the file beside a model may state: everything that its shapes do not show.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// `simcc`, `heatmap`, `yolo` or `movenet`.
    pub family: Option<String>,
    /// A point format's name, such as `halpe-26`.
    pub format: Option<String>,
    /// The points' names in order, instead of a format.
    pub points: Option<Vec<String>>,
    /// Width and height of the input picture, if the model leaves them open.
    pub input: Option<[usize; 2]>,
    /// Mean of each channel, 0 to 255.
    pub mean: Option<[f32; 3]>,
    /// Standard deviation of each channel, 0 to 255.
    pub std: Option<[f32; 3]>,
    /// Bins per pixel of a SimCC head.
    pub split: Option<f64>,
    /// How a heatmap's cells map to pixels.
    pub alignment: Option<Alignment>,
    /// The score from which a point counts as seen.
    pub visible_from: Option<f64>,
}

/// The file beside a model: `rtmpose.toml` for `rtmpose.onnx`.
#[must_use]
pub fn sidecar_of(model: &Path) -> PathBuf {
    model.with_extension("toml")
}

impl Sidecar {
    /// Reads the file beside a model; a missing file gives the defaults.
    ///
    /// # Errors
    /// In words, naming the file.
    pub fn beside(model: &Path) -> Result<Self, String> {
        let path = sidecar_of(model);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        basic_toml::from_str(&text).map_err(|error| {
            format!(
                "{}: expected some of family, format, points, input, mean, std, split, alignment, visible_from, found {error}",
                path.display()
            )
        })
    }
}

/// Mean and standard deviation of ImageNet's channels, 0 to 255.
const IMAGENET: [(f32, f32); 3] = [(123.675, 58.395), (116.28, 57.12), (103.53, 57.375)];
/// Black 0 and white 1.
const SHARES: [(f32, f32); 3] = [(0.0, 255.0); 3];
/// Black 0 and white 255.
const LEVELS: [(f32, f32); 3] = [(0.0, 1.0); 3];
/// The largest accepted side of an input picture, in pixels.
const MOST_SIDE: i64 = 4096;

/// Whether a graph is of the BlazePose family, which has a decoder of its own.
#[must_use]
pub fn is_blazepose(outputs: &[Outlet]) -> bool {
    ["landmarks", "flag", "heatmap", "world"].iter().all(|name| outputs.iter().any(|out| out.name == *name))
}

/// Identifies a model.
///
/// # Errors
/// What was expected and what was found, in words.
pub fn recognise(inputs: &[Outlet], outputs: &[Outlet], said: &Sidecar) -> Result<Form, String> {
    let found = || format!("found {} in and {} out", listed(inputs), listed(outputs));
    let [input] = inputs else { return Err(format!("expected one input, a picture, {}", found())) };
    let seen = family_of(input, outputs, said).ok_or_else(|| format!("expected {KNOWN}, {}", found()))?;
    if let Some(named) = said.family.as_deref().filter(|named| *named != seen.family.name()) {
        return Err(format!("expected a model of the family {named}, as the file beside it says, {}", found()));
    }
    let size = |open: i64, given: usize| if open > 0 { open } else { i64::try_from(given).unwrap_or(0) };
    let [given_width, given_height] = said.input.unwrap_or_default();
    let (width, height) = (size(seen.width, given_width), size(seen.height, given_height));
    if !(1..=MOST_SIDE).contains(&width) || !(1..=MOST_SIDE).contains(&height) {
        return Err(format!(
            "expected the picture's width and height in the model or as input = [width, height] beside it, {}",
            found()
        ));
    }
    if let Family::Yolo = seen.family
        && width != height
    {
        return Err(format!("expected a square picture, {}", found()));
    }
    let points = points_of(seen.count, said).map_err(|reason| format!("{reason}, {}", found()))?;
    let mut channels = match seen.family {
        Family::MoveNet { .. } => LEVELS,
        Family::SimCc { .. } | Family::Heatmap(_) => IMAGENET,
        Family::Yolo => SHARES,
    };
    for (index, channel) in channels.iter_mut().enumerate() {
        let (mean, std) =
            (said.mean.map_or(channel.0, |mean| mean[index]), said.std.map_or(channel.1, |std| std[index]));
        if !(std > 0.0 && mean.is_finite()) {
            return Err(format!("expected a mean and a std above 0 of each channel, found {mean} and {std}"));
        }
        *channel = (mean, std);
    }
    let visible_from = said.visible_from.unwrap_or_else(|| seen.family.visible_from());
    if visible_from.is_nan() || visible_from <= 0.0 {
        return Err(format!("expected a visible_from above 0, found {visible_from}"));
    }
    Ok(Form {
        family: seen.family,
        width: width as usize,
        height: height as usize,
        channels,
        outputs: seen.outputs,
        points,
        visible_from,
    })
}

const KNOWN: &str = "outputs of a known family (simcc_x and simcc_y of points x bins; points x rows x columns; \
                     (5 + 3 x points) x candidates; or 1 x 17 x 3 and people x 56 of whole numbers 1 x side x side x 3)";

/// What the shapes show; -1 stands for a width, height or count that they leave open.
struct Seen {
    family: Family,
    width: i64,
    height: i64,
    count: i64,
    outputs: Vec<String>,
}

fn family_of(input: &Outlet, outputs: &[Outlet], said: &Sidecar) -> Option<Seen> {
    let is = |outlet: &Outlet, numbers: Numbers| outlet.numbers == numbers;
    let named = |wanted: &str| outputs.iter().find(|out| out.name == wanted && is(out, Numbers::Float));
    match input.shape[..] {
        [_, height, width, 3] if is(input, Numbers::Whole) && height == width => {
            let [output] = outputs else { return None };
            let several = match output.shape[..] {
                [_, 1, 17, 3] => false,
                [_, _, people] if people == movenet::PER_PERSON as i64 => true,
                _ => return None,
            };
            let outputs = vec![output.name.clone()];
            Some(Seen { family: Family::MoveNet { several }, width, height, count: movenet::POINTS as i64, outputs })
        }
        [_, 3, height, width] if is(input, Numbers::Float) => {
            if let (Some(across), Some(along)) = (named("simcc_x"), named("simcc_y")) {
                let ([_, count, columns], [_, other, rows]) = (&across.shape[..], &along.shape[..]) else {
                    return None;
                };
                let split = said.split.unwrap_or(simcc::SPLIT);
                let fits = |bins: i64, pixels: i64| bins < 0 || pixels < 0 || bins as f64 == split * pixels as f64;
                if count != other || !fits(*columns, width) || !fits(*rows, height) || split <= 0.0 {
                    return None;
                }
                let outputs = vec![across.name.clone(), along.name.clone()];
                return Some(Seen { family: Family::SimCc { split }, width, height, count: *count, outputs });
            }
            let [output] = outputs else { return None };
            let outputs = vec![output.name.clone()];
            match output.shape[..] {
                [_, rows, _] if is_yolo(rows) && is(output, Numbers::Float) => {
                    let count = (rows - yolo::HEAD as i64) / yolo::PER_POINT as i64;
                    Some(Seen { family: Family::Yolo, width, height, count, outputs })
                }
                [_, count, rows, columns] if is(output, Numbers::Float) => {
                    let coarser = |cells: i64, pixels: i64| cells < 0 || pixels < 0 || cells < pixels;
                    let alignment = said.alignment.unwrap_or(Alignment::Udp);
                    (coarser(rows, height) && coarser(columns, width)).then_some(Seen {
                        family: Family::Heatmap(alignment),
                        width,
                        height,
                        count,
                        outputs,
                    })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_yolo(rows: i64) -> bool {
    let points = rows - yolo::HEAD as i64;
    points > 0 && points % yolo::PER_POINT as i64 == 0
}

/// The points' names, from the file beside the model or from their number.
fn points_of(count: i64, said: &Sidecar) -> Result<KeypointSet, String> {
    let names = || KeypointSet::names().collect::<Vec<_>>().join(", ");
    let set = match (&said.points, &said.format) {
        (Some(points), _) => KeypointSet::of_points("own", points.clone()),
        (None, Some(format)) => KeypointSet::named(format)
            .cloned()
            .ok_or_else(|| format!("expected a point format among {}, found \"{format}\"", names()))?,
        (None, None) => usize::try_from(count).ok().and_then(KeypointSet::of_count).cloned().ok_or_else(|| {
            format!(
                "expected the points' names beside the model (format = one of {}, or points = [...]), which {count} points do not tell",
                names()
            )
        })?,
    };
    if count >= 0 && set.count() as i64 != count {
        return Err(format!(
            "expected {} points, as the file beside the model says, and the model gives {count}",
            set.count()
        ));
    }
    Ok(set)
}

/// Names and shapes, for messages.
fn listed(outlets: &[Outlet]) -> String {
    let one = |outlet: &Outlet| {
        let numbers = match outlet.numbers {
            Numbers::Float => "f32",
            Numbers::Whole => "i32",
            Numbers::Other => "other numbers",
        };
        format!("{} {:?} of {numbers}", outlet.name, outlet.shape)
    };
    match outlets {
        [] => "nothing".into(),
        some => some.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(name: &str, shape: &[i64]) -> Outlet {
        Outlet { name: name.into(), shape: shape.to_vec(), numbers: Numbers::Float }
    }

    fn whole(shape: &[i64]) -> Outlet {
        Outlet { name: "input".into(), shape: shape.to_vec(), numbers: Numbers::Whole }
    }

    fn picture(shape: &[i64]) -> Vec<Outlet> {
        vec![float("input", shape)]
    }

    fn said(toml: &str) -> Sidecar {
        basic_toml::from_str(toml).expect("a file beside a model")
    }

    #[test]
    fn families_are_told_by_their_shapes() {
        let of =
            |inputs: &[Outlet], outputs: &[Outlet], toml: &str| recognise(inputs, outputs, &said(toml)).expect("known");
        let rtm =
            of(&picture(&[-1, 3, 256, 192]), &[float("simcc_x", &[-1, 26, 384]), float("simcc_y", &[-1, 26, 512])], "");
        assert_eq!((rtm.family, rtm.width, rtm.height), (Family::SimCc { split: 2.0 }, 192, 256));
        assert_eq!((rtm.points.name(), rtm.channels), ("halpe-26", IMAGENET));
        let vit = of(&picture(&[1, 3, 256, 192]), &[float("heatmaps", &[1, 17, 64, 48])], "alignment = \"stride\"");
        assert_eq!((vit.family, vit.points.name()), (Family::Heatmap(Alignment::Stride), "coco-17"));
        let yolo = of(&picture(&[1, 3, 640, 640]), &[float("output0", &[1, 56, 8400])], "visible_from = 0.4");
        assert_eq!((yolo.family, yolo.channels, yolo.visible_from), (Family::Yolo, SHARES, 0.4));
        let thunder = of(&[whole(&[1, 256, 256, 3])], &[float("out", &[1, 1, 17, 3])], "");
        assert_eq!(thunder.family, Family::MoveNet { several: false });
        let multi = of(&[whole(&[1, 256, 256, 3])], &[float("out", &[1, 6, 56])], "");
        assert_eq!(multi.family, Family::MoveNet { several: true });
        let open = of(
            &picture(&[-1, 3, -1, -1]),
            &[float("h", &[-1, -1, -1, -1])],
            "input = [192, 256]\nformat = \"spinetrack-37\"",
        );
        assert_eq!((open.width, open.height, open.points.count()), (192, 256, 37));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_was_found() {
        let refused = |inputs: &[Outlet], outputs: &[Outlet], toml: &str| {
            recognise(inputs, outputs, &said(toml)).expect_err("refused")
        };
        let classes = refused(&picture(&[1, 3, 224, 224]), &[float("logits", &[1, 1000])], "");
        assert!(
            classes.contains("found input [1, 3, 224, 224] of f32 in and logits [1, 1000] of f32 out"),
            "{classes}"
        );
        let bins = [float("simcc_x", &[1, 17, 300]), float("simcc_y", &[1, 17, 512])];
        assert!(refused(&picture(&[1, 3, 256, 192]), &bins, "").contains("simcc_x [1, 17, 300]"));
        let twenty = refused(&picture(&[1, 3, 256, 192]), &[float("h", &[1, 20, 64, 48])], "");
        assert!(twenty.contains("which 20 points do not tell"), "{twenty}");
        let other = refused(&picture(&[1, 3, 256, 192]), &[float("h", &[1, 17, 64, 48])], "format = \"halpe-26\"");
        assert!(other.contains("expected 26 points") && other.contains("gives 17"), "{other}");
        assert!(
            refused(&picture(&[1, 3, -1, -1]), &[float("h", &[1, 17, 64, 48])], "").contains("input = [width, height]")
        );
        assert!(
            refused(&picture(&[1, 3, 256, 192]), &[float("h", &[1, 17, 64, 48])], "family = \"yolo\"")
                .contains("family yolo")
        );
        assert!(
            refused(&picture(&[1, 3, 9, 9]), &[float("h", &[1, 17, 3, 3])], "format = \"coco\"").contains("coco-17")
        );
        assert!(
            refused(&picture(&[1, 3, 9, 9]), &[float("h", &[1, 17, 3, 3])], "std = [1, 0, 1]").contains("std above 0")
        );
        assert!(refused(&[], &[], "").contains("found nothing in and nothing out"));
    }

    #[test]
    fn an_unknown_word_beside_a_model_is_refused() {
        assert!(basic_toml::from_str::<Sidecar>("familly = \"yolo\"").is_err());
    }
}
