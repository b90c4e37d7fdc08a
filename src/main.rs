//! The command line.

use std::process::ExitCode;

/// Turns make and drop thousands of small texts; the system's allocator took a tenth of all
/// processor time under load (`perf` over `mendline bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mendline::cli::main()
}
