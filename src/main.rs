//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    mendline::cli::main()
}
