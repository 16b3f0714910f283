//! The bundled broker's accounts.
//!
//! The streams are in one account, and each workload is in one of its own that imports its subjects and nothing else. An account
//! is a space of subjects: an answer to a request from a workload's account goes to that account, whatever subject the
//! request asks to be answered on. In one account for all, the acknowledgement of a message could ask to be answered on
//! `$JS.API.STREAM.DELETE.…`, or a pull on another queue's subject, and no permission would be asked.
//!
//! The provisioner and the operator are in the account of the streams. Whoever has them can do more than their lists say, in that
//! way, to this application's streams and no others; both are trusted with its messages as it is.

use std::collections::BTreeMap;

use super::names;
use super::nats::User;
use super::nats_conf::Conf;
use super::permissions;

/// All accounts with their users.
pub(super) fn accounts(app: &str, users: &[User]) -> Conf {
    let streams = names::account(app);
    let (inside, workloads): (Vec<&User>, Vec<&User>) =
        users.iter().partition(|user| user.account == streams);
    let account = Conf::map([
        ("jetstream", Conf::Word("enabled")),
        (
            "users",
            Conf::List(inside.iter().map(|user| login(user, true)).collect()),
        ),
        ("exports", exports(&workloads)),
    ]);
    let own = workloads.iter().map(|user| {
        let mut account = vec![("users".to_owned(), Conf::List(vec![login(user, false)]))];
        let mappings: Vec<(String, Conf)> = user
            .permissions
            .publish
            .iter()
            .filter_map(|subject| Some((subject.clone(), Conf::text(renamed(subject)?))))
            .collect();
        if !mappings.is_empty() {
            account.push(("mappings".to_owned(), Conf::Map(mappings)));
        }
        account.push(("imports".to_owned(), imports(streams, user)));
        (user.account.clone(), Conf::Map(account))
    });
    Conf::Map(
        std::iter::once((streams.to_owned(), account))
            .chain(own)
            .collect(),
    )
}

/// What a subject is called inside of a workload's account, if not by its own name. Every account answers `$JS.API.>` by itself,
/// one without JetStream with an error, so the import has another name. The client need not know: the account maps it.
fn renamed(subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix("$JS.")?;
    let answered = ["API.CONSUMER.INFO.", "API.STREAM.MSG.GET."];
    let is_answered = answered.iter().any(|what| rest.starts_with(what));
    is_answered.then_some(rest)
}

/// A user with its key. The permissions say again what the imports say, and keep its inbox its own.
fn login(user: &User, inside: bool) -> Conf {
    // The server asks about a mapped subject under its other name.
    let publish = user.permissions.publish.iter().map(|subject| {
        let name = if inside { None } else { renamed(subject) };
        name.unwrap_or(subject).to_owned()
    });
    let publish: Vec<String> = publish.collect();
    let allow = |subjects: &[String]| Conf::map([("allow", Conf::texts(subjects.iter().cloned()))]);
    Conf::map([
        ("nkey", Conf::Variable(user.variable())),
        (
            "permissions",
            Conf::map([
                ("publish", allow(&publish)),
                ("subscribe", allow(&user.permissions.subscribe)),
            ]),
        ),
    ])
}

/// Every subject that a workload publishes on, with the accounts that may import it.
fn exports(workloads: &[&User]) -> Conf {
    let mut importers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for user in workloads {
        for subject in &user.permissions.publish {
            let accounts = importers.entry(subject).or_default();
            accounts.push(user.account.clone());
        }
    }
    let exports = importers.into_iter().map(|(subject, accounts)| {
        let mut export = vec![("service".to_owned(), Conf::text(subject))];
        if permissions::answered_by_many(subject) {
            // Otherwise the server forgets where to answer to after the first message.
            export.push(("response_type".to_owned(), Conf::Word("stream")));
        }
        export.push(("accounts".to_owned(), Conf::texts(accounts)));
        Conf::Map(export)
    });
    Conf::List(exports.collect())
}

fn imports(from: &str, user: &User) -> Conf {
    let imports = user.permissions.publish.iter().map(|subject| {
        let service = Conf::map([
            ("account", Conf::text(from)),
            ("subject", Conf::text(subject)),
        ]);
        let mut import = vec![("service".to_owned(), service)];
        if let Some(name) = renamed(subject) {
            import.push(("to".to_owned(), Conf::text(name)));
        }
        Conf::Map(import)
    });
    Conf::List(imports.collect())
}
