//! Every kind of mistake that cloudc reports has a code. This is the one table of them.

use serde::Serialize;

/// The code of a kind of mistake: `CC` and three digits, for ever the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code($code);)*

        /// Every code with the page that `cloudc explain` shows: a title, what is wrong, a wrong and
        /// a right example. Sorted by code.
        pub const PAGES: &[(Code, &str)] = &[
            $(($name, include_str!(concat!("codes/", $code, ".md"))),)*
        ];
    };
}

codes! {
    /// An attribute has a key that it does not know.
    UNKNOWN_KEY = "CC101";
    /// An attribute has a key twice.
    REPEATED_KEY = "CC102";
    /// A key's value has the wrong form.
    BAD_VALUE = "CC103";
    /// A function without a trigger.
    NO_TRIGGER = "CC104";
    /// A function with two triggers.
    TWO_TRIGGERS = "CC105";
    /// A key that does not go with the function's trigger.
    MISPLACED_KEY = "CC106";
    /// An attribute on an item that cannot carry it.
    WRONG_ITEM = "CC107";
    /// A route that is no route.
    BAD_ROUTE = "CC108";
    /// A name that Kubernetes would refuse.
    BAD_NAME = "CC109";

    /// No package to work on, or cargo cannot describe it.
    PROJECT = "CC201";
    /// A source file that cannot be read, or is no UTF-8.
    UNREADABLE = "CC202";
    /// A source file that is no Rust.
    SYNTAX = "CC203";
    /// A module without a file.
    MISSING_MODULE = "CC204";
    /// A module that contains itself.
    MODULE_CYCLE = "CC205";
    /// A source file that is too large or nested too deeply.
    TOO_LARGE = "CC206";
    /// A handler or resource behind a cfg that the compiler cannot decide.
    UNDECIDED_CFG = "CC207";
    /// Attributes inside a macro's tokens, or code brought in by `include!`.
    HIDDEN_IN_MACRO = "CC208";

    /// A name that leads nowhere.
    UNRESOLVED = "CC221";
    /// A name that leads to two things.
    AMBIGUOUS = "CC222";
    /// A resource that is used other than by its methods.
    MISUSED_RESOURCE = "CC223";
    /// A trigger that names something that is no queue.
    NOT_A_QUEUE = "CC224";

    /// Two things with one name.
    NAME_COLLISION = "CC301";
    /// A name too long for what it becomes.
    NAME_TOO_LONG = "CC302";
    /// Two routes that match the same request, or one that collides with the runtime's own.
    ROUTE_OVERLAP = "CC303";
    /// Functions of one service that turn a knob differently.
    KNOB_CONFLICT = "CC304";
    /// A queue with two consumers.
    TWO_CONSUMERS = "CC305";
    /// A queue that is sent to and never consumed.
    NEVER_CONSUMED = "CC306";
    /// A queue that is consumed and never sent to.
    NEVER_SENT = "CC307";
    /// A resource that nobody uses.
    UNUSED = "CC308";
    /// A cron expression that does not parse.
    BAD_CRON = "CC309";
    /// A cron expression that never fires.
    NEVER_FIRES = "CC310";
    /// A time zone that does not exist.
    BAD_TIMEZONE = "CC311";
    /// A handler that may run for longer than the broker waits.
    TIMEOUT_BEYOND_ACK_WAIT = "CC312";
    /// A queue that loses a message on its first failure.
    LOSES_MESSAGES = "CC313";
    /// A message that leads to itself.
    MESSAGE_LOOP = "CC314";
    /// A limit beyond what the target accepts.
    BEYOND_TARGET = "CC315";
    /// Memory or CPU that is no quantity.
    BAD_QUANTITY = "CC316";

    /// A `cloudc.toml` that does not parse, or has an unknown key.
    CONFIG_SYNTAX = "CC401";
    /// A value in `cloudc.toml` that cannot be used.
    CONFIG_VALUE = "CC402";
    /// An environment that `cloudc.toml` does not have.
    UNKNOWN_ENV = "CC403";
    /// A sandbox that the target cannot give.
    SANDBOX_UNAVAILABLE = "CC404";

    /// Output that cannot be written.
    WRITE_FAILED = "CC501";
    /// An output folder that holds files which are not cloudc's.
    FOREIGN_FILES = "CC502";
    /// A program that does not build, or that cannot run in an image.
    PROGRAM_FAILED = "CC503";
    /// A platform for which this machine builds nothing.
    PLATFORM_UNAVAILABLE = "CC504";

    /// No connection to the broker.
    BROKER_UNREACHABLE = "CC601";
    /// The broker denies something to its user.
    BROKER_DENIED = "CC602";
    /// Something that the broker does not have.
    NOT_AT_BROKER = "CC603";
    /// The broker says no, or says nothing.
    BROKER_REFUSED = "CC604";

    /// No connection to the registry.
    REGISTRY_UNREACHABLE = "CC701";
    /// The registry does not know the user, or lets it not push.
    REGISTRY_DENIED = "CC702";
    /// The registry says no, or has something else than was pushed.
    REGISTRY_REFUSED = "CC703";

    /// No cluster to talk to: no kubeconfig, no answer, no valid credentials.
    CLUSTER_UNREACHABLE = "CC801";
    /// Something that the cluster does not serve.
    CLUSTER_LACKS = "CC802";
    /// A right that the user of the cluster does not have.
    CLUSTER_DENIED = "CC803";
    /// The cluster says no to an object.
    CLUSTER_REFUSED = "CC804";
    /// A field that another field manager owns.
    FIELD_CONFLICT = "CC805";
    /// Somebody else is at it: another deploy, or a deletion.
    CLUSTER_BUSY = "CC806";
    /// A workload that does not come up.
    NOT_READY = "CC807";
    /// A Secret that is missing, or holds what it should not.
    SECRET_UNUSABLE = "CC808";
    /// No release to promote, to go back to, or to destroy.
    NO_RELEASE = "CC809";
    /// A name that nothing has.
    NO_SUCH_NAME = "CC810";
    /// Data that is kept though its owner is gone.
    DATA_KEPT = "CC811";
    /// A service that nobody outside the cluster reaches.
    NO_DOMAIN = "CC812";
}

/// The code of these letters, if there is one.
pub fn find(code: &str) -> Option<(Code, &'static str)> {
    PAGES
        .iter()
        .find(|(known, _)| known.0.eq_ignore_ascii_case(code))
        .copied()
}
