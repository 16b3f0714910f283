//! Brokers that are one: a pod moves over when its own leaves.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::ClusterInfo;
use cloudc::backend::nats::Nats;
use cloudc::backend::{Access, Broker as _, Connection as _, Settlement};
use cloudc::names::{self, PROVISION};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::current::server;
use crate::runtime::{APP, message, queue, run};
use cloudc_tests::process::Process;

/// How long one looks again until something is so.
const LOOK: Duration = Duration::from_millis(50);

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Starts three brokers, with their files below this folder. Says where each is.
fn start(program: &Path, folder: &Path) -> Vec<(Process, String)> {
    let routes = [free_port(), free_port(), free_port()];
    let all = routes.map(|port| format!("nats://127.0.0.1:{port}"));
    let commands = routes.iter().map(|route| {
        let store = folder.join(route.to_string());
        std::fs::create_dir(&store).expect("a folder");
        let config = format!(
            "server_name: broker-{route}, jetstream: {{ store_dir: {store:?} }}\n\
             lame_duck_grace_period: 1s, lame_duck_duration: 600s\n\
             cluster: {{ name: brokers, listen: \"127.0.0.1:{route}\", routes: {all:?} }}\n"
        );
        let file = store.join("nats.conf");
        std::fs::write(&file, config).expect("written");
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(file)
            .args(["--addr", "127.0.0.1", "--port", "-1"]);
        command
    });
    let started = commands.map(|mut command| {
        let (process, lines) = Process::start(&mut command, "Listening for client connections on ");
        let (_, address) = lines
            .last()
            .and_then(|line| line.rsplit_once(' '))
            .expect("an address");
        (process, format!("nats://{address}"))
    });
    started.collect()
}

async fn connect(url: &str, workload: &str) -> Nats {
    let access = Access {
        url: url.to_owned(),
        credentials: None,
    };
    let queues = [queue("parcels", "ship")];
    let client = Nats::connect(&access, APP, workload, &queues).await;
    client.expect("an address")
}

/// Makes the queue, on all three.
async fn provision(url: &str) {
    let provisioner = connect(url, PROVISION).await;
    // They choose a leader first.
    while provisioner.provision().await.is_err() {
        sleep(LOOK).await;
    }
    let jetstream = jetstream::new(async_nats::connect(url).await.expect("a connection"));
    let name = names::stream(APP, "parcels");
    let mut stream = jetstream.get_stream(name).await.expect("the stream");
    let mut config = stream.info().await.expect("its state").config.clone();
    config.num_replicas = 3;
    jetstream.update_stream(config).await.expect("changed");
    // Each has its own copies, of the messages and of what became of them.
    loop {
        let info = stream.info().await.expect("its state");
        let of_stream = is_everywhere(info.cluster.as_ref());
        let consumer = stream.consumer_info("ship").await.expect("the consumer");
        if of_stream && is_everywhere(consumer.cluster.as_ref()) {
            return;
        }
        sleep(LOOK).await;
    }
}

fn is_everywhere(cluster: Option<&ClusterInfo>) -> bool {
    cluster.is_some_and(|cluster| {
        let replicas = &cluster.replicas;
        replicas.len() == 2 && replicas.iter().all(|replica| replica.current)
    })
}

/// It keeps its clients for ten minutes, unless they have left.
#[test]
fn a_pod_moves_over_when_its_broker_leaves() {
    let Some(program) = server() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut brokers = start(&program, folder.path());
    let (mut leaving, url) = brokers.remove(0);
    run(async {
        provision(&url).await;
        let (shop, ship) = (connect(&url, "shop").await, connect(&url, "ship").await);
        let (sent, handled) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
        let over = Notify::new();
        let send = async {
            let mut rest = 100;
            for number in 0_u32.. {
                let id = number.to_string();
                while shop.publish("parcels", vec![message(&id)]).await.is_err() {}
                sent.lock().expect("no panic").insert(id);
                if number == 20 {
                    let pid = leaving.id();
                    let told = Command::new(&program)
                        .args(["--signal", &format!("ldm={pid}")])
                        .status();
                    assert!(told.expect("nats-server").success());
                }
                if leaving.has_left() {
                    rest -= 1;
                }
                if rest == 0 {
                    break;
                }
                sleep(Duration::from_millis(10)).await;
            }
            over.notify_one();
        };
        let handle = async {
            loop {
                let Ok(leases) = ship.pull("parcels", 10).await else {
                    continue;
                };
                for lease in leases {
                    handled.lock().expect("no panic").insert(lease.delivery.id);
                    // Not settled, it comes again.
                    let _ = lease.hold.settle(Settlement::Done).await;
                }
            }
        };
        let end = async {
            over.notified().await;
            while ship.lag("parcels").await != Ok(0) {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(send, end) } => {}
            () = handle => {}
        }
        assert_eq!((shop.ready(), ship.ready()), (Ok(()), Ok(())));
        let (sent, handled) = (sent.into_inner(), handled.into_inner());
        let (sent, handled) = (sent.expect("no panic"), handled.expect("no panic"));
        let lost: Vec<_> = sent.difference(&handled).collect();
        assert!(lost.is_empty(), "{lost:?} of {}", sent.len());
    });
}
