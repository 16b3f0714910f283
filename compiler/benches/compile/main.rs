//! How fast the compiler is, as ratios within one run: `cargo bench -p cloudc-compiler`.
//!
//! Everything runs in memory, on the same threads: what is compared is the compiler's own work.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]

mod generate;

use std::time::{Duration, Instant};

use cloudc_compiler::config::{Settings, Target};
use cloudc_compiler::image::{Facts, Platform};
use cloudc_compiler::load::cache::Cache;
use cloudc_compiler::project::Project;
use cloudc_compiler::project::files::Memory;
use cloudc_compiler::span::Sources;
use cloudc_compiler::{Analysis, analyse, emit, image, lift, lower, render};
use rayon::prelude::*;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // A process of its own tells its own peak of memory.
    if let Some(at) = arguments.iter().position(|argument| argument == "--peak") {
        let (project, files) = generate::application(arguments[at + 1].parse().unwrap());
        let before = peak();
        std::hint::black_box(check(&project, &files, &Cache::empty()));
        println!("{}", peak() - before);
        return;
    }
    println!(
        "{:>9} {:>7} {:>9} {:>9} {:>11} {:>9} {:>12} {:>9} {:>12} {:>9}",
        "functions",
        "MB",
        "parse",
        "cold",
        "cold/parse",
        "warm",
        "warm/cold",
        "edit",
        "edit/cold",
        "build"
    );
    let mut each = Vec::new();
    for size in SIZES {
        each.push(measure(size));
    }
    let per = |index: usize, of: fn(&Times) -> Duration| {
        of(&each[index]).as_secs_f64() / SIZES[index] as f64
    };
    println!();
    println!(
        "time per function, 10,000 to 1,000: check {:.2}, build {:.2}",
        per(2, |times| times.cold) / per(1, |times| times.cold),
        per(2, |times| times.build) / per(1, |times| times.build),
    );
    let memory: Vec<f64> = SIZES[1..].iter().map(|size| peak_of(*size)).collect();
    println!(
        "peak memory of a check beyond the sources: {:.0} MB at 1,000, {:.0} MB at 10,000 ({:.1} times)",
        memory[0],
        memory[1],
        memory[1] / memory[0]
    );
    println!();
    image();
}

/// What an image costs beyond the program: this one, until it has 20 MB.
fn image() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let program: Vec<u8> = own.into_iter().cycle().take(20_000_000).collect();
    let facts = Facts {
        name: "app".to_owned(),
        platform: Platform::default(),
        labels: Vec::new(),
        components: Vec::new(),
    };
    let make = || {
        let image = image::build(&program, &facts).unwrap();
        let files = image.layout().unwrap();
        (image, files)
    };
    let best = (0..5).map(|_| time(make)).min().unwrap();
    let (image, _) = make();
    let sizes = image.layers.iter().map(|layer| layer.bytes.len() as f64);
    let sizes: Vec<String> = sizes.map(|size| format!("{:.2} MB", size / 1e6)).collect();
    println!(
        "the image of a program of 20 MB: {:.2} s, layers of {}",
        best.as_secs_f64(),
        sizes.join(" and "),
    );
}

struct Times {
    cold: Duration,
    build: Duration,
}

fn measure(size: usize) -> Times {
    let (project, files) = generate::application(size);
    let bytes: usize = files.0.values().map(Vec::len).sum();
    let first = Cache::open(Vec::new(), "bench");
    let analysis = check(&project, &files, &first);
    assert!(
        analysis.diagnostics.is_empty(),
        "{:?}",
        analysis.diagnostics.first()
    );
    assert_eq!(analysis.graph.functions.len(), size);
    drop(analysis);
    let pack = first.pack().unwrap();
    // As a run does it: the pack is opened, and made anew where something is new.
    let again = |files: &Memory| {
        let cache = Cache::open(pack.clone(), "bench");
        let analysis = check(&project, files, &cache);
        (analysis, cache.pack())
    };
    let mut edited = files.clone();
    let text = edited.0.get_mut(&generate::edited()).unwrap();
    text.extend_from_slice(b"\n/// New.\npub fn new() {}\n");
    let whole = || {
        let analysis = check(&project, &files, &Cache::empty());
        let manifests = lower::lower(&analysis.graph, &Settings::default()).unwrap();
        let tree = emit::yaml::manifests(&manifests).unwrap();
        (tree, render::json(&analysis.graph, &analysis.sources))
    };
    // One after the other in each round, so that what disturbs one disturbs the others too; and the
    // shortest of all rounds, which is the least disturbed.
    let mut best = [Duration::MAX; 5];
    for _ in 0..if size >= 10_000 { 5 } else { 9 } {
        let round = [
            time(|| parse_only(&files)),
            time(|| check(&project, &files, &Cache::empty())),
            time(|| again(&files)),
            time(|| again(&edited)),
            time(whole),
        ];
        for (best, time) in best.iter_mut().zip(round) {
            *best = time.min(*best);
        }
    }
    let [parse, cold, warm, edit, build] = best;
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let ratio = |a: Duration, b: Duration| format!("{:.2}", a.as_secs_f64() / b.as_secs_f64());
    println!(
        "{size:>9} {:>7.1} {:>9} {:>9} {:>11} {:>9} {:>12} {:>9} {:>12} {:>9}",
        bytes as f64 / 1e6,
        ms(parse),
        ms(cold),
        ratio(cold, parse),
        ms(warm),
        ratio(warm, cold),
        ms(edit),
        ratio(edit, cold),
        ms(build),
    );
    Times { cold, build }
}

/// How long a run takes, dropping what it made included.
fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(run());
    start.elapsed()
}

fn check(project: &Project, files: &Memory, cache: &Cache) -> Analysis {
    analyse(project, files, cache, Sources::default(), Target::Knative).unwrap()
}

/// What parsing alone takes, on a pool like the compiler's.
fn parse_only(files: &Memory) {
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(lift::STACK)
        .build()
        .unwrap();
    pool.install(|| {
        files.0.par_iter().for_each(|(_, bytes)| {
            let text = std::str::from_utf8(bytes).unwrap();
            std::hint::black_box(syn::parse_file(text).unwrap());
            proc_macro2::extra::invalidate_current_thread_spans();
        });
    });
}

/// The most memory this process has had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1e3
}

fn peak_of(size: usize) -> f64 {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--peak", &size.to_string()])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap_or(f64::NAN)
}
