//! From the text of `cloudc.toml` to the settings of one environment.

use std::collections::BTreeMap;

use toml::de::DeTable;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::FileId;

use super::reader::{Reader, Report};
use super::{
    BundledNats, BundledValkey, Egress, ExistingNats, ExistingValkey, Knative, Nats, Settings,
    Target, Valkey, values,
};

/// A whole `cloudc.toml`.
#[derive(Clone, Debug, Default)]
pub struct Config {
    base: Layer,
    environments: BTreeMap<String, Layer>,
}

/// The keys as written; `None` for one that is not.
#[derive(Clone, Debug, Default)]
struct Layer {
    registry: Option<String>,
    registry_plain_http: Option<bool>,
    namespace: Option<String>,
    target: Option<Target>,
    nats: Option<Nats>,
    valkey: Option<Valkey>,
    egress: Option<Vec<Egress>>,
    image_pull_secrets: Option<Vec<String>>,
    knative: Option<Knative>,
    keda_namespace: Option<String>,
}

impl Config {
    /// Reads a `cloudc.toml`. The file's id goes into the spans of the diagnostics.
    ///
    /// All mistakes come together: unknown keys ([`codes::CONFIG_SYNTAX`]) and values that can't be
    /// used ([`codes::CONFIG_VALUE`]). The config holds what could be read; don't use it if there are any.
    pub fn parse(text: &str, file: FileId) -> (Self, Vec<Diagnostic>) {
        let mut report = Report {
            file,
            found: Vec::new(),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = report.span(&error.span().unwrap_or_default());
            let message = format!("cloudc.toml is no TOML: {}", error.message());
            let diagnostic = Diagnostic::error(codes::CONFIG_SYNTAX, message);
            let help = "a key is written `key = \"value\"`, and a table starts with `[NAME]`";
            report.found.push(diagnostic.at(span, "").help(help));
        }
        if !report.found.is_empty() {
            // What the parser made of the rest would only raise mistakes that are none.
            return (Self::default(), report.found);
        }
        let range = table.span();
        let mut reader = Reader::new(&mut report, String::new(), &range, table.into_inner());
        let config = Self {
            base: layer(&mut reader),
            environments: reader.named("env", values::is_environment, layer),
        };
        reader.finish();
        crate::diagnostic::sort(&mut report.found);
        (config, report.found)
    }

    /// The settings of an environment: its keys over those at the top, and these over the defaults.
    ///
    /// # Errors
    ///
    /// [`codes::UNKNOWN_ENV`] for an environment that the file does not have.
    pub fn settings(&self, environment: Option<&str>) -> Result<Settings, Diagnostic> {
        let above = match environment {
            None => Layer::default(),
            Some(name) => self.environment(name)?.clone(),
        };
        let base = self.base.clone();
        let default = Settings::default();
        // A password must not go to another registry without TLS because the one above has none.
        let above_it = match above.registry {
            Some(_) => None,
            None => base.registry_plain_http,
        };
        Ok(Settings {
            registry_plain_http: above.registry_plain_http.or(above_it).unwrap_or(false),
            registry: above.registry.or(base.registry),
            namespace: above.namespace.or(base.namespace),
            target: above.target.or(base.target).unwrap_or_default(),
            nats: above.nats.or(base.nats).unwrap_or(default.nats),
            valkey: above.valkey.or(base.valkey).unwrap_or(default.valkey),
            egress: above.egress.or(base.egress).unwrap_or_default(),
            image_pull_secrets: above
                .image_pull_secrets
                .or(base.image_pull_secrets)
                .unwrap_or_default(),
            knative: above.knative.or(base.knative).unwrap_or_default(),
            keda_namespace: above
                .keda_namespace
                .or(base.keda_namespace)
                .unwrap_or(default.keda_namespace),
            image_digest: None,
            retired: Vec::new(),
            running: None,
        })
    }

    fn environment(&self, name: &str) -> Result<&Layer, Diagnostic> {
        self.environments.get(name).ok_or_else(|| {
            let message = format!("cloudc.toml has no environment `{name}`");
            let known: Vec<&str> = self.environments.keys().map(String::as_str).collect();
            let help = match known.as_slice() {
                [] => format!("add a table `[env.{name}]`, or leave `--env` out"),
                known => format!("there are: {}", known.join(", ")),
            };
            Diagnostic::error(codes::UNKNOWN_ENV, message).help(help)
        })
    }
}

fn layer(reader: &mut Reader<'_, '_>) -> Layer {
    Layer {
        registry: values::registry(reader, "registry"),
        registry_plain_http: reader.boolean("registry_plain_http"),
        namespace: values::namespace(reader, "namespace"),
        target: values::target(reader, "target"),
        nats: reader.table("nats", nats),
        valkey: reader.table("valkey", valkey),
        egress: reader.tables("egress", egress),
        image_pull_secrets: values::secrets(reader, "image_pull_secrets"),
        knative: reader.table("knative", knative),
        keda_namespace: reader.table("keda", |keda| values::name(keda, "namespace")),
    }
}

fn nats(reader: &mut Reader<'_, '_>) -> Option<Nats> {
    let existing = existing(
        reader,
        &["storage", "memory", "image"],
        &[
            "provision_secret",
            "address",
            "account",
            "monitoring",
            "monitoring_tls",
            "tls",
        ],
    );
    let secret = values::secret(reader, "secret");
    let provision_secret = values::secret(reader, "provision_secret");
    let address = values::address(reader, "address");
    let default = BundledNats::default();
    let bundled = BundledNats {
        storage: values::quantity(reader, "storage", 64).unwrap_or(default.storage),
        memory: values::quantity(reader, "memory", 64).unwrap_or(default.memory),
        image: values::image(reader, "image").unwrap_or(default.image),
    };
    let account = values::account(reader, "account");
    let monitoring = values::address(reader, "monitoring");
    let monitoring_tls = reader.boolean("monitoring_tls").unwrap_or(false);
    let tls = reader.boolean("tls").unwrap_or(false);
    if !existing {
        return Some(Nats::Bundled(bundled));
    }
    Some(Nats::Existing(ExistingNats {
        secret: secret?,
        provision_secret,
        address: address?,
        tls,
        monitoring_tls,
        account,
        monitoring,
        span: reader.span,
    }))
}

fn valkey(reader: &mut Reader<'_, '_>) -> Option<Valkey> {
    let existing = existing(reader, &["memory", "image"], &["address", "tls"]);
    let secret = values::secret(reader, "secret");
    let address = values::address(reader, "address");
    let default = BundledValkey::default();
    let bundled = BundledValkey {
        memory: values::quantity(reader, "memory", 16).unwrap_or(default.memory),
        image: values::image(reader, "image").unwrap_or(default.image),
    };
    let tls = reader.boolean("tls").unwrap_or(false);
    if !existing {
        return Some(Valkey::Bundled(bundled));
    }
    Some(Valkey::Existing(ExistingValkey {
        secret: secret?,
        address: address?,
        tls,
    }))
}

/// Whether a table means a server that is there already, which it says by `secret`. Reports the keys that go with
/// the other kind, and an address that is missing.
fn existing(
    reader: &mut Reader<'_, '_>,
    bundled: &[&'static str],
    elsewhere: &[&'static str],
) -> bool {
    let existing = reader.has("secret");
    let (wrong, message, help) = if existing {
        (
            bundled,
            "is for the bundled server, and `secret` names another",
            "leave one of them out",
        )
    } else {
        (
            elsewhere,
            "is for a server that is there already",
            "add `secret = \"NAME\"`, the Secret with its credentials",
        )
    };
    for key in wrong {
        if let Some(span) = reader.place(key) {
            reader.bad(span, format!("`{key}` {message}"), help);
        }
    }
    if existing && reader.place("address").is_none() {
        let help = "add `address = \"HOST:PORT\"`";
        reader.bad(reader.span, "this server has no address", help);
    }
    existing
}

fn egress(reader: &mut Reader<'_, '_>) -> Option<Egress> {
    let missing = reader.place("cidr").is_none();
    if missing {
        let help = "add `cidr = \"203.0.113.0/24\"`";
        reader.bad(reader.span, "this destination has no addresses", help);
    }
    let cidr = values::cidr(reader, "cidr");
    let ports = reader.ports("ports").unwrap_or_default();
    let functions = reader.texts("functions").unwrap_or_default();
    Some(Egress {
        cidr: cidr?,
        ports,
        functions,
    })
}

fn knative(reader: &mut Reader<'_, '_>) -> Option<Knative> {
    let default = Knative::default();
    Some(Knative {
        runtime_class: reader
            .boolean("runtime_class")
            .unwrap_or(default.runtime_class),
        ingress: values::names(reader, "ingress").unwrap_or(default.ingress),
    })
}
