//! What the worlds are given by the expansions of `#[test]` and `#[simulate]`. This program stands in for
//! the crate `cloudc`.

// The expansions name it.
extern crate self as cloudc;

use cloudc::__private::testing::World;

#[doc(hidden)]
pub mod __private {
    pub mod testing {
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        #[derive(Clone, Copy)]
        pub struct Case {
            pub name: &'static str,
            pub package: &'static str,
            pub file: &'static str,
            pub line: u32,
            pub seed: Option<u64>,
            pub start: Option<&'static str>,
        }

        pub struct Simulation {
            pub case: Case,
            pub runs: u32,
            pub last_line: u32,
        }

        pub struct World;

        /// What is in the line under the function's name.
        fn line<B, F>(body: B) -> u32
        where
            B: Fn(World) -> F + Send + Sync + Copy + 'static,
            F: Future<Output = Result<(), u32>>,
        {
            let again = body;
            drop(again(World));
            let poll = pin!(body(World)).poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Err(line)) = poll else {
                panic!("the body did not run");
            };
            line
        }

        fn check(case: Case, line: u32) {
            assert_eq!(case.line + 1, line);
            assert_eq!(case.package, "cloudc-macros");
            assert!(case.file.ends_with("worlds.rs"), "{}", case.file);
            assert!(case.name.starts_with("worlds::"), "{}", case.name);
        }

        pub fn test<B, F>(case: Case, body: B)
        where
            B: Fn(World) -> F + Send + Sync + Copy + 'static,
            F: Future<Output = Result<(), u32>>,
        {
            check(case, line(body));
            let is = (case.name, case.seed, case.start);
            let known = [
                ("worlds::silent", None, None),
                (
                    "worlds::inside::move",
                    Some(u64::MAX),
                    Some("2026-03-28T00:00:00+01:00"),
                ),
            ];
            assert!(known.contains(&is), "{is:?}");
        }

        pub fn simulate<B, F>(simulation: Simulation, body: B)
        where
            B: Fn(World) -> F + Send + Sync + Copy + 'static,
            F: Future<Output = Result<(), u32>>,
        {
            let line = line(body);
            check(simulation.case, line);
            assert_eq!(simulation.last_line, line + 1);
            assert_eq!(simulation.runs, 1000);
        }
    }
}

/// Above, and below, are lines that do not count.
#[cloudc_macros::test]
async fn silent() -> Result<(), u32> {
    Err(line!())
}

mod inside {
    use super::World;

    #[cloudc_macros::test(seed = 0xffff_ffff_ffff_ffff, start = "2026-03-28T00:00:00+01:00")]
    #[expect(
        unused_variables,
        reason = "other attributes stay, and hold for the body"
    )]
    async fn r#move(world: World) -> Result<(), u32> {
        Err(line!())
    }
}

#[cloudc_macros::simulate(runs = 1000)]
async fn many(_: World) -> Result<(), u32> {
    Err(line!())
}
