//! The servers that a pod uses. This is the one place that chooses them.

use std::sync::Arc;

use super::config::Config;
use crate::app::App;
use crate::backend::Connection;
use crate::backend::nats::{Nats, Queue};
use crate::backend::valkey::Valkey;
use crate::context::Backends;
use crate::names;

/// What a pod is connected to.
pub(super) struct Connected {
    /// What serves its calls.
    pub(super) backends: Backends,
    /// The broker once more, for the provisioner.
    pub(super) nats: Option<Arc<Nats>>,
    /// All connections.
    pub(super) connections: Vec<Arc<dyn Connection>>,
}

impl Connected {
    /// Why it cannot work yet; nothing when it can.
    pub(super) fn reasons(&self) -> Vec<String> {
        let all = self.connections.iter();
        all.filter_map(|one| one.ready().err()).collect()
    }
}

/// Connects to what the workload needs. A server that is away is waited for, without end.
///
/// # Errors
///
/// What waiting does not mend: addresses and credentials that make no sense, a line each.
pub(super) async fn connect(config: &Config, app: &str) -> Result<Connected, String> {
    let workload = config.runs.name();
    let nats = async {
        Ok::<_, String>(match &config.nats {
            Some(access) => {
                let queues = Queue::all(App::linked());
                let nats = Nats::connect(access, app, workload, &queues).await;
                Some(Arc::new(nats.map_err(|fault| {
                    said("NATS", &names::nats_secret(app, workload), &fault)
                })?))
            }
            None => None,
        })
    };
    let valkey = async {
        Ok::<_, String>(match &config.valkey {
            Some(access) => {
                let valkey = Valkey::connect(access, app, workload).await;
                Some(Arc::new(valkey.map_err(|fault| {
                    said("VALKEY", &names::valkey_secret(app, workload), &fault)
                })?))
            }
            None => None,
        })
    };
    let (nats, valkey) = match tokio::join!(nats, valkey) {
        (Ok(nats), Ok(valkey)) => (nats, valkey),
        (Err(broker), Err(caches)) => return Err(format!("{broker}\n{caches}")),
        (Err(fault), Ok(_)) | (Ok(_), Err(fault)) => return Err(fault),
    };
    let mut connections: Vec<Arc<dyn Connection>> = Vec::new();
    connections.extend(nats.clone().map(|nats| nats as Arc<dyn Connection>));
    connections.extend(valkey.clone().map(|valkey| valkey as Arc<dyn Connection>));
    Ok(Connected {
        backends: Backends {
            broker: nats.clone().map(|nats| nats as _),
            store: valkey.map(|valkey| valkey as _),
        },
        nats,
        connections,
    })
}

/// Where what is wrong was said.
fn said(server: &str, secret: &str, fault: &str) -> String {
    format!(
        "{fault}; CLOUDC_{server}_URL says where the server is, and CLOUDC_{server}_CREDENTIALS where its Secret is \
         mounted, `{secret}` or the one that cloudc.toml names"
    )
}
