//! A virtual screen (Xvfb), its keyboard (xdotool), and access to its pixels.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The colour of the shoulders' line: red, green, blue.
pub(crate) const ORANGE: [u8; 3] = [230, 159, 0];

pub(crate) struct Screen {
    server: Child,
    display: String,
    folder: tempfile::TempDir,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Screen {
    /// `.ci/setup live` installs the required programs.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1300x850x24", "-fbdir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed (.ci/setup live)");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, display: format!(":{}", number.trim()), folder }
    }

    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Presses a key with the pointer over the window, which gives it the focus.
    pub(crate) fn press(&self, key: &str) {
        let status = Command::new("xdotool")
            .args(["mousemove", "100", "100", "key", key])
            .env("DISPLAY", &self.display)
            .status()
            .expect("xdotool is installed (.ci/setup live)");
        assert!(status.success());
    }

    pub(crate) fn wait(&self, what: &str, mut there: impl FnMut() -> bool) {
        let start = Instant::now();
        while !there() {
            assert!(start.elapsed() < Duration::from_secs(600), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The mean rows of the left and the right half of the pixels with a colour on the screen; `None` if there are too few. The corner
    /// with the values, whose dots have the same colours, is left out.
    pub(crate) fn rows_of(&self, color: [u8; 3]) -> Option<[i64; 2]> {
        // The server stores its screen in a file in the format of `xwd`.
        let dump = std::fs::read(self.folder.path().join("Xvfb_screen0")).unwrap();
        let word = |index: usize| u32::from_be_bytes(dump[4 * index..4 * index + 4].try_into().unwrap()) as usize;
        let (width, height, stride) = (word(4), word(5), word(12));
        let pixels = &dump[word(0) + 12 * word(19)..];
        let places: Vec<(i64, i64)> = (0..height * 4 / 5)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .filter(|&(x, y)| x >= 30 || y >= 200)
            .filter(|&(x, y)| pixels[y * stride + 4 * x..][..3] == [color[2], color[1], color[0]])
            .map(|(x, y)| (x as i64, y as i64))
            .collect();
        if places.len() < 60 {
            return None;
        }
        let middle = places.iter().map(|(x, _)| x).sum::<i64>() / places.len() as i64;
        let mean = |left: bool| {
            let rows: Vec<i64> = places.iter().filter(|(x, _)| (*x < middle) == left).map(|(_, y)| *y).collect();
            // In tenths of a row.
            10 * rows.iter().sum::<i64>() / rows.len().max(1) as i64
        };
        Some([mean(true), mean(false)])
    }
}
