//! One photo, from pixels to measures. What follows the pixels is [`crate::core::pipeline`].

use crate::core::area::Area;
use crate::core::body::pose::screened;
use crate::core::options::Options;
use crate::core::pipeline::Analysis;
use crate::vision::estimate::model_options::{ModelOptions, Part};
use image::imageops::flip_horizontal;

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{BONES, Joint, Pair};
use crate::core::body::view::View;
use crate::core::camera::frontal_plane::WorldWidths;
use crate::core::camera::{Camera, CameraMetadata, Print, Tilt, UserCalibration};
use crate::core::error::{Error, Result};
use crate::core::exposure::Exposure;
use crate::core::face::Face;
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::frontal;
use crate::core::observation::{Frame, Observation};
use crate::core::pipeline::measure;
use crate::core::silhouette::{Mask, Silhouette, Trace};
use crate::vision::detect;
use crate::vision::ensemble::{self, Readings, SECOND_READINGS, SIDE_READINGS};
use crate::vision::estimate::open::{self, Team};
use crate::vision::estimate::{Crowd, Person, region_of};
use crate::vision::exposure::exposure;
use crate::vision::face_mesh::FaceMesh;
use crate::vision::heads::search::Finder;
use crate::vision::heads::{self, Hit};
use crate::vision::photo::{Photo, ReadOptions};
use crate::vision::print::print;
use crate::vision::raster::crop::{Grey, Pyramid};
use crate::vision::raster::region::Region;
use crate::vision::vanishing::{Sight, tilt_from_verticals};

/// The opened models: each has one worker per share of its readings.
pub struct Analyzer {
    teams: Vec<Team>,
    /// A model of another family, whose joints are a second opinion.
    second: Option<Second>,
    /// Opened on the first search for heads.
    finder: Option<Finder>,
    /// Opened on the first reading of a face.
    mesh: Option<FaceMesh>,
}

/// The model of a second opinion.
struct Second {
    model: ModelOptions,
    /// As many as share the readings.
    workers: usize,
    /// Its workers, once opened.
    team: Option<Team>,
}

impl Second {
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    fn open(model: &ModelOptions, workers: usize) -> Result<Self> {
        let team = if model.part == Part::Second { Some(open::team(model, workers, false)?) } else { None };
        Ok(Self { model: model.clone(), workers, team })
    }

    /// Its workers and the number of readings, where it is asked: `from_the_side` is whether the view is one from the side.
    fn asked(&mut self, from_the_side: bool) -> Result<Option<(&mut Team, usize)>> {
        let readings = match (self.model.part, from_the_side) {
            (Part::SecondFromTheSide, false) => return Ok(None),
            (Part::SecondFromTheSide, true) => SIDE_READINGS,
            (Part::First | Part::Second, _) => SECOND_READINGS,
        };
        let team = match self.team.take() {
            Some(team) => team,
            None => open::team(&self.model, self.workers, false)?,
        };
        Ok(Some((self.team.insert(team), readings)))
    }
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("teams", &self.teams.iter().map(Vec::len).collect::<Vec<_>>()).finish()
    }
}

impl Analyzer {
    /// Opens the models, each with `workers` workers that share its readings. The world landmarks of the first model give the turn of the
    /// body. Workers beyond the first open their models on first use.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open(models: &[ModelOptions], workers: usize) -> Result<Self> {
        let first = models.iter().filter(|model| model.part == Part::First);
        let teams = first.enumerate().map(|(index, model)| open::team(model, workers, index == 0));
        let mut opened = Self::from_teams(teams.collect::<Result<_>>()?)?;
        if let Some(model) = models.iter().find(|model| model.part != Part::First) {
            opened.second = Some(Second::open(model, workers)?);
        }
        Ok(opened)
    }

    /// An analyzer of existing estimators.
    ///
    /// # Errors
    /// [`Error::Usage`] when a team is empty.
    pub fn from_teams(teams: Vec<Team>) -> Result<Self> {
        if teams.is_empty() || teams.iter().any(Vec::is_empty) {
            return Err(Error::Usage { reason: "at least one model with one worker is needed".into() });
        }
        Ok(Self { teams, second: None, finder: None, mesh: None })
    }

    /// BLAKE3 hashes of the landmark models, in hexadecimal.
    #[must_use]
    pub fn hashes(&self) -> Vec<&str> {
        self.teams.iter().filter_map(|team| team.first()).map(|worker| worker.hash()).collect()
    }

    /// Measures the person in a photo.
    ///
    /// # Errors
    /// [`Error::NoPerson`], [`Error::NoSuchPerson`], or what the model says.
    pub fn analyze(&mut self, photo: &Photo, options: &Options) -> Result<Analysis> {
        let pyramid = Pyramid::of_reduced(&photo.pixels, photo.size(), photo.halvings as usize);
        let (width, height) = pyramid.size();
        let path = &photo.source.path;
        let mut workers = self.teams.iter_mut().flatten();
        let crowd = std::thread::scope(|scope| {
            let first = workers.next();
            // The other workers open their models in the meantime; an error here recurs when they read.
            for other in workers.filter(|_| options.readings > 1) {
                scope.spawn(|| other.prepare());
            }
            match first {
                Some(first) => detect::people(first.as_mut(), &pyramid, options.readings > 1),
                None => Ok(Crowd::default()),
            }
        })?;
        let people = crowd.by_prominence(width, height);
        let nobody = || Error::NoPerson { path: path.clone(), best_score: crowd.best_score };
        if people.is_empty() {
            // A small person may be visible in the whole photo only.
            return photo.finer(0).map_or_else(|| Err(nobody()), |photo| self.analyze(&photo?, options));
        }
        let person = people.get(options.person.wrapping_sub(1)).ok_or_else(|| Error::NoSuchPerson {
            path: path.clone(),
            asked: options.person,
            found: people.len(),
        })?;
        let most = (person.region.side / ENOUGH_OF_PERSON).max(1.0).log2().floor() as u32;
        if let Some(finer) = photo.finer(most) {
            return self.analyze(&finer?, options);
        }
        let mut readings = Vec::with_capacity(self.teams.len());
        for (index, team) in self.teams.iter_mut().enumerate() {
            // A larger picture of the upper body for a second model costs a third of its time and adds no information.
            let read = ensemble::read(team, &pyramid, *person, options.readings, index == 0)?;
            readings.push(read.ok_or_else(nobody)?);
        }
        let told = told(photo);
        let agreed = ensemble::agreed(&readings);
        let around = surroundings(&pyramid, &agreed, &told);
        let face = if options.readings > 1 { self.face(&pyramid, &agreed)? } else { None };
        let mut seen = observation(&readings, &agreed, &told, &around, (width, height)).with_face(face);
        let person = Person { region: region_of(&agreed, person.region).upright(), ..*person };
        // Whatever view is named: the record can be measured again with another.
        if let Some(second) = &mut self.second
            && let Some((team, readings)) = second.asked(View::is_from_the_side(&agreed))?
            && let Some(read) = ensemble::read(team, &pyramid, person, readings, false)?
        {
            let pose = ensemble::sided_as(&ensemble::agreed(std::slice::from_ref(&read)), &agreed);
            seen = seen.with_second(team[0].name(), read.count(), &pose);
        }
        let count = readings.iter().map(Readings::count).sum();
        let frame = self.frame(photo, options, &people, &agreed, count)?;
        let (frame, seen) = match &options.keypoints {
            Some(file) => {
                let found = file.person(path, &seen.pose())?;
                (frame.with_points_of(found), seen.with_joints_of(found))
            }
            None => (frame, seen),
        };
        measure(frame, seen, options)
    }

    /// The source of the observation: the picture, everybody in it, and the models.
    fn frame(
        &mut self,
        photo: &Photo,
        options: &Options,
        people: &[Person],
        agreed: &Pose,
        readings: usize,
    ) -> Result<Frame> {
        let (width, height) = photo.size();
        let standing = match people.len() {
            1 => Vec::new(),
            _ => people.iter().map(|person| [person.region.center.x, person.region.center.y]).collect(),
        };
        let (heads, people) = match options.heads {
            true => {
                let hits = self.hits(photo)?;
                let (heads, count) = heads::judge(hits, people, options.person.wrapping_sub(1), agreed);
                (Some(heads), count)
            }
            false => (None, people.len()),
        };
        let models: Vec<&str> = self.teams.iter().map(|team| team[0].name()).collect();
        Ok(Frame {
            width: width.into(),
            height: height.into(),
            people,
            standing,
            heads,
            readings,
            model: Frame::joined_names(&models),
            model_blake3: self.teams[0][0].hash().to_owned(),
            independent: None,
        })
    }

    /// The measured person's face.
    fn face(&mut self, pyramid: &Pyramid<'_>, pose: &Pose) -> Result<Option<Face>> {
        let mesh = match self.mesh.take() {
            Some(mesh) => mesh,
            None => FaceMesh::open()?,
        };
        self.mesh.insert(mesh).read(pyramid, pose)
    }

    /// Whether the detector finds a person whose head and hips lie inside the photo.
    ///
    /// # Errors
    /// What the model says.
    pub(super) fn shows_somebody(&mut self, photo: &Photo, options: &Options) -> Result<bool> {
        let (width, height) = photo.size();
        let (width, height) = (f64::from(width), f64::from(height));
        let crowd = self.crowd(photo, options)?;
        let inside = |at: Point| (0.0..=width).contains(&at.x) && (0.0..=height).contains(&at.y);
        Ok(crowd.people.iter().any(|person| inside(person.region.center) && inside(head_of(person.region))))
    }

    /// Whether one body is all that the photo shows, and it stands in several of these parts: the part with its hips, looked at by itself,
    /// shows the same body.
    ///
    /// # Errors
    /// What the model says.
    pub(super) fn is_one_body_across(&mut self, photo: &Photo, parts: &[Area], options: &Options) -> Result<bool> {
        let [Person { region: whole, .. }] = self.crowd(photo, options)?.people[..] else { return Ok(false) };
        let head = head_of(whole);
        let feet = whole.center + (whole.center - head);
        let part = |at: Point| parts.iter().find(|part| part.holds(at.x, at.y));
        let Some(hips) = part(whole.center) else { return Ok(false) };
        if [head, feet].into_iter().filter_map(part).all(|other| other == hips) {
            return Ok(false);
        }
        let corner = Vec2::new(hips.x.into(), hips.y.into());
        let is_same = |person: &Person| {
            let Region { center, side, .. } = person.region;
            (center + corner).distance(whole.center) < SAME_BODY * whole.side
                && (side - whole.side).abs() < SAME_BODY * whole.side
        };
        Ok(self.crowd(&photo.within(*hips)?, options)?.people.iter().any(is_same))
    }

    /// Everybody whom the first model's detector finds.
    fn crowd(&mut self, photo: &Photo, options: &Options) -> Result<Crowd> {
        let pyramid = Pyramid::of_reduced(&photo.pixels, photo.size(), photo.halvings as usize);
        match self.teams.iter_mut().flatten().next() {
            Some(first) => detect::people(first.as_mut(), &pyramid, options.readings > 1),
            None => Ok(Crowd::default()),
        }
    }

    /// Candidate heads, in as much detail as an annotated picture shows.
    fn hits(&mut self, photo: &Photo) -> Result<Vec<Hit>> {
        let finer = photo.detailed()?;
        let shown = finer.as_ref().unwrap_or(photo);
        let finder = match self.finder.take() {
            Some(finder) => finder,
            None => Finder::open()?,
        };
        let pyramid = Pyramid::of_reduced(&shown.pixels, shown.size(), shown.halvings as usize);
        self.finder.insert(finder).find(&pyramid, &shown.pixels)
    }
}

/// Two looks at a body place its hips no farther apart than this, and find it as large, as a share of its region's side.
const SAME_BODY: f64 = 0.25;

/// The approximate position of the head of a detected person: two thirds of the way from the hips to the edge of the region.
fn head_of(region: Region) -> Point {
    region.center + Vec2::new(0.0, -region.side / 3.0).turned(region.rotation)
}

/// What the photo's file records about the camera.
fn told(photo: &Photo) -> CameraMetadata {
    CameraMetadata {
        focal_35mm: photo.metadata.focal_35mm,
        gravity: photo.metadata.gravity,
        front_camera: photo.metadata.front_camera,
        shot_px: photo.metadata.shot_px,
        mm_per_px: photo.metadata.mm_per_px,
    }
}

/// How photos that are to be measured are read: reduced ([`ReadOptions::enough`]) to no less than the size at which the background's
/// edges are detected.
#[must_use]
pub fn reading() -> ReadOptions {
    ReadOptions { enough: Some(BACKGROUND_SIDE), ..ReadOptions::default() }
}

/// This many pixels across the person's region are enough: crops of the upper body, which are smaller, are then still reduced.
const ENOUGH_OF_PERSON: f64 = 480.0;

/// Half the width of the area around the lines between joints that counts as the person, in trunk lengths.
const BODY_RADIUS: f64 = 0.28;

/// Roll and pitch from the edges of the background, without those on the person.
///
/// `grey` is the whole photo. The search is not exactly symmetric, so it runs on whichever of the photo and its mirror image is `handed`.
fn background_tilt(grey: &Grey, handed: bool, pose: &Pose, camera: &Camera) -> Option<Tilt> {
    let trunk = frontal::trunk_length(pose).ok()?;
    let bones: Vec<(Point, Point)> = BONES
        .into_iter()
        .chain([(Joint::Nose, Joint::LeftShoulder), (Joint::Nose, Joint::RightShoulder)])
        .chain([(Joint::LeftHip, Joint::RightShoulder), (Joint::RightHip, Joint::LeftShoulder)])
        .chain([(Joint::LeftWrist, Joint::LeftIndex), (Joint::RightWrist, Joint::RightIndex)])
        .filter_map(|(a, b)| Some((pose.point(a).ok()?, pose.point(b).ok()?)))
        .collect();
    let reach = BODY_RADIUS * trunk;
    let on_person = |p: Point| {
        bones.iter().any(|&(from, to)| {
            let along = to - from;
            let share = ((p - from).dot(along) / along.dot(along).max(1e-9)).clamp(0.0, 1.0);
            let apart = p - (from + along * share);
            apart.dot(apart) < reach * reach
        })
    };
    let factor = grey.factor;
    let on_person = |x: f64, y: f64| on_person(Point::new(grey.left + x * factor, grey.top + y * factor));
    let lean = |up: Vec2| up.x.atan2(-up.y).to_degrees();
    let trunk = || Some(pose.midpoint(Pair::SHOULDERS).ok()? - pose.midpoint(Pair::HIPS).ok()?);
    let sight = Sight {
        focal_px: camera.focal_px / factor,
        focal_sd: camera.focal_sd,
        principal: [(camera.principal.x - grey.left) / factor, (camera.principal.y - grey.top) / factor],
        upright_deg: trunk().map(lean),
    };
    if handed {
        return tilt_from_verticals(&grey.image, on_person, &sight);
    }
    let width = f64::from(grey.image.width());
    let on_person = |x: f64, y: f64| on_person(width - x, y);
    let [x, y] = sight.principal;
    let mirrored = Sight { principal: [width - x, y], upright_deg: sight.upright_deg.map(|deg| -deg), ..sight };
    Some(tilt_from_verticals(&flip_horizontal(&grey.image), on_person, &mirrored)?.mirrored())
}

/// The background is searched in a picture of about this length, in pixels.
const BACKGROUND_SIDE: u32 = 1000;

/// What the pixels around a person show about the camera and the light.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surroundings {
    /// How bright and sharp the person is.
    pub exposure: Option<Exposure>,
    /// Camera tilt from the edges of the background, where it can be determined; it is compared with the phone's own data.
    pub background: Option<Tilt>,
    /// The print or screen that shows the person, if the photo shows one on a plain ground.
    pub print: Option<Print>,
}

/// Reads the surroundings of a pose, also where the user gives the roll: the record can then be recomputed without it.
#[must_use]
pub fn surroundings(pyramid: &Pyramid<'_>, pose: &Pose, told: &CameraMetadata) -> Surroundings {
    let (width, height) = pyramid.size();
    let camera = Camera::of(width, height, told, &UserCalibration::default());
    let bounds = pose.bounds();
    let grey = pyramid.grey(BACKGROUND_SIDE, [0.0, 0.0, width, height]);
    let exposure = bounds.and_then(|[left, top, right, bottom]| {
        let edges = [left - grey.left, top - grey.top, right - grey.left, bottom - grey.top];
        exposure(&grey.image, edges.map(|edge| edge / grey.factor))
    });
    let background = background_tilt(&grey, pyramid.is_handed(), pose, &camera);
    let in_photo = |at: Point| Point::new(grey.left + at.x * grey.factor, grey.top + at.y * grey.factor);
    // In the photo or in its mirror image, so that both give the same.
    let found = match pyramid.is_handed() {
        true => print(&grey.image),
        false => print(&flip_horizontal(&grey.image)).map(|print| print.mirrored(grey.image.width().into())),
    };
    let print = found.map(|print| Print { corners: print.corners.map(in_photo) });
    Surroundings { exposure, background, print }
}

/// The observation of one person in a picture of `width` x `height` px.
#[must_use]
pub fn observation(
    readings: &[Readings],
    agreed: &Pose,
    told: &CameraMetadata,
    around: &Surroundings,
    (width, height): (f64, f64),
) -> Observation {
    let body = || readings.first().into_iter().flat_map(|first| &first.body);
    let single: Vec<Pose> = body().map(|reading| reading.pose.clone()).collect();
    let worlds = WorldWidths::of(body().filter_map(|reading| reading.world.as_ref()));
    let mut seen = Observation::of(agreed, &single, told)
        .with_worlds(worlds.as_ref())
        .with_dissent(readings.iter().map(|team| team.dissent).fold(0.0, f64::max))
        .with_missed(readings.iter().map(|team| team.missed).fold(0.0, f64::max))
        .with_exposure(around.exposure)
        .with_background(around.background.as_ref())
        .with_print(around.print.as_ref());
    seen = seen.with_spine(ensemble::spine(readings).as_ref());
    let masks: Vec<Mask> = readings.iter().flat_map(Readings::masks).cloned().collect();
    if !masks.is_empty() {
        let pose = screened(&seen.pose(), width, height);
        seen.outline = Trace::read_as_it_stands(&Silhouette::of(&masks), &pose).ok();
    }
    seen
}
