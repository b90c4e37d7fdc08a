//! The command line.

use std::process::ExitCode;

/// Turns make and drop thousands of small texts; this allocator takes a third of the time of the
/// system's for them (`mendline bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mendline::cli::main()
}
