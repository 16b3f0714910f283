//! What the environment says of a pod: which workload it is, and where its servers are. The manifests set all of it;
//! `lower` in the compiler has the table.

use std::path::PathBuf;

use super::graph::{Graph, Needs, Runs};
use super::retired;
use crate::backend::Access;
use crate::backend::nats::Retired;
use crate::names;

/// The port where `PORT` says nothing: the one that the manifests' probes ask.
const DEFAULT_PORT: u16 = 8080;

/// A pod's settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// What it runs.
    pub(super) runs: Runs,
    /// Where it answers; 0 for any free port.
    pub(super) port: u16,
    /// The broker, if an edge needs it.
    pub(super) nats: Option<Access>,
    /// The cache server, if an edge needs it.
    pub(super) valkey: Option<Access>,
    /// The queues that left the graph; the provisioner alone is told.
    pub(super) retired: Vec<Retired>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Everything that is missing or wrong, a line each.
    pub(super) fn read(
        graph: &Graph,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        // Without it, nothing else can be asked for.
        let runs = graph.runs(variable("CLOUDC_WORKLOAD").as_deref())?;
        let Needs { nats, valkey } = graph.needs(&runs);
        let mut faults = Vec::new();
        let reader = Reader {
            variable: &variable,
            app: &graph.app,
            workload: runs.name(),
        };
        let mut take = |access: Result<Option<Access>, String>| {
            access.unwrap_or_else(|fault| {
                faults.push(fault);
                None
            })
        };
        let nats = take(reader.access(nats, &NATS));
        let valkey = take(reader.access(valkey, &VALKEY));
        let port = reader.port().unwrap_or_else(|fault| {
            faults.push(fault);
            DEFAULT_PORT
        });
        let retired = reader.retired().unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        });
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        Ok(Self {
            runs,
            port,
            nats,
            valkey,
            retired,
        })
    }
}

/// A kind of server.
struct Server {
    /// What it is called in a sentence.
    name: &'static str,
    url: &'static str,
    credentials: &'static str,
    schemes: [&'static str; 2],
    /// The name of the Secret, of an application and a workload.
    secret: fn(&str, &str) -> String,
}

const NATS: Server = Server {
    name: "the broker",
    url: "CLOUDC_NATS_URL",
    credentials: "CLOUDC_NATS_CREDENTIALS",
    schemes: ["nats", "tls"],
    secret: names::nats_secret,
};

const VALKEY: Server = Server {
    name: "the cache server",
    url: "CLOUDC_VALKEY_URL",
    credentials: "CLOUDC_VALKEY_CREDENTIALS",
    schemes: ["redis", "rediss"],
    secret: names::valkey_secret,
};

struct Reader<'a, F> {
    variable: &'a F,
    app: &'a str,
    workload: &'a str,
}

impl<F: Fn(&str) -> Option<String>> Reader<'_, F> {
    /// A variable that says something.
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Where a server is. A workload that has no use for it does not look.
    fn access(&self, because: Option<String>, server: &Server) -> Result<Option<Access>, String> {
        let Some(because) = because else {
            return Ok(None);
        };
        let [plain, tls] = server.schemes;
        let example = format!("{plain}://HOST:PORT or {tls}://HOST:PORT");
        let Some(url) = self.get(server.url) else {
            return Err(format!(
                "{} is not set: `{}` {because}, so it must know where {} is; set it to {example}",
                server.url, self.workload, server.name
            ));
        };
        let rest = server
            .schemes
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme)?.strip_prefix("://"));
        match rest {
            // What is in front of it may be a password, so it is not shown.
            _ if url.contains('@') => Err(format!(
                "{} has credentials in it; set it to {example}, and put them into the files of the Secret that {} names",
                server.url, server.credentials
            )),
            None | Some("") => Err(format!(
                "{} is {url:?}, which is no address of {}; set it to {example}",
                server.url, server.name
            )),
            Some(_) => self
                .credentials(server)
                .map(|credentials| Some(Access { url, credentials })),
        }
    }

    /// The folder with the credentials; `None` for a server that asks for none.
    fn credentials(&self, server: &Server) -> Result<Option<PathBuf>, String> {
        let Some(folder) = self.get(server.credentials).map(PathBuf::from) else {
            return Ok(None);
        };
        if folder.is_dir() {
            return Ok(Some(folder));
        }
        Err(format!(
            "{} is {}, where there is no folder: the Secret `{}` is mounted there, or the one that cloudc.toml \
             names",
            server.credentials,
            folder.display(),
            (server.secret)(self.app, self.workload)
        ))
    }

    fn retired(&self) -> Result<Vec<Retired>, String> {
        match self.get("CLOUDC_RETIRED") {
            Some(text) if self.workload == names::PROVISION => retired::parse(&text),
            _ => Ok(Vec::new()),
        }
    }

    fn port(&self) -> Result<u16, String> {
        self.get("PORT").map_or(Ok(DEFAULT_PORT), |text| {
            text.parse().map_err(|_| {
                format!("PORT is {text:?}, which is no port; set it to a number from 0 to 65535")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::shim::graph::tests::graph;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Config::read(&graph(), |name| {
            variables.get(name).map(|value| (*value).to_owned())
        })
    }

    #[test]
    fn all_that_is_set() {
        let folder = std::env::temp_dir();
        let config = read(&[
            ("CLOUDC_WORKLOAD", "charge"),
            ("CLOUDC_NATS_URL", "nats://shop-nats:4222"),
            ("CLOUDC_NATS_CREDENTIALS", &folder.to_string_lossy()),
            ("PORT", "81"),
        ]);
        let config = config.expect("nothing is missing");
        assert_eq!(config.port, 81);
        assert_eq!(
            config.nats,
            Some(Access {
                url: "nats://shop-nats:4222".to_owned(),
                credentials: Some(folder),
            })
        );
        assert_eq!(config.valkey, None, "it uses no cache");
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let fault = read(&[
            ("CLOUDC_WORKLOAD", "shop"),
            ("CLOUDC_NATS_URL", "nats://shop-nats:4222"),
            ("CLOUDC_NATS_CREDENTIALS", "/no/such/folder"),
            ("CLOUDC_VALKEY_URL", ""),
            ("PORT", "http"),
        ]);
        assert_eq!(
            fault.expect_err("much is wrong"),
            "CLOUDC_NATS_CREDENTIALS is /no/such/folder, where there is no folder: the Secret `shop-nats` is \
             mounted there, or the one that cloudc.toml names\n\
             CLOUDC_VALKEY_URL is not set: `shop` uses the cache `stock`, so it must know where the cache server \
             is; set it to redis://HOST:PORT or rediss://HOST:PORT\n\
             PORT is \"http\", which is no port; set it to a number from 0 to 65535"
        );
    }

    #[test]
    fn the_provisioner_has_a_secret_of_its_own() {
        let fault = read(&[
            ("CLOUDC_WORKLOAD", "provision"),
            ("CLOUDC_NATS_URL", "tls://shop-nats"),
            ("CLOUDC_NATS_CREDENTIALS", "/no/such/folder"),
        ]);
        let fault = fault.expect_err("no folder");
        assert!(fault.contains("`shop-provision-nats`"), "{fault}");
    }

    #[test]
    fn queues_that_left_the_graph() {
        let read = |workload, retired| {
            let config = read(&[
                ("CLOUDC_WORKLOAD", workload),
                ("CLOUDC_NATS_URL", "nats://shop-nats:4222"),
                ("CLOUDC_RETIRED", retired),
            ]);
            config.map(|config| config.retired.len())
        };
        assert_eq!(read("provision", "refunds:dead,parcels"), Ok(2));
        assert_eq!(read("provision", ""), Ok(0));
        assert_eq!(read("charge", "refunds"), Ok(0), "it is not its business");
        let fault = read("provision", "refunds:gone").expect_err("no such word");
        assert!(fault.starts_with("CLOUDC_RETIRED has "), "{fault}");
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_shown() {
        let wrong = |url| {
            let fault = read(&[("CLOUDC_WORKLOAD", "charge"), ("CLOUDC_NATS_URL", url)]);
            fault.expect_err("it is wrong")
        };
        for url in [
            "nats://me:secret@host",
            "wss://me:secret@host",
            "me:secret@host",
        ] {
            assert!(!wrong(url).contains("secret"), "{url}");
        }
        for url in ["http://host", "nats://", "nats:host", "natss://host"] {
            assert!(wrong(url).contains("is no address of the broker"), "{url}");
        }
    }
}
