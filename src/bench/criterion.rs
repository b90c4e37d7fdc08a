//! What `cargo bench` found about single things (`benches/turn.rs`), read from where it leaves it.

use std::path::Path;

use serde::Deserialize;

/// A single thing, and what it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Single {
    /// Its name.
    pub name: String,
    /// Microseconds: the median of its samples.
    pub takes_us: f64,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Everything that was left in `target/criterion`, by name; nothing where there is nothing.
pub fn singles(folder: &Path) -> Vec<Single> {
    let mut found = Vec::new();
    for group in folders(folder) {
        for one in folders(&group) {
            let text = std::fs::read_to_string(one.join("new/estimates.json")).ok();
            let Some(text) = text else { continue };
            let Ok(estimates) = serde_json::from_str::<Estimates>(&text) else { continue };
            let name =
                |it: &Path| it.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let takes_us = estimates.median.point_estimate / 1000.0;
            found.push(Single { name: format!("{}: {}", name(&group), name(&one)), takes_us });
        }
    }
    found
}

fn folders(of: &Path) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(of).into_iter().flatten().flatten().map(|it| it.path());
    let mut all: Vec<_> = all.filter(|it| it.is_dir()).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_read_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let of = place.path().join("turn/1 hi/new");
        std::fs::create_dir_all(&of).unwrap();
        let text = r#"{"mean":{"point_estimate":1.0},"median":{"point_estimate":12500.0}}"#;
        std::fs::write(of.join("estimates.json"), text).unwrap();
        std::fs::create_dir_all(place.path().join("turn/report")).unwrap();
        let found = singles(place.path());
        assert_eq!(found, [Single { name: "turn: 1 hi".into(), takes_us: 12.5 }]);
        assert!(singles(&place.path().join("not there")).is_empty());
    }
}
