//! Runs the front end over every Rust file below a folder, on all cores, and counts: what was understood, what was
//! refused, and what made it panic. Nothing may.
//!
//! ```text
//! cargo run --release -p cloudc-tests --example sweep -- ~/.cargo/registry/src
//! ```

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cloudc_compiler::lift;
use rayon::prelude::*;

/// What a debug build needs for the deepest code that is not refused.
const STACK: usize = 1 << 30;

enum Outcome {
    Lifted,
    Rejected,
    TooLarge,
    NoText,
    Panicked(PathBuf),
}

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut paths = Vec::new();
    for folder in &folders {
        find(folder, &mut paths);
    }
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let outcomes: Vec<Outcome> = match pool {
        Ok(pool) => pool.install(|| paths.par_iter().map(|path| sweep(path)).collect()),
        Err(error) => {
            eprintln!("cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    println!("files     {}", outcomes.len());
    println!(
        "lifted    {}",
        count(|outcome| matches!(outcome, Outcome::Lifted))
    );
    println!(
        "rejected  {}",
        count(|outcome| matches!(outcome, Outcome::Rejected))
    );
    println!(
        "too large {}",
        count(|outcome| matches!(outcome, Outcome::TooLarge))
    );
    println!(
        "no UTF-8  {}",
        count(|outcome| matches!(outcome, Outcome::NoText))
    );
    println!(
        "panics    {}",
        count(|outcome| matches!(outcome, Outcome::Panicked(_)))
    );
    for outcome in &outcomes {
        if let Outcome::Panicked(path) = outcome {
            println!("  {}", path.display());
        }
    }
    if count(|outcome| matches!(outcome, Outcome::Panicked(_))) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn sweep(path: &Path) -> Outcome {
    let Ok(text) = fs::read_to_string(path) else {
        return Outcome::NoText;
    };
    match catch_unwind(|| lift::lift(&text)) {
        Ok(Ok(_)) => Outcome::Lifted,
        Ok(Err(rejection)) if rejection.too_large => Outcome::TooLarge,
        Ok(Err(rejection)) => {
            if std::env::var_os("SHOW").is_some() {
                println!("{}: {}", path.display(), rejection.message);
            }
            Outcome::Rejected
        }
        Err(_) => Outcome::Panicked(path.to_owned()),
    }
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
