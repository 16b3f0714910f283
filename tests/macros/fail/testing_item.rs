use cloudc::testing::World;

#[cloudc::test]
fn not_async(_world: World) {}

#[cloudc::test]
async fn generic<T>(_world: T) {}

#[cloudc::test]
async fn two(_world: World, _other: World) {}

#[cloudc::simulate]
async fn none() {}

#[cloudc::test]
#[test]
async fn twice(_world: World) {}

#[cloudc::simulate(runs = 10)]
#[cloudc::test]
async fn both(_world: World) {}

#[cloudc::test]
struct Test;

fn main() {}
