//! Gravity from the maker note in an iPhone's photos.
//!
//! Apple's `MakerNote` is a small TIFF directory behind a header of 14 bytes: `Apple iOS` NUL, a version (00 01) and the byte order
//! (`MM`). A 16-bit count follows, then entries of 12 bytes (tag, type, count, value or offset). Offsets count from the note's first
//! byte. The content is untrusted: every length and offset is checked.

/// `AccelerationVector`: three signed rationals.
const ACCELERATION: u16 = 0x0008;
/// The TIFF type of a signed rational: two 32-bit integers, numerator and denominator.
const SIGNED_RATIONAL: u16 = 10;

/// The acceleration that the phone measured when it took the photo, in units of g (1 at rest), from the bytes of an Apple `MakerNote`.
///
/// The axes are the device's, as stored: seen from the front of the phone held upright, x points to the left, y to the bottom and z into
/// the face of the phone. A phone held upright and level gives about (0, -1, 0). The length is not checked here.
///
/// `None` when the note is not Apple's, has no such vector, or is damaged there.
///
/// ```
/// assert_eq!(orthostat::vision::photo::maker_note::apple_gravity(b"Nikon\0\x02"), None);
/// ```
#[must_use]
pub fn apple_gravity(note: &[u8]) -> Option<[f64; 3]> {
    if !note.starts_with(b"Apple iOS\0") {
        return None;
    }
    let note = Note {
        bytes: note,
        big_endian: match note.get(12..14)? {
            b"MM" => true,
            b"II" => false,
            _ => return None,
        },
    };
    let entries = usize::from(note.u16(14)?);
    let entry = (0..entries).map(|index| 16 + 12 * index).find(|&entry| note.u16(entry) == Some(ACCELERATION))?;
    if note.u16(entry + 2)? != SIGNED_RATIONAL || note.u32(entry + 4)? != 3 {
        return None;
    }
    let values = usize::try_from(note.u32(entry + 8)?).ok()?;
    Some([note.rational(values)?, note.rational(values.checked_add(8)?)?, note.rational(values.checked_add(16)?)?])
}

/// Checked reading of numbers in the note's byte order.
struct Note<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Note<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn rational(&self, at: usize) -> Option<f64> {
        let numerator = self.u32(at)?.cast_signed();
        let denominator = self.u32(at.checked_add(4)?)?.cast_signed();
        (denominator != 0).then(|| f64::from(numerator) / f64::from(denominator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A note with one foreign entry before the vector, as real ones have.
    fn note(tag: u16, kind: u16, count: u32, offset: u32, values: [(i32, i32); 3]) -> Vec<u8> {
        let mut note = b"Apple iOS\0\x00\x01MM".to_vec();
        note.extend(2_u16.to_be_bytes());
        note.extend([0, 1, 0, 9, 0, 0, 0, 1, 0, 0, 0, 14]);
        note.extend(tag.to_be_bytes());
        note.extend(kind.to_be_bytes());
        note.extend(count.to_be_bytes());
        note.extend(offset.to_be_bytes());
        note.extend(0_u32.to_be_bytes());
        assert_eq!(note.len(), 44);
        for (numerator, denominator) in values {
            note.extend(numerator.to_be_bytes());
            note.extend(denominator.to_be_bytes());
        }
        note
    }

    const VALUES: [(i32, i32); 3] = [(-996, 10_000), (-9882, 10_000), (651, -10_000)];

    fn good() -> Vec<u8> {
        note(8, 10, 3, 44, VALUES)
    }

    #[test]
    fn reads_the_vector_with_its_signs() {
        assert_eq!(apple_gravity(&good()), Some([-0.0996, -0.9882, -0.0651]));
    }

    #[test]
    fn reads_a_note_in_the_other_byte_order() {
        let mut note = b"Apple iOS\0\x00\x01II\x01\x00\x08\x00\x0a\x00\x03\x00\x00\x00".to_vec();
        note.extend(28_u32.to_le_bytes());
        for number in [1_i32, 4, -1, 2, 3, 4] {
            note.extend(number.to_le_bytes());
        }
        assert_eq!(apple_gravity(&note), Some([0.25, -0.5, 0.75]));
    }

    #[test]
    fn a_note_cut_anywhere_gives_nothing() {
        let good = good();
        for length in 0..good.len() {
            assert_eq!(apple_gravity(&good[..length]), None, "cut at {length}");
        }
    }

    #[test]
    fn bytes_behind_the_vector_do_not_matter() {
        let mut note = good();
        note.extend([0xff; 7]);
        assert!(apple_gravity(&note).is_some());
    }

    #[test]
    fn offsets_beyond_the_note_give_nothing() {
        for offset in [45, 68, 69, 0x7fff_ffff, 0xffff_ffe8, 0xffff_fff8, u32::MAX] {
            assert_eq!(apple_gravity(&note(8, 10, 3, offset, VALUES)), None, "offset {offset}");
        }
    }

    #[test]
    fn another_tag_type_or_count_gives_nothing() {
        assert_eq!(apple_gravity(&note(9, 10, 3, 44, VALUES)), None);
        for kind in [0, 1, 3, 5, 9, 12, u16::MAX] {
            assert_eq!(apple_gravity(&note(8, kind, 3, 44, VALUES)), None, "type {kind}");
        }
        for count in [0, 1, 2, 4, u32::MAX] {
            assert_eq!(apple_gravity(&note(8, 10, count, 44, VALUES)), None, "count {count}");
        }
    }

    #[test]
    fn a_zero_denominator_gives_nothing() {
        for zero in 0..3 {
            let mut values = VALUES;
            values[zero].1 = 0;
            assert_eq!(apple_gravity(&note(8, 10, 3, 44, values)), None, "denominator {zero}");
        }
    }

    #[test]
    fn the_most_negative_numbers_are_numbers() {
        let values = [(i32::MIN, -1), (i32::MIN, i32::MIN), (0, i32::MIN)];
        assert_eq!(apple_gravity(&note(8, 10, 3, 44, values)), Some([2_147_483_648.0, 1.0, 0.0]));
    }

    #[test]
    fn another_makers_note_gives_nothing() {
        let mut other = good();
        other[0] = b'a';
        assert_eq!(apple_gravity(&other), None);
        let mut order = good();
        order[13] = b'X';
        assert_eq!(apple_gravity(&order), None);
    }

    #[test]
    fn a_count_larger_than_the_note_is_survived() {
        let mut note = good();
        note[14..16].copy_from_slice(&[0xff, 0xff]);
        assert!(apple_gravity(&note).is_some(), "the vector is still there");
        note[28..30].copy_from_slice(&[0, 9]);
        assert_eq!(apple_gravity(&note), None);
    }

    #[test]
    fn no_mutation_panics_or_gives_anything_but_finite_numbers() {
        let good = good();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap()
        };
        for _ in 0..200_000 {
            let mut note = good.clone();
            for _ in 0..=random() % 4 {
                let at = random() % note.len();
                note[at] = u8::try_from(random() & 0xff).unwrap();
            }
            note.truncate(random() % (2 * note.len()));
            if let Some(vector) = apple_gravity(&note) {
                assert!(vector.iter().all(|value| value.is_finite()));
            }
        }
    }
}
