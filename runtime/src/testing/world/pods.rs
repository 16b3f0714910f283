//! The pods of the workloads: one for each service, one or two for each queue function.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::host::WorldHost;
use super::inside::Inside;
use super::leases::Leases;
use crate::app::{Kind, Workload};
use crate::consumer::{Consumer, Settings};
use crate::testing::trace::{Name, What};

/// How long it takes until a pod that died is there again.
const RESTART: Duration = Duration::from_secs(1);

/// Two pods take messages from a queue, where the application allows as many: what goes wrong with two
/// goes wrong with more.
const MOST: u32 = 2;

/// A pod. It may die, and is then started again.
pub(crate) struct Pod {
    workload: Name,
    life: watch::Sender<u64>,
}

impl Pod {
    pub(super) fn new(workload: &str) -> Arc<Self> {
        Arc::new(Self {
            workload: workload.into(),
            life: watch::Sender::new(0),
        })
    }

    /// Which of its lives this is.
    pub(super) fn life(&self) -> u64 {
        *self.life.borrow()
    }

    /// Ends its life.
    pub(super) fn die(&self, inside: &Inside) {
        self.life.send_modify(|life| *life += 1);
        let workload = Name::clone(&self.workload);
        inside.note(What::PodDied { workload });
    }

    /// Waits until the life ends that it lives now.
    pub(super) async fn dies(&self) {
        let mut life = self.life.subscribe();
        // The sender is in `self`, so there is no error.
        let _ = life.changed().await;
    }
}

/// Starts the pods of a queue function.
pub(super) fn start(inside: &Arc<Inside>, workload: &Workload) {
    if workload.kind != Kind::Consumer {
        return;
    }
    let Some(settings) = Settings::of(inside.app, workload) else {
        return;
    };
    for _ in 0..workload.scale.max.unwrap_or(MOST).clamp(1, MOST) {
        let pod = Pod::new(&workload.name);
        let task = live(Arc::clone(inside), pod, settings.clone());
        inside.spawn(task);
    }
}

/// The lives of a pod.
async fn live(inside: Arc<Inside>, pod: Arc<Pod>, settings: Settings) {
    loop {
        let host = WorldHost::new(&inside, &pod);
        let leases = Arc::new(Leases::new(&inside));
        let consumer = Consumer::new(settings.clone(), leases, host);
        tokio::select! {
            biased;
            () = pod.dies() => {}
            () = consumer.run(std::future::pending()) => {}
        }
        tokio::time::sleep(RESTART).await;
    }
}
