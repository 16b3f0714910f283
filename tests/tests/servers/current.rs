//! A broker that takes the bundled one's configuration.

use std::path::PathBuf;
use std::process::Command;

use cloudc_tests::program;

/// The first version that knows `sync_interval: always`. Debian has an older one.
const OLDEST: (u32, u32) = (2, 10);

pub(crate) fn server() -> Option<PathBuf> {
    let server = program("NATS_SERVER", &["nats-server"])?;
    let output = Command::new(&server)
        .arg("--version")
        .output()
        .expect("nats-server");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text
        .split(['v', '.'])
        .filter_map(|part| part.trim().parse().ok());
    let version = numbers.next().zip(numbers.next());
    let known = version.is_some_and(|version| version >= OLDEST);
    let missing = format!(
        "{} is {}, older than {OLDEST:?}",
        server.display(),
        text.trim()
    );
    cloudc_tests::note(known.then_some(server), &missing)
}
