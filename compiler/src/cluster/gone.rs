//! Waiting until what is being deleted is gone: a finalizer holds an object until its controller has cleaned up.

use std::time::Duration;

use kube::api::DynamicObject;
use tokio::time::{Instant, sleep};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::request::patiently;

/// How often an object is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the object of this key and uid is gone. Another one of its name is another one.
///
/// # Errors
///
/// It is there still at `deadline`: what holds it.
pub(super) async fn until_gone(
    apis: &Apis,
    key: &Key,
    uid: Option<&str>,
    deadline: Instant,
) -> Result<(), Diagnostic> {
    let api = apis.of(key)?;
    loop {
        let left = patiently(|| api.get_opt(&key.name)).await;
        let left = left.map_err(|error| failed(&format!("cannot look at {key}"), &error))?;
        let left = left.filter(|left| uid.is_none() || left.metadata.uid.as_deref() == uid);
        let Some(left) = left else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(held(key, &left));
        }
        sleep(LOOK).await;
    }
}

fn held(key: &Key, object: &DynamicObject) -> Diagnostic {
    let finalizers = object.metadata.finalizers.as_deref().unwrap_or_default();
    let why = match finalizers {
        [] => "something uses it still".to_owned(),
        [one] => format!("the finalizer `{one}` holds it"),
        many => format!("the finalizers `{}` hold it", many.join("`, `")),
    };
    Diagnostic::error(
        codes::CLUSTER_BUSY,
        format!("{key} is being deleted, and is not gone yet: {why}"),
    )
    .help(
        "see that the controller which cleans up after it runs (KEDA's operator for a ScaledObject), and run this again",
    )
}
