use cloudc::testing::World;

#[cloudc::test(sede = 7)]
async fn unknown(_world: World) {}

#[cloudc::test(runs = 10)]
async fn of_simulations(_world: World) {}

#[cloudc::test(seed = "7", start = "2026-02-30T00:00:00Z")]
async fn values(_world: World) {}

#[cloudc::simulate(runs = 0, seed = -1, seed = 2)]
async fn numbers(_world: World) {}

fn main() {}
