mod plan;
mod script;
mod text;

use std::sync::Arc;
use std::time::Duration;

use super::{CallKind, CallLimits};
use crate::testing::trace::Call;

fn call(function: &str, run: u64, attempt: u32) -> Arc<Call> {
    Arc::new(Call {
        function: function.into(),
        run,
        attempt,
        messages: 1,
    })
}

fn limits(max_deliveries: Option<u32>) -> CallLimits {
    CallLimits {
        max_deliveries,
        kind: CallKind::Queue,
        timeout: Duration::from_secs(20),
        ack_wait: Some(Duration::from_secs(30)),
    }
}
