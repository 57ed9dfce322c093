//! The layers of `src/` and their allowed dependencies.
//!
//! A file may use its own layer and those below it. Within all layers no two files may depend on each other, directly or through others;
//! a folder's `mod.rs` that names the files in it is a file like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// From bottom to top: the folders of `src/`.
const LAYERS: [&str; 6] = ["core", "vision", "report", "store", "app", "live"];

/// Upward dependencies that are still to be removed: from this file, to that layer. The list may only get shorter.
const STILL_UPWARD: [(&str, &str); 0] = [];

/// Files whose dependency cycles are still to be removed. The list may only get shorter.
const STILL_ROUND: [&str; 0] = [];

/// Module paths such as `["core", "geometry"]`, and the file of each.
type Modules = BTreeMap<Vec<String>, PathBuf>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn modules() -> Modules {
    let mut found = Vec::new();
    files(&source(), &mut found);
    found.into_iter().map(|path| (module_of(&path), path)).collect()
}

/// `src/core/camera/mod.rs` is `["core", "camera"]`.
fn module_of(path: &Path) -> Vec<String> {
    let inside = path.strip_prefix(source()).expect("in src").with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The program text: without comments, strings and the tests at the end.
fn program(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ")) {
            break;
        }
        let code = line.split("//").next().unwrap_or(line);
        for (index, part) in code.split('"').enumerate() {
            if index % 2 == 0 {
                kept.push_str(part);
            }
        }
        kept.push('\n');
    }
    kept
}

/// Every path that begins with `root::`, with groups in braces expanded.
fn paths(text: &str, root: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(&format!("{root}::")) {
        let before = text[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
            tree(&text[at + root.len() + 2..], Vec::new(), &mut found);
        }
    }
    found
}

/// Reads one path or one group in braces; returns the rest of the text.
fn tree<'a>(text: &'a str, mut start: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, start.clone(), found).trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.is_empty() {
        start.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) => tree(rest, start, found),
        None => {
            found.push(start);
            // A new name after `as`, or `*`.
            let next = rest.find([',', '}', ';', '\n']).unwrap_or(rest.len());
            &rest[next..]
        }
    }
}

/// The modules that a file uses, except itself.
fn needs(module: &[String], path: &Path, modules: &Modules) -> BTreeSet<Vec<String>> {
    let text = program(&std::fs::read_to_string(path).expect("readable"));
    let mut named = paths(&text, "crate");
    named.extend(paths(&text, "orthostat"));
    if module.first().is_some_and(|layer| layer == "live") {
        // A separate program, whose root is its folder.
        let own = paths(&text, "crate").into_iter().map(|path| [vec!["live".to_owned()], path].concat());
        named = paths(&text, "orthostat").into_iter().chain(own).collect();
    }
    let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
    let is_front = path.file_name().is_some_and(|name| name == "mod.rs");
    named.extend(paths(&text, "super").into_iter().map(|path| {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let base = &parent[..parent.len().saturating_sub(ups)];
        [base, &path[ups..]].concat()
    }));
    if is_front {
        let own = paths(&text, "self").into_iter().map(|path| [module, &path].concat());
        named.extend(own);
    }
    // Modules inside this one, by their bare names.
    for child in modules.keys().filter(|other| other.split_last().is_some_and(|(_, parent)| parent == module)) {
        let name = &child[module.len()];
        named.extend(paths(&text, name).into_iter().map(|path| [child.as_slice(), &path].concat()));
    }
    named
        .iter()
        .filter_map(|path| (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|p| modules.contains_key(p)))
        .filter(|found| found != module)
        .collect()
}

fn graph(modules: &Modules) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    modules
        .iter()
        .filter(|(module, _)| !module.is_empty() && module.last().is_some_and(|last| !last.ends_with("tests")))
        .map(|(module, path)| (module.clone(), needs(module, path, modules)))
        .collect()
}

fn rank(module: &[String]) -> usize {
    let layer = module.first().expect("a module");
    LAYERS.iter().position(|known| known == layer).unwrap_or_else(|| panic!("src/{layer} is no layer"))
}

#[test]
fn no_layer_knows_one_above_it() {
    let mut found = BTreeSet::new();
    for (module, needs) in graph(&modules()) {
        for need in needs.iter().filter(|need| rank(need) > rank(&module)) {
            found.insert((module.join("/"), need[0].clone()));
        }
    }
    let allowed: BTreeSet<_> = STILL_UPWARD.iter().map(|&(from, to)| (from.to_owned(), to.to_owned())).collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "these files name a layer above their own: {new:#?}");
    let paid: Vec<_> = allowed.difference(&found).collect();
    assert!(paid.is_empty(), "these are no longer there, take them from the list: {paid:#?}");
}

#[test]
fn no_two_files_need_each_other() {
    let graph = graph(&modules());
    let reachable = |from: &Vec<String>| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from.clone()];
        while let Some(module) = open.pop() {
            for next in graph.get(&module).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let round: BTreeSet<String> =
        graph.keys().filter(|module| reachable(module).contains(*module)).map(|module| module.join("/")).collect();
    let allowed: BTreeSet<String> = STILL_ROUND.iter().map(|&file| file.to_owned()).collect();
    let new: Vec<_> = round.difference(&allowed).collect();
    assert!(new.is_empty(), "these files need each other in a circle: {new:#?}");
    let paid: Vec<_> = allowed.difference(&round).collect();
    assert!(paid.is_empty(), "these are in no circle any more, take them from the list: {paid:#?}");
}

#[test]
fn only_their_own_files_name_the_great_libraries() {
    let owners = [
        ("ort", &["vision/model"][..]),
        ("opencv", &["live"]),
        ("clap", &["app/cli", "app/main", "live/main"]),
        ("rusqlite", &["store"]),
        ("axum", &["app/edit"]),
    ];
    for (module, path) in modules() {
        let text = program(&std::fs::read_to_string(&path).expect("readable"));
        for (library, owners) in owners {
            let named = !paths(&text, library).is_empty();
            let owned = owners.iter().any(|owner| module.join("/").starts_with(owner));
            assert!(!named || owned, "{} names {library}", path.display());
        }
    }
}

#[test]
fn paths_are_taken_apart() {
    let of = |text: &str| paths(text, "crate").iter().map(|path| path.join("/")).collect::<Vec<_>>();
    assert_eq!(of("use crate::a::{B, c::{D as E, F}, g::*};"), ["a/B", "a/c/D", "a/c/F", "a/g"]);
    assert_eq!(of("fn f(x: &crate::a::B) -> othercrate::c {}"), ["a/B"]);
    assert_eq!(program("a // crate::b\nlet c = \"crate::d\";\n#[cfg(test)]\nmod tests {\n"), "a \nlet c = ;\n");
}
