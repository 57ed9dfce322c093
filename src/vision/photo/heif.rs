//! HEIF with HEVC inside, through `heifer`.

use heifer::heifer_isobmff::Error::MissingBox;
use heifer::heifer_isobmff::boxes::Property;
use heifer::heifer_isobmff::{BoxIter, HeifFile, ItemId};
use image::RgbImage;

use super::decoded::{Budget, Decoded, Format, Refusal, over_white};
use super::turn::Turn;

/// The largest nesting depth of derived pictures; `heifer` has the same limit.
const MAX_DEPTH: u32 = 4;
/// The limit for all parts together, as a multiple of the pixel limit: a grid's tiles reach over its edge, an alpha plane doubles it.
const PARTS: f64 = 4.0;

pub(super) fn decode(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let file = HeifFile::parse(bytes).map_err(|error| match error {
        MissingBox(name) if [*b"meta", *b"pitm"].contains(&name.0) && holds_film(bytes) => {
            Refusal::found("a HEIF burst or film without a still picture; save one of its pictures as JPEG first")
        }
        error => damaged(error),
    })?;
    let primary = file.primary_id;
    let kind = file.item(primary).map_err(damaged)?.item_type;
    match &kind.0 {
        b"hvc1" | b"grid" | b"iovl" | b"iden" => {}
        b"av01" => return Err(Refusal::found(super::sniff::AVIF)),
        _ => {
            return Err(Refusal::plain(format!(
                "expected a HEIF picture with HEVC inside, found one with `{kind}`, which is not supported"
            )));
        }
    }
    let mut plan = Plan { budget, pixels: 0.0, largest: 0 };
    plan.add(&file, primary, 0)?;

    let mut notes = Vec::new();
    let pictures = file.top_level_image_ids().len();
    if pictures > 1 {
        notes.push(format!("the file holds {pictures} pictures: the main one was taken"));
    }
    let options = heifer::Options { max_threads: 0, max_pixels: plan.largest };
    let image = heifer::decode_rgba8(bytes, &options).map_err(damaged)?;
    budget.check(Format::Heif, image.width, image.height)?;
    let pixels = RgbImage::from_raw(image.width, image.height, over_white(image.data))
        .ok_or_else(|| Refusal::plain("expected a whole HEIF picture, found one with rows missing"))?;
    let turn = turn(&file, primary)?;
    // A crop (`clap`) is applied before the turn and is part of how the picture is stored.
    let stored = turn.stored_size(pixels.dimensions());
    Ok(Decoded {
        pixels,
        stored,
        turned: Some(turn),
        exif: file.exif(primary).ok().flatten().into_iter().collect(),
        xmp: file.xmp(primary).ok().flatten(),
        notes,
        ..Decoded::default()
    })
}

/// Whether a track of pictures is among the file's boxes.
fn holds_film(bytes: &[u8]) -> bool {
    BoxIter::new(bytes).any(|part| part.is_ok_and(|part| part.header.box_type.0 == *b"moov"))
}

fn damaged(error: impl Into<heifer::Error>) -> Refusal {
    use heifer::heifer_isobmff::Error::UnexpectedEof;
    match error.into() {
        heifer::Error::Container(UnexpectedEof) => Refusal::cut_short(Format::Heif),
        error => Refusal::damaged(Format::Heif, error),
    }
}

/// The size that the container declares; HEIF requires one for every picture.
fn size(file: &HeifFile<'_>, id: ItemId) -> Result<(u32, u32), Refusal> {
    file.image_size(id)
        .map_err(damaged)?
        .ok_or_else(|| Refusal::plain("expected a HEIF picture that declares its size, found one that does not"))
}

/// The turn that the container declares and that `heifer` applies.
fn turn(file: &HeifFile<'_>, id: ItemId) -> Result<Turn, Refusal> {
    Ok(file.item_properties(id).map_err(damaged)?.fold(Turn::NONE, |turn, property| match property {
        Property::Rotation(quarters) => (0..*quarters).fold(turn, |turn, _| turn.then(Turn::QUARTER_LEFT)),
        Property::Mirror(true) => turn.then(Turn::FLIP),
        Property::Mirror(false) => turn.then(Turn::MIRROR),
        _ => turn,
    }))
}

/// The cost of decoding, from the declared sizes alone.
struct Plan<'a> {
    budget: &'a Budget,
    /// Pixels of all parts together.
    pixels: f64,
    /// Pixels of the largest part, as HEVC codes it.
    largest: u64,
}

impl Plan<'_> {
    /// Adds a picture and the pictures that it is derived from. A small file can name one part thousands of times, so this stops as soon
    /// as the sum is too large.
    fn add(&mut self, file: &HeifFile<'_>, id: ItemId, depth: u32) -> Result<(), Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::plain("expected a HEIF picture, found one whose parts are nested too deeply"));
        }
        let (width, height) = size(file, id)?;
        self.budget.check(Format::Heif, width, height)?;
        if file.item(id).is_ok_and(|item| item.item_type.0 == *b"grid") {
            let grid = file.grid(id).map_err(damaged)?;
            self.budget.check(Format::Heif, grid.output_width, grid.output_height)?;
        }
        // Each part has a minimum cost, however small it is.
        self.pixels += (f64::from(width) * f64::from(height)).max(4096.0);
        if self.pixels > PARTS * self.budget.max_megapixels.max(1.0) * 1e6 {
            return Err(Refusal::plain("expected a HEIF picture, found one whose parts are far larger than the whole"));
        }
        // HEVC codes whole blocks of up to 64 pixels.
        self.largest = self.largest.max((u64::from(width) + 64) * (u64::from(height) + 64));
        for &part in file.referenced_items(id, b"dimg") {
            self.add(file, part, depth + 1)?;
        }
        Ok(())
    }
}
