//! Whether a shared library could send data: some builds of ONNX Runtime (the wheel of 1.32.0) contain telemetry that starts on loading,
//! whatever their settings. A library is therefore inspected before it is loaded.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use memchr::memmem::Finder;
use object::Object;
use object::read::{ReadCache, ReadRef};

use crate::core::error::{Error, Result};

/// Strings that only a library with telemetry contains: the receiver's host and service, and the name of the opt-out variable.
const MARKS: [&str; 3] = ["events.data.microsoft.com", "OneCollector", "ORT_DISABLE_TELEMETRY"];
/// Functions that a library must import to reach another machine.
const NETWORK: [&str; 6] = ["socket", "connect", "getaddrinfo", "gethostbyname", "sendto", "curl_easy_perform"];
/// Bytes that are searched at a time.
const CHUNK: usize = 1 << 20;

/// Inspects a shared library; this takes about 10 ms.
///
/// # Errors
/// [`Error::Runtime`] when the library contains telemetry, can reach the network, or cannot be looked through.
pub fn without_telemetry(path: &Path) -> Result<()> {
    let unknown = |cause: &dyn std::fmt::Display| Error::Runtime {
        reason: format!("{} cannot be used, expected a shared library: {cause}", path.display()),
    };
    let mut file = File::open(path).map_err(|error| unknown(&error))?;
    let found = match mark(&mut file).map_err(|error| unknown(&error))? {
        Some(mark) => Some(format!("telemetry ({mark})")),
        None => network(&ReadCache::new(file))
            .map_err(|error| unknown(&error))?
            .map(|function| format!("network access ({function})")),
    };
    found.map_or(Ok(()), |what| {
        Err(Error::Runtime {
            reason: format!(
                "{} contains {what}, and nothing that could send anything is loaded; use a build without it, such as ONNX \
                 Runtime 1.28.0, which `.ci/setup` installs",
                path.display()
            ),
        })
    })
}

/// The first of [`MARKS`] in the file.
fn mark(file: &mut (impl Read + Seek)) -> std::io::Result<Option<&'static str>> {
    let finders = MARKS.map(Finder::new);
    let overlap = MARKS.iter().map(|mark| mark.len()).max().unwrap_or(1) - 1;
    let mut bytes = vec![0; overlap + CHUNK];
    // The last bytes of the previous chunk precede each chunk, for a mark across the boundary.
    let mut kept = 0;
    loop {
        let read = match file.read(&mut bytes[kept..]) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let filled = kept + read;
        if let Some(index) = finders.iter().position(|finder| finder.find(&bytes[..filled]).is_some()) {
            return Ok(Some(MARKS[index]));
        }
        let next = filled.min(overlap);
        bytes.copy_within(filled - next..filled, 0);
        kept = next;
    }
}

/// The first of [`NETWORK`] that the library imports.
fn network<'d>(file: impl ReadRef<'d>) -> object::Result<Option<&'static str>> {
    let imports = object::File::parse(file)?.imports()?;
    // Mach-O puts an underscore before every name.
    let named = |function: &str, name: &[u8]| name.strip_prefix(b"_").unwrap_or(name) == function.as_bytes();
    Ok(NETWORK.into_iter().find(|function| imports.iter().any(|import| named(function, import.name()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        for (index, wanted) in MARKS.into_iter().enumerate() {
            for before in [0, 7, CHUNK - 5, CHUNK, CHUNK + 20, 3 * CHUNK - 1] {
                let mut bytes = vec![b'x'; before];
                bytes.extend(wanted.bytes());
                bytes.extend(vec![0; 9]);
                assert_eq!(mark(&mut Cursor::new(&bytes)).expect("read"), Some(MARKS[index]), "after {before}");
                bytes[before + 3] = b'?';
                assert_eq!(mark(&mut Cursor::new(&bytes)).expect("read"), None, "after {before}");
            }
        }
    }

    #[test]
    fn a_library_that_can_reach_the_network_is_refused() {
        // The C library itself defines `connect` and imports no network function; this test program imports some.
        let program = std::env::current_exe().expect("this program");
        std::net::TcpListener::bind("127.0.0.1:0").expect("linked in"); // `socket` is imported for sure
        let error = without_telemetry(&program).expect_err("refused").to_string();
        assert!(error.contains("contains telemetry") || error.contains("contains network access"), "{error}");
        let bytes = std::fs::read(&program).expect("read");
        assert_eq!(network(&*bytes).expect("parsed"), Some("socket"));
    }

    #[test]
    fn the_library_that_set_up_installs_is_fine() {
        let library = crate::vision::model::library_path().expect("installed");
        without_telemetry(&library).expect("without telemetry");
    }
}
