//! A rectangle of a photo.

use std::path::Path;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::error::{Error, Result};

/// An upright rectangle of whole pixels. Records write it as `[x, y, width, height]`, options as `X,Y,W,H`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[u32; 4]", into = "[u32; 4]")]
#[schemars(with = "[u32; 4]")]
pub struct Area {
    /// Its left edge, in pixels from that of the photo.
    pub x: u32,
    /// Its upper edge, in pixels from that of the photo.
    pub y: u32,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
}

impl From<[u32; 4]> for Area {
    fn from([x, y, width, height]: [u32; 4]) -> Self {
        Self { x, y, width, height }
    }
}

impl From<Area> for [u32; 4] {
    fn from(area: Area) -> Self {
        [area.x, area.y, area.width, area.height]
    }
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl FromStr for Area {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let whole = |part: &&str| {
            part.parse::<u32>().map_err(|_| format!("expected whole numbers of pixels X,Y,W,H, found \"{part}\""))
        };
        let numbers = parts.iter().map(whole).collect::<Result<Vec<u32>, String>>()?;
        let [x, y, width, height] = <[u32; 4]>::try_from(numbers)
            .map_err(|found| format!("expected four numbers X,Y,W,H, found {}", found.len()))?;
        if width == 0 || height == 0 {
            return Err(format!("expected a region of at least 1 x 1 pixels, found one of {width} x {height}"));
        }
        Ok(Self { x, y, width, height })
    }
}

impl Area {
    /// Whether a place lies in it, in pixels of the photo.
    ///
    /// ```
    /// let area = orthostat::core::area::Area { x: 10, y: 0, width: 5, height: 8 };
    /// assert!(area.holds(10.0, 7.9) && !area.holds(15.0, 4.0) && !area.holds(9.9, 4.0) && !area.holds(f64::NAN, 4.0));
    /// ```
    #[must_use]
    pub fn holds(&self, x: f64, y: f64) -> bool {
        let within =
            |at: f64, from: u32, length: u32| (f64::from(from)..f64::from(from) + f64::from(length)).contains(&at);
        within(x, self.x, self.width) && within(y, self.y, self.height)
    }

    /// Checks that it is not empty and lies in a photo of `size` px; `path` is only the photo's name.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn check_inside(self, (width, height): (u32, u32), path: &Path) -> Result<()> {
        let ends =
            |start: u32, length: u32, size: u32| length > 0 && start.checked_add(length).is_some_and(|end| end <= size);
        if ends(self.x, self.width, width) && ends(self.y, self.height, height) {
            return Ok(());
        }
        let reason = format!(
            "{}: the region {self}: expected a rectangle X,Y,W,H in the upright photo of {width} x {height} pixels, found one of \
             {} x {} pixels from [{}, {}]",
            path.display(),
            self.width,
            self.height,
            self.x,
            self.y
        );
        Err(Error::Usage { reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_four_whole_numbers_of_some_size() {
        assert_eq!("1, 2,30,40".parse(), Ok(Area { x: 1, y: 2, width: 30, height: 40 }));
        let refused = |text: &str| text.parse::<Area>().unwrap_err();
        assert_eq!(refused("1,2,3"), "expected four numbers X,Y,W,H, found 3");
        assert_eq!(refused("-1,2,3,4"), "expected whole numbers of pixels X,Y,W,H, found \"-1\"");
        assert_eq!(refused("1,2,0,4"), "expected a region of at least 1 x 1 pixels, found one of 0 x 4");
    }

    #[test]
    fn a_region_lies_in_its_photo() {
        let path: &Path = "a.jpg".as_ref();
        let inside = |area: [u32; 4]| Area::from(area).check_inside((100, 50), path);
        assert!(inside([0, 0, 100, 50]).is_ok() && inside([99, 49, 1, 1]).is_ok());
        for outside in [[1, 0, 100, 50], [0, 1, 100, 50], [100, 0, 1, 1], [0, 0, 0, 5], [u32::MAX, 0, u32::MAX, 1]] {
            assert!(matches!(inside(outside), Err(Error::Usage { .. })), "{outside:?}");
        }
    }
}
