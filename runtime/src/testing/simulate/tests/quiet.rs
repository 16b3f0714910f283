use std::panic::{self, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::testing::simulate::quiet::Quiet;

static PRINTED: AtomicUsize = AtomicUsize::new(0);

/// The one test of the hook: it belongs to the whole process.
#[test]
fn panics_are_kept_where_somebody_asks() {
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if panic
            .payload_as_str()
            .is_some_and(|text| text.starts_with("loud"))
        {
            PRINTED.fetch_add(1, Ordering::Relaxed);
        } else {
            earlier(panic);
        }
    }));
    let panics = |text: &'static str| catch_unwind(move || panic!("{text}")).unwrap_err();

    let quiet = Quiet::begin();
    panics("loud, but kept");
    panics("loud again");
    let caught = quiet.take();
    let messages: Vec<_> = caught.iter().map(|caught| &*caught.message).collect();
    assert_eq!(messages, ["loud, but kept", "loud again"]);
    assert!(caught[0].location.contains("tests/quiet.rs:"), "{caught:?}");
    assert!(quiet.take().is_empty());
    assert_eq!(PRINTED.load(Ordering::Relaxed), 0);

    // Another thread did not ask.
    thread::spawn(move || panics("loud elsewhere"))
        .join()
        .unwrap();
    assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
    assert!(quiet.take().is_empty());

    // An inner one gives back what the outer one has.
    panics("loud outside");
    let inner = Quiet::begin();
    panics("loud inside");
    assert_eq!(inner.take().len(), 1);
    drop(inner);
    assert_eq!(quiet.take()[0].message, "loud outside");

    for _ in 0..100 {
        panics("loud, and often");
    }
    assert_eq!(quiet.take().len(), 64);

    drop(quiet);
    panics("loud at last");
    assert_eq!(PRINTED.load(Ordering::Relaxed), 2);
}
