//! Manual landmarks: a joint that a model placed wrongly, or a bony point that no model gives.
//!
//! A file of points is a JSON object, from a point's name to its place in pixels of the upright photo:
//!
//! ```
//! use orthostat::core::points::{Points, Site};
//! let json = r#"{"left_shoulder": [607.2, 412.3], "c7": {"x": 540.0, "y": 380.5, "sd_px": 2.0}}"#;
//! let points = Points::from_json(json.as_bytes(), "points.json".as_ref()).unwrap();
//! assert_eq!(points.get(Site::from_name("c7").unwrap()).unwrap().sd_px, Some(2.0));
//! ```
//!
//! Names of sides are the subject's own, also where the picture is a mirror image.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::core::body::landmarks::BonyPoint;
use crate::core::body::skeleton::Joint;
use crate::core::error::{Error, Result};
use crate::core::geometry::{Point, rounded};

/// The error of a manual landmark, as the standard deviation of each coordinate in trunk lengths, unless the file states it: 4 mm on a
/// trunk of half a metre. **Assumed**: twice the mean distance error of 1.8 mm that SAPO's digitising of marked points on a rigid object
/// had (Ferreira 2010), because a point on a body without a marker also has to be located.
pub const CLICK_SD: f64 = 0.008;
/// The minimum, in pixels: the limit of the picture's resolution.
const LEAST_SD_PX: f64 = 0.5;
/// The assumed value if the trunk is not visible, in pixels.
pub(crate) const SD_WITHOUT_TRUNK_PX: f64 = 4.0;
/// Larger values are rejected, in pixels.
const MOST_SD_PX: f64 = 1000.0;

/// A place on the body that can be marked by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// A joint or a point of the face that models also give.
    Joint(Joint),
    /// A bony point that models do not give.
    Bony(BonyPoint),
}

impl Site {
    /// All sites, joints first.
    pub fn all() -> impl Iterator<Item = Self> {
        Joint::ALL.into_iter().map(Site::Joint).chain(BonyPoint::ALL.into_iter().map(Site::Bony))
    }

    /// The name in files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Site::Joint(joint) => joint.name(),
            Site::Bony(point) => point.name(),
        }
    }

    /// The name for display.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Site::Joint(joint) => joint.words(),
            Site::Bony(point) => point.words(),
        }
    }

    /// The mirror partner; sites in the middle are their own.
    #[must_use]
    pub const fn mirror(self) -> Self {
        match self {
            Site::Joint(joint) => Site::Joint(joint.mirror()),
            Site::Bony(point) => Site::Bony(point.mirror()),
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|site| site.name() == name)
    }

    const fn index(self) -> usize {
        match self {
            Site::Joint(joint) => joint.index(),
            Site::Bony(point) => Joint::COUNT + point as usize,
        }
    }
}

/// A manual landmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandPoint {
    /// In pixels of the upright photo.
    pub at: Point,
    /// Standard deviation of each coordinate, in pixels; `None`: see [`CLICK_SD`].
    pub sd_px: Option<f64>,
}

/// Manual landmarks, each site at most once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// By the site's index. A plan of ten thousand photos contains as many of these maps, mostly empty.
    places: BTreeMap<usize, HandPoint>,
}

impl Points {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The point placed at a site.
    #[must_use]
    pub fn get(&self, site: Site) -> Option<HandPoint> {
        self.places.get(&site.index()).copied()
    }

    /// Sets or removes a point; its numbers are rounded to hundredths of a pixel, as in records.
    pub fn set(&mut self, site: Site, point: Option<HandPoint>) {
        let rounded = point.map(|point| HandPoint {
            at: Point::new(rounded(point.at.x, 2), rounded(point.at.y, 2)),
            sd_px: point.sd_px.map(|sd| rounded(sd, 2)),
        });
        match rounded {
            Some(point) => self.places.insert(site.index(), point),
            None => self.places.remove(&site.index()),
        };
    }

    /// The sites that have a point, in order, with their points.
    pub fn iter(&self) -> impl Iterator<Item = (Site, HandPoint)> + '_ {
        Site::all().filter_map(|site| self.get(site).map(|point| (site, point)))
    }

    /// The same with all points of another set, which override the existing ones.
    #[must_use]
    pub fn with(mut self, other: &Points) -> Self {
        for (site, point) in other.iter() {
            self.set(site, Some(point));
        }
        self
    }

    /// The same places with left and right exchanged.
    #[must_use]
    pub fn exchanged(&self) -> Self {
        let mut exchanged = Self::default();
        for (site, point) in self.iter() {
            exchanged.set(site.mirror(), Some(point));
        }
        exchanged
    }

    /// The same with every standard deviation filled in; missing ones are derived from the length of a trunk in pixels.
    #[must_use]
    pub fn with_errors(mut self, trunk_px: Option<f64>) -> Self {
        let usual = trunk_px.map_or(SD_WITHOUT_TRUNK_PX, |trunk| (CLICK_SD * trunk).max(LEAST_SD_PX));
        for point in self.places.values_mut() {
            point.sd_px.get_or_insert(rounded(usual, 2));
        }
        self
    }

    /// Reads a file of points.
    ///
    /// # Errors
    /// [`Error::Unreadable`], and what [`Points::from_json`] says.
    pub fn open(path: &Path) -> Result<Self> {
        let json = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
        Self::from_json(&json, path)
    }

    /// Reads points from JSON; `path` is only its name.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the file, and the point where it is about one: JSON that is not an object, an unknown name, a
    /// name twice, a place that is not two numbers, a standard deviation that is not above 0.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Usage { reason: format!("{}: {reason}", path.display()) };
        let mut reader = serde_json::Deserializer::from_slice(json);
        // Nothing may follow the object: two objects are not a set of points.
        let entries = reader
            .deserialize_map(Entries)
            .and_then(|entries| reader.end().map(|()| entries))
            .map_err(|error| wrong(format!("expected a JSON object of points such as {EXAMPLE}, found {error}")))?;
        let mut points = Self::default();
        for (name, value) in entries {
            let site = Site::from_name(&name).ok_or_else(|| wrong(unknown(&name)))?;
            if points.get(site).is_some() {
                return Err(wrong(format!("the point \"{name}\" is there twice")));
            }
            let point = place(&value).map_err(|found| {
                wrong(format!(
                    "{name}: expected [x, y] or {{\"x\": x, \"y\": y, \"sd_px\": sd}} in pixels, found {found}"
                ))
            })?;
            points.set(site, Some(point));
        }
        if points.is_empty() {
            return Err(wrong(format!("expected a JSON object of points such as {EXAMPLE}, found none in it")));
        }
        Ok(points)
    }

    /// In the format of a file of points.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let one = |(site, point): (Site, HandPoint)| {
            let mut place = serde_json::json!({"x": point.at.x, "y": point.at.y});
            if let Some(sd) = point.sd_px {
                place["sd_px"] = sd.into();
            }
            (site.name().to_owned(), place)
        };
        self.iter().map(one).collect()
    }

    /// Whether every point lies in a picture of `width` x `height` px; `path` is the points' file.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the file and the first point that does not.
    pub fn check_inside(&self, width: f64, height: f64, path: &Path) -> Result<()> {
        let outside = |at: Point| !((0.0..=width).contains(&at.x) && (0.0..=height).contains(&at.y));
        match self.iter().find(|(_, point)| outside(point.at)) {
            None => Ok(()),
            Some((site, HandPoint { at, .. })) => Err(Error::Usage {
                reason: format!(
                    "{}: {}: expected a place in the upright photo of {width} x {height} pixels, found [{}, {}]",
                    path.display(),
                    site.name(),
                    at.x,
                    at.y
                ),
            }),
        }
    }
}

const EXAMPLE: &str = r#"{"c7": [540, 381.5]}"#;

fn unknown(name: &str) -> String {
    let bony: Vec<&str> = BonyPoint::ALL.into_iter().map(BonyPoint::name).collect();
    format!(
        "the point \"{name}\" is not known: expected a landmark's name as in records (left_shoulder, right_ear, ...) or one of {}",
        bony.join(", ")
    )
}

fn place(value: &Value) -> Result<HandPoint, String> {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).filter(|v| v.is_finite());
    let (x, y, sd) = match value {
        Value::Array(pair) if pair.len() == 2 => (number(pair.first()), number(pair.get(1)), None),
        Value::Object(fields) => {
            if let Some(field) = fields.keys().find(|key| !matches!(key.as_str(), "x" | "y" | "sd_px")) {
                return Err(format!("a field \"{field}\""));
            }
            (number(fields.get("x")), number(fields.get("y")), fields.get("sd_px"))
        }
        other => return Err(short(other)),
    };
    let (Some(x), Some(y)) = (x, y) else { return Err(short(value)) };
    let sd_px = match sd {
        None | Some(Value::Null) => None,
        Some(sd) => match sd.as_f64().filter(|sd| (0.01..=MOST_SD_PX).contains(sd)) {
            Some(sd) => Some(sd),
            None => return Err(format!("sd_px {}, which is not within 0.01 to {MOST_SD_PX}", short(sd))),
        },
    };
    Ok(HandPoint { at: Point::new(x, y), sd_px })
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}...", text.chars().take(60).collect::<String>()) }
}

/// Keeps duplicate names, which a map would lose.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
