//! `mendline new`: a flow or a plugin to begin with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

#[derive(Args)]
pub(super) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A flow with one question, and its first talk.
    Flow {
        /// Its name: `return_to_work`.
        name: String,
    },
    /// A plugin with one action, and its example.
    Plugin {
        /// Its name: `interpreter`.
        name: String,
    },
}

const FLOW: &str = include_str!("new/flow.yaml");
const TALK: &str = include_str!("new/talk.yaml");
const PLUGIN_TOML: &str = include_str!("new/plugin.toml");
const PLUGIN_CARGO: &str = include_str!("new/plugin.Cargo.toml");
const PLUGIN_RS: &str = include_str!("new/plugin.rs.txt");

impl New {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Flow { name } => {
                let name = plain(&name)?;
                let folder = PathBuf::from("flows").join(name.replace('_', "-"));
                let files = [("flow.yaml", FLOW), ("talks/first.yaml", TALK)];
                write(&folder, &files, &name)?;
                println!(
                    "Begun in {}. Try `mendline check` and `mendline test`.",
                    folder.display()
                );
            }
            What::Plugin { name } => {
                let name = plain(&name)?;
                let folder = PathBuf::from("plugins").join(name.replace('_', "-"));
                let files = [
                    ("plugin.toml", PLUGIN_TOML),
                    ("Cargo.toml", PLUGIN_CARGO),
                    ("src/lib.rs", PLUGIN_RS),
                ];
                write(&folder, &files, &name)?;
                println!("Begun in {}. Try `cargo test -p mendline-{name}`.", folder.display());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A name that is safe as a folder, a crate and a flow.
fn plain(name: &str) -> anyhow::Result<String> {
    let name = name.replace('-', "_").to_lowercase();
    let fine = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
    ensure!(fine, "'{name}' is no name: lower case letters, digits and _");
    Ok(name)
}

fn write(folder: &std::path::Path, files: &[(&str, &str)], name: &str) -> anyhow::Result<()> {
    ensure!(!folder.exists(), "{} is there already", folder.display());
    for (file, text) in files {
        let path = folder.join(file);
        let parent = path.parent().expect("every file lies in a folder");
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, text.replace("NAME", name))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
