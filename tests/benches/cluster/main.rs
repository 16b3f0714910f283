//! Deploys to the cluster of `KUBECONFIG`: each step goes on where the one before left it. `tests/cluster` runs it, all of it or
//! the steps that it names.

mod application;
mod place;
mod program;
mod reading;
mod requests;
mod steps;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::place::Place;
use crate::steps::{Step, steps};

#[tokio::main]
async fn main() -> ExitCode {
    // `cargo test --all-targets` runs benchmarks too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut place = match Place::open().await {
        Ok(place) => place,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", place.introduction());
    let went_well = tokio::select! {
        went_well = run(&mut place) => went_well,
        () = stopped() => {
            println!("stopped");
            false
        }
    };
    // Who asks a second time does not wait for the end of it.
    let is_clean = tokio::select! {
        cleaned = place.clean() => cleaned,
        () = stopped() => Err("stopped".to_owned()),
    };
    if let Err(why) = &is_clean {
        println!("the namespace {} is left: {why}", place.namespace);
    }
    if went_well && is_clean.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether every step went well; it ends at the first that does not.
async fn run(place: &mut Place) -> bool {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let wanted = |step: &Step| {
        let mut words = words.iter();
        step.is_first() || words.len() == 0 || words.any(|word| step.name.contains(word))
    };
    for step in steps().into_iter().filter(wanted) {
        if let Some(missing) = place.lacks(step.needs) {
            println!("left out: {} ({missing})", step.name);
            continue;
        }
        let start = Instant::now();
        let done = AssertUnwindSafe((step.run)(place)).catch_unwind().await;
        let seconds = start.elapsed().as_secs();
        // What was wrong has been printed by the panic.
        let Ok(()) = done else {
            println!("FAILED {} ({seconds} s)", step.name);
            return false;
        };
        println!("ok     {} ({seconds} s)", step.name);
    }
    true
}

/// Waits until somebody wants this to end.
async fn stopped() {
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals");
    let mut terminate = signal(SignalKind::terminate()).expect("signals");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
