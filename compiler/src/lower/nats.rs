//! The bundled broker: one nats-server with JetStream on a volume.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, Container, EnvVar, HTTPGetAction, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PodSpec, PodTemplateSpec, Probe, Volume, VolumeMount,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::config::{BundledNats, Nats, NatsPermissions, Target};

use super::context::{Context, Identity};
use super::links::{NATS_PORT, variable};
use super::nats_conf::Conf;
use super::object::{Manifest, Object};
use super::{account, harden, names, nats_accounts, network, pod, resources, server, users};

/// The port of its monitoring.
pub(super) const MONITORING_PORT: u16 = 8222;
const CPU: &str = "100m";

/// A user of the broker.
pub(super) struct User {
    /// A workload, the provisioner, or the operator.
    pub(super) name: String,
    /// Where it logs in.
    pub(super) account: String,
    pub(super) permissions: NatsPermissions,
}

impl User {
    /// The variable with its public key.
    pub(super) fn variable(&self) -> String {
        names::variable("NKEY_", &self.name, "")
    }
}

/// Everyone who uses the broker, whichever it is: the workloads by name, and those in the account with the streams. Nobody where
/// the application has no queue.
pub(super) fn users(cx: Context<'_>) -> Vec<User> {
    let inside = [names::provision(cx.app()), names::operator(cx.app())];
    let place = |name: &str| inside.iter().position(|inside| inside == name);
    let all = users::permissions(cx).nats.into_iter();
    let mut users: Vec<User> = all
        .map(|(name, permissions)| User {
            account: match place(&name) {
                None => names::workload_account(cx.app(), &name),
                Some(_) => names::account(cx.app()).to_owned(),
            },
            name,
            permissions,
        })
        .collect();
    users.sort_by_key(|user| place(&user.name));
    users
}

/// The broker's file; `None` where there is no queue, or a broker already.
pub(super) fn manifest(cx: Context<'_>) -> Option<Manifest> {
    let Nats::Bundled(nats) = &cx.settings.nats else {
        return None;
    };
    let users = users(cx);
    if users.is_empty() {
        return None;
    }
    let identity = cx.identity(&names::nats(cx.app()), "nats", "broker");
    let config = config_map(&identity, &conf(cx, nats, &users).to_string());
    let config_name = config.metadata.name.clone().unwrap_or_default();
    let monitoring = names::nats_monitoring(cx.app());
    Some(Manifest {
        file: "nats.yaml".to_owned(),
        comment:
            "The broker: one server, one account with the streams, one account for each workload.\n\
                  What a workload may do follows from the edges of its functions. For people with `cloudc queue` there is a\n\
                  user that no pod is."
                .to_owned(),
        objects: vec![
            account::account(&identity),
            config.into(),
            server::headless(&identity, ("client", NATS_PORT)),
            server::address(&identity, &monitoring, ("monitoring", MONITORING_PORT)),
            stateful_set(&identity, nats, &users, config_name, cx.app()),
            policy(cx, &identity, &users),
        ],
    })
}

/// Its configuration. `sync_interval: always`: an acknowledged message is on the disk, also when the power fails.
fn conf(cx: Context<'_>, nats: &BundledNats, users: &[User]) -> Conf {
    // A tenth of the volume is the file system's own.
    let bytes = resources::bytes(&nats.storage) / 10 * 9;
    Conf::map([
        ("server_name", Conf::text(names::nats(cx.app()))),
        ("port", Conf::Number(NATS_PORT.into())),
        ("http_port", Conf::Number(MONITORING_PORT.into())),
        (
            "jetstream",
            Conf::map([
                ("store_dir", Conf::text("/data")),
                ("max_file_store", Conf::Number(bytes)),
                ("sync_interval", Conf::Word("always")),
            ]),
        ),
        ("accounts", nats_accounts::accounts(cx.app(), users)),
    ])
}

/// Named by its content, so that a changed one restarts the server and an unchanged one doesn't.
fn config_map(identity: &Identity, text: &str) -> ConfigMap {
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let name = format!("{}-config-{}", identity.object, &hash.as_str()[..10]);
    ConfigMap {
        metadata: identity.metadata_of(&name),
        immutable: Some(true),
        data: Some([("nats.conf".to_owned(), text.to_owned())].into()),
        ..Default::default()
    }
}

fn stateful_set(
    identity: &Identity,
    nats: &BundledNats,
    users: &[User],
    config: String,
    app: &str,
) -> Object {
    StatefulSet {
        metadata: identity.metadata(),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            service_name: Some(identity.object.clone()),
            pod_management_policy: Some(server::POD_MANAGEMENT.to_owned()),
            selector: identity.selector(),
            template: PodTemplateSpec {
                metadata: Some(identity.template()),
                spec: Some(PodSpec {
                    service_account_name: Some(identity.object.clone()),
                    automount_service_account_token: Some(false),
                    enable_service_links: Some(false),
                    security_context: Some(harden::pod_with_volume()),
                    // It syncs and closes its files; thirty seconds may be short for a large store.
                    termination_grace_period_seconds: Some(60),
                    containers: vec![container(nats, users, app)],
                    volumes: Some(vec![
                        Volume {
                            name: "config".to_owned(),
                            config_map: Some(ConfigMapVolumeSource {
                                name: config,
                                ..Default::default()
                            }),
                            ..Default::default()
                        },
                        pod::tmp(),
                    ]),
                    ..Default::default()
                }),
            },
            volume_claim_templates: Some(vec![claim(identity, &nats.storage)]),
            ..Default::default()
        }),
        ..Default::default()
    }
    .into()
}

fn container(nats: &BundledNats, users: &[User], app: &str) -> Container {
    let secret = names::nats_users(app);
    let mut env: Vec<EnvVar> = users
        .iter()
        .map(|user| server::from_secret(&user.variable(), &secret, &user.name))
        .collect();
    // Go would let the heap grow past the limit before it collects.
    let memory = resources::bytes(&nats.memory) / 10 * 9;
    env.push(variable("GOMEMLIMIT", &memory.to_string()));
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..Default::default()
    };
    Container {
        name: "nats".to_owned(),
        image: Some(nats.image.clone()),
        args: Some(vec![
            "--config".to_owned(),
            "/etc/nats/nats.conf".to_owned(),
        ]),
        env: Some(env),
        ports: Some(vec![
            server::port("client", NATS_PORT),
            server::port("monitoring", MONITORING_PORT),
        ]),
        // Ready once JetStream has read its store; alive as long as the server itself answers.
        readiness_probe: Some(probe("/healthz", 5)),
        liveness_probe: Some(probe("/healthz?js-enabled-only=true", 15)),
        startup_probe: Some(Probe {
            failure_threshold: Some(60),
            ..probe("/healthz", 5)
        }),
        resources: Some(resources::of(CPU, &nats.memory)),
        security_context: Some(harden::container()),
        volume_mounts: Some(vec![
            mount("config", "/etc/nats", true),
            mount("data", "/data", false),
            mount("tmp", "/tmp", false),
        ]),
        ..Default::default()
    }
}

fn probe(path: &str, period: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("monitoring".to_owned()),
            ..Default::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(5),
        ..Default::default()
    }
}

fn claim(identity: &Identity, storage: &str) -> PersistentVolumeClaim {
    let storage = ("storage".to_owned(), Quantity(storage.to_owned()));
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some("data".to_owned()),
            labels: Some(identity.pods()),
            ..Default::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([storage].into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Lets in its users' pods, and KEDA to read the lag. It connects to nobody. The operator has no pod: `kubectl port-forward`
/// comes from the pod's own node, past every policy.
fn policy(cx: Context<'_>, identity: &Identity, users: &[User]) -> Object {
    let operator = names::operator(cx.app());
    let users = users.iter().map(|user| user.name.as_str());
    let users = network::pods(cx.app(), users.filter(|name| *name != operator));
    let mut ingress = vec![network::from([users], [NATS_PORT])];
    if cx.settings.target == Target::Knative {
        let keda = network::namespaces([cx.settings.keda_namespace.as_str()]);
        ingress.push(network::from([keda], [MONITORING_PORT]));
    }
    network::policy(identity, ingress, Vec::new()).into()
}
