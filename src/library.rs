//! Flow folders: found on disk or inside the binary, loaded, checked, published.
//!
//! A flow with errors is not published and says where it is wrong; whatever version ran before
//! it keeps running.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use mendline_engine::catalog::Catalog;
use mendline_engine::check::{Finding, Severity, circular, migration};
use mendline_engine::core::Program;
use mendline_engine::load::{Source, load};

use crate::store::KeptFlow;

/// The flows that come with the binary.
#[derive(rust_embed::RustEmbed)]
#[folder = "flows"]
struct Shipped;

/// The file that makes a folder a flow's.
const FLOW: &str = "flow.yaml";

/// One flow's files.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// `flow.yaml`.
    pub flow: Source,
    /// `flow.es.yaml` and the like.
    pub translations: Vec<Source>,
    /// `talks/*.yaml`.
    pub talks: Vec<Source>,
}

impl Folder {
    /// A flow of one file, with nothing beside it.
    pub fn of(file: &str, text: &str) -> Folder {
        let flow = Source { file: file.into(), text: text.into() };
        Folder { flow, translations: Vec::new(), talks: Vec::new() }
    }
}

/// What loading some folders gave.
pub struct Shelf {
    /// The flows that loaded, with the sources they came from.
    pub flows: Vec<KeptFlow>,
    /// Everything found, file by file.
    pub findings: Vec<Finding>,
    /// The folders, in order of their names.
    pub folders: Vec<Folder>,
    /// Flows that lie beside these and loaded: they may be run, and nothing else is said of them.
    pub beside: Vec<KeptFlow>,
}

impl Shelf {
    /// Whether any finding keeps a flow from loading.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.severity == Severity::Error)
    }

    /// The text of a file that findings name.
    pub fn text_of(&self, file: &str) -> Option<&str> {
        let sources = self
            .folders
            .iter()
            .flat_map(|it| std::iter::once(&it.flow).chain(&it.translations).chain(&it.talks));
        sources.into_iter().find(|it| it.file == file).map(|it| it.text.as_str())
    }
}

/// The folders inside the binary.
pub fn shipped() -> Vec<Folder> {
    let files = Shipped::iter().filter_map(|path| {
        let text = String::from_utf8(Shipped::get(&path)?.data.into_owned()).ok()?;
        Some((format!("flows/{path}"), text))
    });
    group(files.collect())
}

/// The folders under each path. A path may be a folder of flows, one flow's folder, or a file in it.
pub fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<Folder>> {
    let mut files = BTreeMap::new();
    for path in paths {
        let root = root_of(path);
        anyhow::ensure!(root.is_dir(), "{} is neither a folder nor a file", path.display());
        collect(root, &mut files)?;
    }
    Ok(group(files))
}

/// The folder itself, or the one that a file lies in.
fn root_of(path: &Path) -> &Path {
    let root = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    if root.as_os_str().is_empty() { Path::new(".") } else { root }
}

/// The flows that lie beside each path that is one flow's folder, or a file in it: what that flow
/// runs is among them.
pub fn beside(paths: &[PathBuf]) -> anyhow::Result<Vec<Folder>> {
    let mut named = BTreeSet::new();
    for path in paths {
        let root = root_of(path);
        let whole = root.canonicalize().with_context(|| format!("opening {}", root.display()))?;
        named.insert(whole);
    }
    let mut files = BTreeMap::new();
    let single = named.iter().filter(|it| it.join(FLOW).is_file());
    let parents: BTreeSet<_> = single.filter_map(|it| it.parent()).collect();
    for parent in parents {
        let listing = std::fs::read_dir(parent);
        for entry in listing.with_context(|| format!("opening {}", parent.display()))? {
            let folder = entry.with_context(|| format!("reading {}", parent.display()))?.path();
            if folder.join(FLOW).is_file() && !named.contains(&folder) {
                collect(&folder, &mut files)?;
            }
        }
    }
    Ok(group(files))
}

fn collect(folder: &Path, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    let listing =
        std::fs::read_dir(folder).with_context(|| format!("opening {}", folder.display()))?;
    for entry in listing {
        let path = entry.with_context(|| format!("reading {}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "yaml") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            files.insert(path.display().to_string().trim_start_matches("./").into(), text);
        }
    }
    Ok(())
}

fn group(files: BTreeMap<String, String>) -> Vec<Folder> {
    let mut folders = Vec::new();
    for (file, text) in &files {
        let Some(root) = file.strip_suffix(FLOW) else { continue };
        let under = |it: &&String| it.starts_with(root) && **it != *file;
        let source = |file: &String| Source { file: file.clone(), text: files[file].clone() };
        let beside: Vec<_> = files.keys().filter(under).collect();
        let is_talk = |it: &&&String| it[root.len()..].starts_with("talks/");
        folders.push(Folder {
            flow: Source { file: file.clone(), text: text.clone() },
            translations: beside
                .iter()
                .filter(|it| it[root.len()..].starts_with("flow."))
                .map(|it| source(it))
                .collect(),
            talks: beside.iter().filter(is_talk).map(|it| source(it)).collect(),
        });
    }
    folders
}

/// Loads every folder against the catalog.
pub fn shelve(folders: Vec<Folder>, catalog: &Catalog) -> Shelf {
    shelve_among(folders, Vec::new(), catalog)
}

/// Loads every folder against the catalog and the flows that lie beside them.
pub fn shelve_among(folders: Vec<Folder>, beside: Vec<Folder>, catalog: &Catalog) -> Shelf {
    let all = folders.iter().chain(&beside);
    let names: Vec<_> = all.filter_map(|it| name_of(&it.flow.text)).collect();
    let (mut flows, mut findings) = (Vec::new(), Vec::new());
    for folder in &folders {
        let loaded = load(&folder.flow, &folder.translations, catalog, &names);
        findings.extend(loaded.findings);
        flows.extend(loaded.program.map(|it| keep(folder, it)));
    }
    let beside = beside.iter().filter_map(|folder| {
        let loaded = load(&folder.flow, &folder.translations, catalog, &names);
        loaded.program.map(|it| keep(folder, it))
    });
    let mut shelf = Shelf { flows, findings, folders, beside: beside.collect() };
    take_circles(&mut shelf);
    shelf
}

/// A circle shows only when all are seen together.
fn take_circles(shelf: &mut Shelf) {
    let programs: Vec<_> = shelf.flows.iter().chain(&shelf.beside).map(|it| &it.program).collect();
    let circles = circular(&programs);
    let in_circle = |it: &KeptFlow| circles.iter().any(|found| found.file == it.program.flow);
    let (circling, rest) = std::mem::take(&mut shelf.flows).into_iter().partition(in_circle);
    shelf.flows = rest;
    shelf.beside.retain(|it| !in_circle(it));
    let circling: Vec<KeptFlow> = circling;
    for finding in circles {
        if let Some(of) = circling.iter().find(|it| it.program.flow == finding.file) {
            let file = file_of(of).unwrap_or_else(|| finding.file.clone());
            shelf.findings.push(Finding { file, ..finding });
        }
    }
}

/// Its `flow.yaml`.
fn file_of(flow: &KeptFlow) -> Option<String> {
    flow.sources.keys().find(|it| it.ends_with(FLOW)).cloned()
}

/// What publishing a shelf means for people who are in the middle of an older version of one of
/// its flows, which `old` finds by name. They stay on it; this is for those who would move them.
pub fn migrations(shelf: &Shelf, old: impl Fn(&str) -> Option<Arc<Program>>) -> Vec<Finding> {
    let mut found = Vec::new();
    for flow in &shelf.flows {
        let Some(old) = old(&flow.program.flow).filter(|it| it.hash != flow.hash) else { continue };
        let file = file_of(flow).unwrap_or_default();
        let moved = migration(&old, &flow.program, None).into_iter();
        found.extend(moved.map(|it| Finding { file: file.clone(), ..it }));
    }
    found
}

fn keep(folder: &Folder, program: Program) -> KeptFlow {
    let sources = std::iter::once(&folder.flow).chain(&folder.translations);
    let sources = sources.map(|it| (it.file.clone(), it.text.clone())).collect();
    KeptFlow { hash: program.hash.clone(), sources, program }
}

/// The name after `flow:`, without reading the whole file.
fn name_of(text: &str) -> Option<String> {
    let line = text.lines().find_map(|it| it.strip_prefix("flow:"))?;
    Some(line.split('#').next().unwrap_or_default().trim().trim_matches('"').to_owned())
}

/// Keeps and publishes the flows of a shelf.
pub async fn publish(house: &crate::house::House, shelf: &Shelf) -> anyhow::Result<()> {
    for flow in &shelf.flows {
        house.store.keep_flow(flow).await.context("keeping a flow version")?;
        house.flows.publish(Arc::new(flow.program.clone()));
    }
    Ok(())
}
