mod causes;
mod finds;
mod margin;
mod overrides;
mod quiet;
mod sometimes;
mod toy;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Body, Overrides, Simulation};
use crate::testing::faults::Rates;

/// 2026-11-22, at noon.
fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_348_800)
}

fn simulation(runs: u64) -> Simulation<'static> {
    Simulation {
        package: "shop",
        test: "tests::never_charged_twice",
        runs,
        base: 0,
        rates: Rates {
            queue: 800,
            ..Rates::default()
        },
        overrides: Overrides::default(),
        threads: 2,
        sites: &[],
        body: Body {
            file: "src/tests.rs",
            first: 10,
            last: 50,
        },
        now: noon(),
    }
}
