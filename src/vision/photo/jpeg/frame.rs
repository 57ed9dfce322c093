//! The frame header and the completeness of its scans.

use std::io;

use super::super::decoded::{Format, Refusal};

/// The frame header.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) channels: Vec<Channel>,
}

/// A channel as the frame header describes it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) number: u8,
    /// Its horizontal and vertical sampling factors.
    pub(super) sampling: (u8, u8),
    /// For each of the 64 coefficients the number of low bits still missing.
    missing: [u8; 64],
}

/// Marks a coefficient that no scan contains.
const NEVER: u8 = u8::MAX;

impl Frame {
    pub(super) fn read(marker: u8, content: &[u8]) -> Result<Frame, Refusal> {
        match marker {
            0xc0..=0xc2 => {}
            0xc3 => return Err(unsupported("a lossless one")),
            0xc5..=0xc7 => return Err(unsupported("a hierarchical one")),
            _ => return Err(unsupported("an arithmetic-coded one")),
        }
        let [precision, high, low, wide, narrow, count, channels @ ..] = content else {
            return Err(damaged("the frame header is too short"));
        };
        if *precision != 8 {
            return Err(unsupported(&format!("one with {precision} bits per channel")));
        }
        let channels: Vec<_> = channels
            .as_chunks()
            .0
            .iter()
            .map(|&[number, sampling, _]| Channel {
                number,
                sampling: (sampling >> 4, sampling & 0x0f),
                missing: [NEVER; 64],
            })
            .collect();
        if ![1, 3, 4].contains(&channels.len()) || channels.len() != usize::from(*count) {
            return Err(damaged("the frame header does not describe 1, 3 or 4 channels"));
        }
        let frame = Frame {
            progressive: marker == 0xc2,
            width: u16::from_be_bytes([*wide, *narrow]),
            height: u16::from_be_bytes([*high, *low]),
            channels,
        };
        frame.check_sampling()?;
        Ok(frame)
    }

    /// The largest sampling factors of any channel, across and down.
    fn finest(&self) -> (u8, u8) {
        self.channels
            .iter()
            .fold((1, 1), |(across, down), channel| (across.max(channel.sampling.0), down.max(channel.sampling.1)))
    }

    /// Whether no channel is finer than the first.
    pub(super) fn starts_with_the_finest(&self) -> bool {
        self.channels.first().is_some_and(|channel| channel.sampling == self.finest())
    }

    /// libjpeg supports integer ratios only, and so does the decoder here.
    fn check_sampling(&self) -> Result<(), Refusal> {
        let (across, down) = self.finest();
        for channel in &self.channels {
            if !(1..=4).contains(&channel.sampling.0) || !(1..=4).contains(&channel.sampling.1) {
                return Err(damaged("a channel's sampling factor is not one of 1 to 4"));
            }
            if across % channel.sampling.0 != 0 || down % channel.sampling.1 != 0 {
                return Err(unsupported("one whose channels do not divide each other's size"));
            }
        }
        Ok(())
    }

    /// Samples of all channels per pixel, without the padding of blocks at the edges.
    pub(super) fn samples_per_pixel(&self) -> f64 {
        let (across, down) = self.finest();
        let samples = |channel: &Channel| f64::from(channel.sampling.0) * f64::from(channel.sampling.1);
        self.channels.iter().map(samples).sum::<f64>() / (f64::from(across) * f64::from(down))
    }

    /// Whether the scans contain all bits of all coefficients.
    pub(super) fn is_complete(&self) -> bool {
        self.channels.iter().all(|channel| channel.missing.iter().all(|&bits| bits == 0))
    }

    /// Records which coefficients a scan contains; returns the number of its channels and the minimum number of bits of its data.
    pub(super) fn note_scan(&mut self, content: &[u8]) -> Result<(usize, u64), Refusal> {
        let wrong = || damaged("a scan header is wrong");
        let (&count, content) = content.split_first().ok_or_else(wrong)?;
        let (scanned, tail) = content.split_at_checked(2 * usize::from(count)).ok_or_else(wrong)?;
        let &[first, last, bits] = tail else { return Err(wrong()) };
        let mut blocks = 0;
        for scanned in scanned.chunks_exact(2) {
            let at = self.channels.iter().position(|channel| channel.number == scanned[0]).ok_or_else(wrong)?;
            blocks += if count == 1 { self.blocks_alone(at)? } else { self.blocks_together(at) };
            self.channels[at].missing.get_mut(first.into()..=last.into()).ok_or_else(wrong)?.fill(bits & 0x0f);
        }
        // The first coefficient takes at least one bit per block; the others can be left out for many blocks at once.
        Ok((count.into(), if first == 0 { blocks } else { 0 }))
    }

    /// Blocks of a channel in a scan of its own.
    fn blocks_alone(&self, at: usize) -> Result<u64, Refusal> {
        let (across, down) = self.finest();
        let (wide, high) = self.channels[at].sampling;
        let blocks = |size: u16, factor: u8, finest: u8| {
            (u64::from(size) * u64::from(factor)).div_ceil(u64::from(finest)).div_ceil(8)
        };
        // As the decoder counts them: it reads all groups of blocks that lie within the picture's own size.
        let counted = |size: u16, factor: u8, finest: u8| {
            let groups = u64::from(size).div_ceil(8 * u64::from(finest)) * u64::from(factor);
            groups.min(u64::from(size).div_ceil(8))
        };
        let (columns, rows) = (blocks(self.width, wide, across), blocks(self.height, high, down));
        let alike = (columns, rows) == (counted(self.width, wide, across), counted(self.height, high, down));
        // The frame's only channel is stored block by block, whatever its sampling.
        if self.channels.len() > 1 && !alike {
            return Err(unsupported("one with a channel of half fineness in a scan of its own"));
        }
        Ok(columns * rows)
    }

    /// Blocks of a channel in a scan with others, in groups.
    fn blocks_together(&self, at: usize) -> u64 {
        let (across, down) = self.finest();
        let (wide, high) = self.channels[at].sampling;
        let groups = |size: u16, finest: u8| u64::from(size).div_ceil(8 * u64::from(finest));
        groups(self.width, across) * groups(self.height, down) * u64::from(wide) * u64::from(high)
    }
}

fn unsupported(kind: &str) -> Refusal {
    Refusal::plain(format!(
        "expected a baseline or progressive JPEG picture, found {kind}, which is not supported; open it in an image program \
         and export it again"
    ))
}

pub(super) fn damaged(what: &'static str) -> Refusal {
    Refusal::damaged(Format::Jpeg, io::Error::new(io::ErrorKind::InvalidData, what))
}
