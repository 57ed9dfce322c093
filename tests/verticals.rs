//! Synthetic rooms with known roll and pitch.

use image::{GrayImage, Luma};
use orthostat::core::camera::Tilt;
use orthostat::vision::vanishing::segments::{Axis, segments};
use orthostat::vision::vanishing::{Sight, tilt_from_verticals};

const SIZE: (u32, u32) = (750, 1000);
const FOCAL: f64 = 900.0;

/// The properties of a drawn room.
#[derive(Debug, Clone, Copy)]
struct Room {
    roll: f64,
    pitch: f64,
    /// Heading of the walls relative to the camera, in degrees.
    heading: f64,
    doors: bool,
    boards: bool,
    focal: f64,
    /// The lens distortion: how far it moves the corners towards the middle, as a share.
    bend: f64,
}

const ROOM: Room = Room { roll: 0.0, pitch: 0.0, heading: 6.0, doors: true, boards: true, focal: FOCAL, bend: 0.0 };

/// The prior knowledge of the camera: its focal length in pixels, and the standard deviation of its logarithm.
fn sight(focal: f64, sd: f64) -> Sight {
    Sight::centred(SIZE, focal, sd)
}

/// Casts a ray through every quarter pixel; the wall is 4 m away, the camera 1.2 m above the floor.
fn draw(room: Room) -> GrayImage {
    let ((sr, cr), (sp, cp)) = (room.roll.to_radians().sin_cos(), room.pitch.to_radians().sin_cos());
    let (sh, ch) = room.heading.to_radians().sin_cos();
    let shade = |x: f64, y: f64| -> f64 {
        let (x, y) = (x - f64::from(SIZE.0) / 2.0, y - f64::from(SIZE.1) / 2.0);
        let corner = 0.25 * (f64::from(SIZE.0).powi(2) + f64::from(SIZE.1).powi(2));
        let straight = (1.0 + room.bend * (x * x + y * y) / corner) / room.focal;
        let ray = [x * straight, y * straight, 1.0];
        let along = |v: [f64; 3]| ray[0] * v[0] + ray[1] * v[1] + ray[2] * v[2];
        let up = along([sr * cp, -cr * cp, sp]);
        let (right, ahead) = (along([cr, sr, 0.0]), along([-sp * sr, sp * cr, cp]));
        let (right, ahead) = (right * ch - ahead * sh, right * sh + ahead * ch);
        let to_wall = 4.0 / ahead;
        let (wx, wz) = (right * to_wall, 1.2 + up * to_wall);
        if wz > 0.0 {
            let door = |at: f64| (wx - at).abs() < 0.45 && wz < 2.05;
            let window = (wx - 0.2).abs() < 0.5 && wz > 1.0 && wz < 2.3;
            if room.doors && (door(-1.2) || door(1.4)) {
                90.0
            } else if room.doors && window {
                225.0
            } else if wz < 0.1 {
                110.0
            } else {
                180.0
            }
        } else {
            let to_floor = -1.2 / up;
            let (fx, fy) = (right * to_floor, ahead * to_floor);
            let board = (fx / 0.2).floor() as i64;
            let piece = (fy / 1.1 + 0.37 * board as f64).floor() as i64;
            if room.boards { 120.0 + 14.0 * (board * 7 + piece * 3).rem_euclid(4) as f64 } else { 130.0 }
        }
    };
    GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let mut sum = 0.0;
        for i in 0..16 {
            sum += shade(f64::from(x) + f64::from(i % 4) / 4.0 + 0.125, f64::from(y) + f64::from(i / 4) / 4.0 + 0.125);
        }
        let noise =
            ((u64::from(x) * 73_856_093) ^ (u64::from(y) * 19_349_663)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61;
        Luma([(sum / 16.0 + noise as f64 - 3.5).round() as u8])
    })
}

fn nobody(_: f64, _: f64) -> bool {
    false
}

fn check(tilt: Tilt, room: Room, roll_limit: f64, pitch_limit: f64) {
    let (roll, pitch) = (tilt.roll_deg - room.roll, tilt.pitch_deg - room.pitch);
    assert!(roll.abs() < roll_limit, "roll off by {roll} in {tilt:?}");
    assert!(pitch.abs() < pitch_limit, "pitch off by {pitch} in {tilt:?}");
    assert!(roll.abs() < 2.5 * tilt.roll_sd_deg && pitch.abs() < 2.5 * tilt.pitch_sd_deg, "{tilt:?}");
}

#[test]
fn finds_roll_and_pitch_of_a_drawn_room() {
    for (roll, pitch) in [(0.0, 0.0), (3.0, -8.0), (-4.5, -14.0), (1.0, 4.0), (-8.0, -3.0)] {
        let room = Room { roll, pitch, ..ROOM };
        let tilt = tilt_from_verticals(&draw(room), nobody, &sight(FOCAL, 0.02)).expect("a clear room");
        check(tilt, room, 0.12, 0.5);
        assert!(tilt.roll_sd_deg < 0.3 && tilt.pitch_sd_deg < 1.0, "{tilt:?}");
    }
}

#[test]
fn upright_things_that_lean_clockwise_mean_positive_roll() {
    let room = Room { roll: 4.0, heading: 0.0, boards: false, ..ROOM };
    let lean: Vec<f64> = segments(&draw(room), nobody, &[Axis::Vertical])
        .iter()
        .filter(|(_, segment)| segment.length() > 150.0)
        .map(|(_, segment)| (segment.start[0] - segment.end[0]) / (segment.end[1] - segment.start[1]))
        .collect();
    assert!(lean.len() >= 4 && lean.iter().all(|lean| *lean > 0.0), "{lean:?}");
    check(tilt_from_verticals(&draw(room), nobody, &sight(FOCAL, 0.02)).expect("a clear room"), room, 0.12, 0.5);
}

#[test]
fn the_mirrored_picture_has_the_opposite_roll_and_the_same_pitch() {
    let picture = draw(Room { roll: 2.5, pitch: -6.0, ..ROOM });
    let one = tilt_from_verticals(&picture, nobody, &sight(FOCAL, 0.02)).expect("a clear room");
    let other =
        tilt_from_verticals(&image::imageops::flip_horizontal(&picture), nobody, &sight(FOCAL, 0.02)).expect("too");
    assert!((one.roll_deg + other.roll_deg).abs() <= 0.02, "{one:?} {other:?}");
    assert!((one.pitch_deg - other.pitch_deg).abs() <= 0.05, "{one:?} {other:?}");
}

#[test]
fn the_same_picture_gives_the_same_bits() {
    let picture = draw(Room { roll: -1.3, pitch: -4.0, ..ROOM });
    let tilt = || tilt_from_verticals(&picture, nobody, &sight(FOCAL, 0.15));
    assert_eq!(tilt(), tilt());
    assert!(tilt().is_some());
}

#[test]
fn a_wrong_focal_length_leaves_the_roll_and_is_covered_in_the_pitch() {
    let room = Room { roll: 2.0, pitch: -10.0, ..ROOM };
    for factor in [0.85, 1.15] {
        let tilt = tilt_from_verticals(&draw(room), nobody, &sight(FOCAL * factor, 0.15)).expect("a clear room");
        check(tilt, room, 0.25, 2.0);
    }
}

#[test]
fn a_floor_of_boards_alone_is_no_set_of_verticals() {
    let room = Room { roll: 2.0, pitch: -10.0, doors: false, ..ROOM };
    if let Some(tilt) = tilt_from_verticals(&draw(room), nobody, &sight(FOCAL, 0.02)) {
        check(tilt, room, 2.5 * tilt.roll_sd_deg, 2.5 * tilt.pitch_sd_deg);
    }
}

#[test]
fn edges_of_the_person_do_not_count() {
    let room = Room { roll: 1.0, pitch: -5.0, ..ROOM };
    let mut picture = draw(room);
    let inside = |x: f64, y: f64| (x - 375.0).abs() < 110.0 && y > 150.0;
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if inside(f64::from(x) + 0.5, f64::from(y) + 0.5) {
            let stripe = (f64::from(x) + 0.12 * f64::from(y)) / 12.0;
            pixel.0[0] = if stripe as i64 % 2 == 0 { 30 } else { 220 };
        }
    }
    assert!(
        segments(&picture, inside, &[Axis::Vertical]).iter().all(|(_, s)| !inside(s.start[0], s.start[1])),
        "segments inside the person"
    );
    check(tilt_from_verticals(&picture, inside, &sight(FOCAL, 0.02)).expect("a clear room"), room, 0.15, 0.6);
}

#[test]
fn no_structure_no_answer() {
    let blank = GrayImage::from_pixel(SIZE.0, SIZE.1, Luma([128]));
    let noise = GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let hash = ((u64::from(x) << 32) | u64::from(y)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Luma([((hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8])
    });
    let blobs = GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = (x / 31.0 + (y / 47.0).sin() * 2.0).sin() + (y / 23.0 + (x / 61.0).cos() * 3.0).sin();
        Luma([(128.0 + 50.0 * wave) as u8])
    });
    let tiny = GrayImage::from_pixel(3, 2, Luma([7]));
    for picture in [&blank, &noise, &blobs, &tiny] {
        assert_eq!(tilt_from_verticals(picture, nobody, &sight(FOCAL, 0.02)), None);
    }
    for focal in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(tilt_from_verticals(&draw(ROOM), nobody, &sight(focal, 0.02)), None);
    }
}

#[test]
fn a_large_picture_gives_what_its_reduction_gives() {
    let room = Room { roll: -2.0, pitch: -7.0, ..ROOM };
    let large = image::imageops::resize(&draw(room), 2250, 3000, image::imageops::FilterType::Triangle);
    check(
        tilt_from_verticals(&large, nobody, &Sight::centred((2250, 3000), 3.0 * FOCAL, 0.02)).expect("a clear room"),
        room,
        0.12,
        0.5,
    );
}

#[test]
fn a_drawn_edge_is_found_to_a_twentieth_of_a_degree() {
    for degrees in [-20.0_f64, -7.3, 0.0, 0.4, 12.0] {
        let tangent = degrees.to_radians().tan();
        let picture = GrayImage::from_fn(300, 300, |x, y| {
            let edge = 150.0 + (f64::from(y) - 149.5) * tangent;
            let cover = (edge - f64::from(x)).clamp(0.0, 1.0);
            Luma([(80.0 + 90.0 * cover).round() as u8])
        });
        let found = segments(&picture, nobody, &[Axis::Vertical]);
        let (_, segment) = found.iter().max_by(|a, b| a.1.length().total_cmp(&b.1.length())).expect("an edge");
        let slope = (segment.end[0] - segment.start[0]) / (segment.end[1] - segment.start[1]);
        assert!((slope.atan().to_degrees() - degrees).abs() < 0.05, "{degrees}: {segment:?}");
        assert!(segment.length() > 250.0);
        let middle = (segment.start[0] + segment.end[0]) / 2.0;
        let height = (segment.start[1] + segment.end[1]) / 2.0;
        assert!((middle - 150.0 - (height - 150.0) * tangent).abs() < 0.15, "{segment:?}");
    }
}

#[test]
fn a_camera_that_leans_far_is_found() {
    for (roll, pitch) in [(-26.0, -18.0), (33.0, -8.0), (18.0, 3.0)] {
        let room = Room { roll, pitch, heading: 20.0, ..ROOM };
        let sight = Sight { upright_deg: Some(roll + 8.0), ..sight(FOCAL, 0.35) };
        let tilt = tilt_from_verticals(&draw(room), nobody, &sight).expect("a clear room");
        check(tilt, room, 0.5, 3.0);
    }
}

#[test]
fn a_lens_that_bends_of_unknown_focal_length_is_seen_through_or_owned_up_to() {
    for (roll, pitch, bend) in [(1.5, -11.0, 0.09), (-3.0, -12.0, 0.06), (2.0, -5.0, -0.04)] {
        let room = Room { roll, pitch, bend, focal: 1.25 * FOCAL, heading: 14.0, ..ROOM };
        if let Some(tilt) = tilt_from_verticals(&draw(room), nobody, &sight(FOCAL, 0.35)) {
            let off = (tilt.roll_deg - roll).abs();
            assert!(off < 0.7 && off < 3.0 * tilt.roll_sd_deg, "{room:?}: {tilt:?}");
        }
    }
}

#[test]
fn vanishing_points_tell_a_long_lens() {
    let room = Room { roll: 1.0, pitch: -12.0, focal: 1.8 * FOCAL, heading: 35.0, ..ROOM };
    let tilt = tilt_from_verticals(&draw(room), nobody, &sight(FOCAL, 0.35)).expect("a clear room");
    assert!((tilt.focal_factor / 1.8).ln().abs() < 2.5 * tilt.focal_sd, "{tilt:?}");
    assert!(tilt.focal_sd < 0.25, "{tilt:?}");
}

/// Draws lines `thick` pixels wide every `step` pixels along rows and columns, like a camera app's grid.
fn with_grid(mut picture: GrayImage, step: u32, thick: u32, shade: f64, share: f64) -> GrayImage {
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x % step < thick || y % step < thick {
            pixel.0[0] = (share * shade + (1.0 - share) * f64::from(pixel.0[0])).round() as u8;
        }
    }
    picture
}

#[test]
fn a_grid_or_thirds_drawn_over_the_picture_level_nothing() {
    let person = |x: f64, y: f64| (x - 375.0).abs() < 90.0 && y > 200.0;
    for roll in [-3.5, 2.0, 6.0] {
        let room = Room { roll, pitch: -6.0, ..ROOM };
        for (step, thick, shade, share) in
            [(50, 1, 0.0, 1.0), (80, 2, 255.0, 0.6), (250, 2, 0.0, 1.0), (36, 1, 20.0, 0.5)]
        {
            let picture = with_grid(draw(room), step, thick, shade, share);
            if let Some(tilt) = tilt_from_verticals(&picture, person, &sight(FOCAL, 0.02)) {
                check(tilt, room, 0.3, 1.5);
            }
        }
    }
}

#[test]
fn another_picture_beside_this_one_does_not_level_it() {
    let (own, other) =
        (Room { roll: 3.0, pitch: -6.0, ..ROOM }, Room { roll: -4.0, heading: 12.0, pitch: -9.0, ..ROOM });
    let mut both = GrayImage::new(2 * SIZE.0, SIZE.1);
    image::imageops::replace(&mut both, &draw(own), 0, 0);
    let dark = image::imageops::colorops::brighten(&draw(other), -60);
    image::imageops::replace(&mut both, &dark, i64::from(SIZE.0), 0);
    let person = |x: f64, y: f64| (x - 375.0).abs() < 90.0 && y > 200.0;
    // The optical axis is in the middle of its own picture.
    if let Some(tilt) = tilt_from_verticals(&both, person, &sight(FOCAL, 0.02)) {
        check(tilt, own, 0.3, 1.5);
    }
}

#[test]
fn one_level_edge_far_away_is_no_room() {
    for roll in [0.0, 2.5] {
        let (sin, cos) = f64::to_radians(roll).sin_cos();
        let picture = GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            let (x, y) = (f64::from(x) - 374.5, f64::from(y) - 499.5);
            let below = -x * sin + y * cos;
            // A coast: rows of waves at an angle to it.
            let waves = if below > 60.0 { 18.0 * ((below - 0.22 * x) / 37.0).sin() } else { 0.0 };
            Luma([(if below > 20.0 { 90.0 } else { 190.0 } + waves) as u8])
        });
        if let Some(tilt) = tilt_from_verticals(&picture, nobody, &sight(FOCAL, 0.35)) {
            assert!((tilt.roll_deg - roll).abs() < 2.5 * tilt.roll_sd_deg, "{roll}: {tilt:?}");
        }
    }
}
