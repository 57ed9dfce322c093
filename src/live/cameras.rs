//! The cameras of this machine, as listed by Linux.

use std::path::Path;

/// The folder of Linux's list.
pub const LISTED: &str = "/sys/class/video4linux";

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// The number for `--camera`.
    pub number: u32,
    /// Its name for itself.
    pub name: String,
}

/// The cameras by number. A device's second and later nodes give metadata instead of pictures, and are left out.
#[must_use]
pub fn list(listed: &Path) -> Vec<Camera> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(listed).into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix("video")?.parse().ok());
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default().trim().to_owned();
        if let Some(number) = number
            && matches!(read("index").as_str(), "0" | "")
        {
            found.push(Camera { number, name: read("name") });
        }
    }
    found.sort_by_key(|camera| camera.number);
    found
}

/// Why a camera does not open, as far as it can be determined.
#[must_use]
pub fn why_not(number: u32, listed: &Path) -> String {
    let device = format!("/dev/video{number}");
    if cfg!(target_os = "linux") && !Path::new(&device).exists() {
        let others: Vec<String> =
            list(listed).iter().map(|camera| format!("{} ({})", camera.number, camera.name)).collect();
        return if others.is_empty() {
            "no camera was found on this machine; is it plugged in?".into()
        } else {
            format!("there is no camera of this number; there are {}", others.join(", "))
        };
    }
    match std::fs::OpenOptions::new().read(true).write(true).open(&device) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("{device} may not be opened by this user (on Debian: the group video may)")
        }
        _ => "it is in use by another program, or gives no pictures".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_listed_without_their_metadata_nodes() {
        let folder = tempfile::tempdir().unwrap();
        for (node, index, name) in [("video10", "0", "B"), ("video2", "0", "A"), ("video3", "1", "A")] {
            std::fs::create_dir(folder.path().join(node)).unwrap();
            std::fs::write(folder.path().join(node).join("index"), format!("{index}\n")).unwrap();
            std::fs::write(folder.path().join(node).join("name"), format!("{name}\n")).unwrap();
        }
        std::fs::create_dir(folder.path().join("v4l-subdev0")).unwrap();
        let camera = |number, name: &str| Camera { number, name: name.into() };
        assert_eq!(list(folder.path()), [camera(2, "A"), camera(10, "B")]);
        assert_eq!(why_not(97, folder.path()), "there is no camera of this number; there are 2 (A), 10 (B)");
        assert!(list(&folder.path().join("none")).is_empty());
    }
}
