use std::time::Duration;

use super::build::build;
use super::{App, Kind, Scale};
use crate::cron::Cron;
use crate::registry::{FunctionRegistration, ResourceRegistration, Settings, Trigger};

const SETTINGS: Settings = Settings::Queue {
    max_deliveries: None,
    ack_wait: None,
    dead_letter: None,
    dedupe: None,
    max_age: None,
};

const CRON: Cron = Cron {
    minutes: 1,
    hours: 1,
    days: 2,
    months: 2,
    weekdays: 1,
    any_day: false,
    any_weekday: false,
};

fn function(
    name: &'static str,
    path: &'static str,
    trigger: Trigger,
) -> &'static mut FunctionRegistration {
    Box::leak(Box::new(FunctionRegistration {
        name,
        path,
        trigger,
        service: None,
        concurrency: None,
        timeout: None,
        scale: None,
    }))
}

fn http(name: &'static str, path: &'static str) -> &'static mut FunctionRegistration {
    let trigger = Trigger::Http {
        method: "GET",
        path: "/",
        handle: |_| Box::pin(async { axum::response::IntoResponse::into_response(()) }),
    };
    function(name, path, trigger)
}

fn consumer(name: &'static str, path: &'static str) -> &'static mut FunctionRegistration {
    let trigger = Trigger::Queue {
        queue: || "orders",
        handle: |_| Box::pin(async { Ok(()) }),
    };
    function(name, path, trigger)
}

fn schedule(name: &'static str, path: &'static str) -> &'static mut FunctionRegistration {
    let trigger = Trigger::Schedule {
        cron: CRON,
        timezone: None,
        handle: || Box::pin(async { Ok(()) }),
    };
    function(name, path, trigger)
}

fn resource(
    name: &'static str,
    path: &'static str,
    settings: Settings,
) -> &'static ResourceRegistration {
    Box::leak(Box::new(ResourceRegistration {
        name,
        path,
        settings,
    }))
}

/// Name, kind and functions of each workload.
fn workloads(app: &App) -> Vec<(&str, Kind, &[usize])> {
    app.workloads
        .iter()
        .map(|workload| (&*workload.name, workload.kind, &*workload.functions))
        .collect()
}

#[test]
fn http_functions_of_a_crate_are_one_service_unless_they_are_moved() {
    let c = http("c", "shop::c");
    c.service = Some("search");
    let app = build(
        &[
            http("a", "my_shop::a"),
            http("b", "my_shop::orders::b"),
            c,
            http("d", "stock::d"),
            schedule("e", "my_shop::e"),
        ],
        &[],
    );
    assert_eq!(
        workloads(&app),
        [
            ("e", Kind::Schedule, &[4][..]),
            ("my-shop", Kind::Service, &[0, 1]),
            ("search", Kind::Service, &[2]),
            ("stock", Kind::Service, &[3]),
        ]
    );
    let of: Vec<_> = app.functions.iter().map(|f| f.workload).collect();
    assert_eq!(of, [1, 1, 2, 3, 0]);
    assert_eq!(app.faults, [""; 0]);
}

#[test]
fn the_first_function_that_turns_a_knob_wins() {
    let (a, b, c) = (
        http("a", "shop::a"),
        http("b", "shop::b"),
        http("c", "shop::c"),
    );
    b.concurrency = Some(5);
    c.concurrency = Some(6);
    c.timeout = Some(Duration::from_secs(7));
    a.scale = Some((1, None));
    let app = build(&[a, b, c], &[]);
    assert_eq!(app.workloads[0].concurrency, 5);
    assert_eq!(app.workloads[0].timeout, Duration::from_secs(7));
    assert_eq!(app.workloads[0].scale, Scale { min: 1, max: None });
}

#[test]
fn a_consumers_timeout_stays_within_the_ack_wait() {
    for (ack_wait, timeout) in [(None, 20), (Some(60), 20), (Some(15), 10)] {
        let settings = Settings::Queue {
            max_deliveries: None,
            ack_wait: ack_wait.map(Duration::from_secs),
            dead_letter: Some(true),
            dedupe: None,
            max_age: None,
        };
        let app = build(
            &[consumer("charge", "shop::charge")],
            &[resource("orders", "shop::ORDERS", settings)],
        );
        assert_eq!(app.workloads[0].timeout, Duration::from_secs(timeout));
        assert_eq!(app.queues[0].consumer, Some(0));
        assert_eq!(app.queues[0].max_deliveries, Some(5));
    }
}

#[test]
fn what_collides_is_said() {
    let app = build(
        &[
            consumer("a", "shop::a"),
            http("a", "shop::b"),
            consumer("c", "shop::c"),
            schedule("shop", "shop::d"),
        ],
        &[
            resource("orders", "shop::ORDERS", SETTINGS),
            resource("orders", "shop::OTHERS", SETTINGS),
        ],
    );
    assert_eq!(
        app.faults,
        [
            "two functions are called `a`: shop::a and shop::b; give one of them another `name = \"…\"`",
            "two queues are called `orders`: shop::ORDERS and shop::OTHERS; give one of them another \
             `name = \"…\"`",
            "shop::a and shop::c both consume the queue `orders`, so each would get some of its \
             messages; write a queue for each of them",
            "a service and a function that is deployed by itself are both called `shop`; give one of \
             them another name",
        ]
    );
    assert_eq!(app.functions.len(), 4);
    assert!(app.queue("orders").is_some() && app.function("c").is_some());
    assert!(app.cache("orders").is_none());
}

#[test]
fn a_queue_that_is_not_there_is_said() {
    let app = build(&[consumer("charge", "shop::charge")], &[]);
    assert_eq!(
        app.faults,
        ["shop::charge consumes the queue `orders`, which is not linked into this program"]
    );
    assert_eq!(app.workloads[0].timeout, Duration::from_secs(20));
}
