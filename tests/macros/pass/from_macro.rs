//! Attributes that a user's own macro writes, with values that it passes on.

use cloudc::{Queue, function, queue};

macro_rules! job {
    ($name:ident, $queue:ident, $payload:ty, $timeout:literal, $scale:expr) => {
        #[queue(ack_wait = $timeout)]
        pub static $queue: Queue<$payload>;

        #[function(queue = $queue, timeout = $timeout, scale = $scale)]
        async fn $name(payload: $payload) {
            drop(payload);
        }
    };
}

job!(charge, ORDERS, String, "20s", 0..=3);

fn main() {
    assert_eq!(cloudc::__private::functions()[0].name, "charge");
}
