//! The attributes of tests, as users write them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use cloudc::sometimes;
use cloudc::testing::World;

#[cloudc::test]
async fn takes_a_world(_world: World) {}

#[cloudc::test(seed = 7, start = "2026-03-28T00:00:00Z")]
async fn takes_nothing() {
    tokio::task::yield_now().await;
}

#[cloudc::test]
async fn takes_a_pattern(_: World) -> Result<(), std::num::ParseIntError> {
    assert_eq!("7".parse::<u8>()?, 7);
    Ok(())
}

/// It does not say what it returns.
#[cloudc::test]
async fn asks(_world: World) {
    let seven: u8 = "7".parse()?;
    if seven == 7 {
        assert_eq!("é".chars().next().ok_or("empty")?, 'é');
    }
}

#[cloudc::test]
#[should_panic(expected = "ParseIntError { kind: InvalidDigit }")]
async fn fails() {
    "x".parse::<u8>()?;
}

#[cloudc::test]
#[should_panic(expected = "at last")]
async fn asks_and_panics() {
    "7".parse::<u8>()?;
    panic!("at last");
}

#[cloudc::test]
#[cfg(any())]
async fn is_not_there() {
    no_such_thing();
}

mod inside {
    use super::*;

    #[cloudc::test]
    pub(super) async fn r#move(_world: World) {
        self::helper();
        super::inside::helper();
    }

    fn helper() {}
}

static SEEDS: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

#[cloudc::simulate(runs = 5, seed = 7)]
async fn takes_its_seed(world: World) {
    SEEDS.lock()?.insert(world.seed());
}

#[test]
fn as_many_seeds_as_it_says() {
    takes_its_seed();
    let seeds = SEEDS.lock().expect("no panic");
    assert!(seeds.iter().copied().eq(7..12), "{seeds:?}");
}

mod what_a_world_gets {
    use cloudc::__private::testing::Ended;

    #[test]
    fn bodies_end() {
        assert_eq!(().ended(), Ok(()));
        assert_eq!(Ok::<(), u8>(()).ended(), Ok(()));
        assert_eq!(Err("x").ended(), Err("\"x\"".to_owned()));
    }
}

fn looks<T: PartialOrd>(a: T, b: T) {
    sometimes!(a < b);
    sometimes!(a > b, "the first one is larger",);
}

#[test]
fn places_are_known() {
    looks(1, 2);
    looks("a", "b");
    let sites: Vec<_> = cloudc::__private::sites()
        .into_iter()
        .map(|site| (site.text, site.file.ends_with("testing.rs")))
        .collect();
    assert_eq!(sites, [("a < b", true), ("the first one is larger", true)]);
}
