//! Makes applications of any size: realistic handlers of about forty lines with their helpers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use cloudc_compiler::project::files::Memory;
use cloudc_compiler::project::target::TargetCfg;
use cloudc_compiler::project::{About, Crate, Dependency, Project};

/// Handlers in one file.
const IN_FILE: usize = 20;

/// An application: the project, and its files.
pub(crate) fn application(functions: usize) -> (Project, Memory) {
    let root = PathBuf::from("/app");
    let modules = functions.div_ceil(IN_FILE);
    let mut files = BTreeMap::new();
    let mut lib = String::from("//! A generated application.\n\npub mod money;\npub mod store;\n");
    for module in 0..modules {
        let _ = writeln!(lib, "pub mod area_{module};");
        let first = module * IN_FILE;
        let last = functions.min(first + IN_FILE);
        files.insert(
            root.join(format!("src/area_{module}.rs")),
            area(module, first, last).into_bytes(),
        );
    }
    files.insert(root.join("src/lib.rs"), lib.into_bytes());
    files.insert(root.join("src/money.rs"), MONEY.as_bytes().to_vec());
    files.insert(root.join("src/store.rs"), STORE.as_bytes().to_vec());
    let project = Project {
        root: root.clone(),
        folder: root.clone(),
        crates: vec![Crate {
            package: "app".to_owned(),
            name: "app".to_owned(),
            folder: root.clone(),
            file: root.join("src/lib.rs"),
            edition_2015: false,
            features: Vec::new(),
            dependencies: ["cloudc", "serde", "tokio", "tracing"]
                .into_iter()
                .map(|name| {
                    let kind = match name {
                        "cloudc" => Dependency::Cloudc,
                        _ => Dependency::Foreign,
                    };
                    (name.to_owned(), kind)
                })
                .collect(),
        }],
        cfg: TargetCfg::parse("unix\ntarget_os=\"linux\"\ntarget_family=\"unix\""),
        runtime: None,
        about: About::default(),
    };
    (project, Memory(files))
}

/// The name of the file that an edit touches.
pub(crate) fn edited() -> PathBuf {
    PathBuf::from("/app/src/area_0.rs")
}

fn area(module: usize, first: usize, last: usize) -> String {
    let mut text = format!(
        "//! Area {module}.\n\nuse std::collections::BTreeMap;\n\nuse cloudc::{{cache, function, queue, Cache, Error, Json, Path, Queue}};\nuse serde::{{Deserialize, Serialize}};\n\nuse crate::money::{{self, Amount}};\nuse crate::store::{{Store, Warehouse}};\n\n"
    );
    let _ = writeln!(
        text,
        "/// Jobs of this area.\n#[queue(name = \"jobs-{module}\", max_deliveries = 5, ack_wait = \"30s\", dead_letter = true)]\npub static JOBS_{module}: Queue<Job>;\n\n/// Totals of this area.\n#[cache(name = \"totals-{module}\", ttl = \"10m\")]\npub static TOTALS_{module}: Cache<u64, Amount>;\n\n/// A job.\n#[derive(Clone, Debug, Serialize, Deserialize)]\npub struct Job {{\n    /// Its number.\n    pub id: u64,\n    /// What it costs.\n    pub amount: Amount,\n    /// Parts by name.\n    pub parts: BTreeMap<String, u32>,\n}}\n"
    );
    for index in first..last {
        let consumer = index == first;
        text.push_str(&handler(module, index, consumer));
    }
    text
}

fn handler(module: usize, index: usize, consumer: bool) -> String {
    let head = if consumer {
        format!(
            "/// Works off the jobs of area {module}.\n#[function(queue = JOBS_{module}, timeout = \"20s\", scale = 0..=20)]\nasync fn work_{index}(job: Job) -> Result<(), Error> {{\n    let id = job.id;\n"
        )
    } else {
        format!(
            "/// Answers request {index}.\n#[function(http = \"POST /areas/{module}/{index}/{{id}}\", service = \"area-{module}\")]\nasync fn answer_{index}(Path(id): Path<u64>, Json(job): Json<Job>) -> Result<Json<Amount>, Error> {{\n"
        )
    };
    let tail = if consumer {
        "    tracing::info!(id, total = total.cents, \"worked\");\n    Ok(())\n}\n"
    } else {
        "    Ok(Json(total))\n}\n"
    };
    let send = if consumer {
        String::new()
    } else {
        format!(
            "    if total.cents > 1_000 {{\n        forward_{index}(&job, &total).await?;\n    }}\n"
        )
    };
    let forward = if consumer {
        String::new()
    } else {
        format!(
            r#"
/// Leaves the job for later.
async fn forward_{index}(job: &Job, total: &Amount) -> Result<(), Error> {{
    let mut job = job.clone();
    job.amount = total.clone();
    if let Some(count) = job.parts.get_mut("spare") {{
        *count = count.saturating_sub(1);
    }}
    JOBS_{module}.send(&job).await
}}
"#
        )
    };
    format!(
        r#"
{head}    let warehouse = Warehouse::for_area({module});
    let known = TOTALS_{module}.get(&id).await?;
    let mut total = known.unwrap_or_else(|| Amount::zero("EUR"));
    for (name, count) in &job.parts {{
        let price = price_{index}(name, *count);
        let there = warehouse.on_hand(name).await?;
        total = match there {{
            Some(left) if left >= *count => money::add(&total, &price),
            Some(left) => money::add(&total, &money::scale(&price, left)),
            None => total,
        }};
    }}
{send}    TOTALS_{module}.set(&id, &total).await?;
{tail}
/// What a number of parts costs.
fn price_{index}(name: &str, count: u32) -> Amount {{
    let base = match name.len() {{
        0..=3 => 100,
        4..=8 => 250 + {index},
        _ => 990,
    }};
    let rebate = if count > 10 {{ base / 10 }} else {{ 0 }};
    let cents = u64::from(count).saturating_mul(base - rebate);
    Amount {{ cents, currency: "EUR".to_owned() }}
}}
{forward}"#
    )
}

const MONEY: &str = r#"//! Money.

use serde::{Deserialize, Serialize};

/// An amount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Amount {
    /// Hundredths.
    pub cents: u64,
    /// Its currency.
    pub currency: String,
}

impl Amount {
    /// Nothing.
    pub fn zero(currency: &str) -> Self {
        Self { cents: 0, currency: currency.to_owned() }
    }
}

/// Both together.
pub(crate) fn add(a: &Amount, b: &Amount) -> Amount {
    Amount { cents: a.cents + b.cents, currency: a.currency.clone() }
}

/// So many times.
pub(crate) fn scale(a: &Amount, times: u32) -> Amount {
    Amount { cents: a.cents * u64::from(times), currency: a.currency.clone() }
}
"#;

const STORE: &str = r#"//! Stock.

use cloudc::{cache, Cache, Error};

/// What is there.
#[cache]
pub static STOCK: Cache<String, u32>;

/// Where parts lie.
pub trait Store {
    /// How many there are.
    async fn on_hand(&self, name: &str) -> Result<Option<u32>, Error>;
}

/// A warehouse.
pub struct Warehouse {
    area: u32,
}

impl Warehouse {
    /// The one of an area.
    pub fn for_area(area: u32) -> Self {
        Self { area }
    }
}

impl Store for Warehouse {
    async fn on_hand(&self, name: &str) -> Result<Option<u32>, Error> {
        STOCK.get(&format!("{}/{name}", self.area)).await
    }
}
"#;
