//! Faults that a test asks for.

use std::any;
use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{AckFault, CallPlan, Fault, Kind, OperationFault};
use crate::testing::trace::{Call, Name};

/// Asks for faults, in the words of a test. What it asks for has to happen: the test fails otherwise.
///
/// ```
/// # use cloudc::{Queue, World, function, queue};
/// # #[queue]
/// # pub static ORDERS: Queue<String>;
/// # #[function(queue = ORDERS)]
/// # async fn charge(_: String) {}
/// # async fn example(world: World) {
/// world.faults().on(charge).delivery(1).crash_at_await(2);
/// # }
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug)]
struct Script {
    /// The handlers: the path in Rust, and the function's name.
    handlers: Vec<(String, Name)>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    function: Name,
    run: Option<u64>,
    delivery: Option<u32>,
    /// How often; always without it.
    times: Option<u32>,
    kind: Kind,
    /// Where the test asks for it.
    asked: &'static Location<'static>,
    /// In how many calls it was put, and in which one at last.
    put: u32,
    last: Option<Arc<Call>>,
    /// In which of them it has yet to take effect: by run and delivery.
    open: BTreeSet<(u64, u32)>,
    /// In how many of them it took effect.
    happened: u32,
}

/// The calls of a handler in which something shall go wrong. By default, it is the first one that comes.
/// Nothing goes wrong before one of the methods that say what is called.
#[derive(Debug)]
#[must_use = "say what shall go wrong, for example `.crash_at_await(1)`"]
pub struct On {
    script: Arc<Mutex<Script>>,
    function: Name,
    run: Option<u64>,
    delivery: Option<u32>,
    times: Option<u32>,
}

impl Faults {
    /// For these handlers, each with its path in Rust (`shop::payments::charge`) and its function's name.
    pub fn new<P: Into<String>, N: Into<Name>>(handlers: impl IntoIterator<Item = (P, N)>) -> Self {
        let handlers = handlers
            .into_iter()
            .map(|(path, name)| (path.into(), name.into()))
            .collect();
        let script = Script {
            handlers,
            rules: Vec::new(),
        };
        Self {
            script: Arc::new(Mutex::new(script)),
        }
    }

    /// In calls of this handler.
    ///
    /// # Panics
    ///
    /// When it is no handler.
    #[track_caller]
    pub fn on<F>(&self, _handler: F) -> On {
        let path = any::type_name::<F>();
        let script = lock(&self.script);
        let found = script.handlers.iter().find(|(handler, _)| handler == path);
        let Some((_, name)) = found else {
            let known: Vec<_> = script.handlers.iter().map(|(path, _)| &**path).collect();
            let known = match &*known {
                [] => "this program has none".to_owned(),
                known => format!("the handlers are {}", known.join(", ")),
            };
            drop(script);
            panic!(
                "`{path}` is no handler, so nothing can go wrong in it; {known}. Name one as in \
                 `world.faults().on(charge)`"
            );
        };
        On {
            function: Name::clone(name),
            script: Arc::clone(&self.script),
            run: None,
            delivery: None,
            times: Some(1),
        }
    }

    /// Adds what the test asks for in this call to what shall go wrong in it anyway. Of two faults that
    /// cannot both be in one call, the second waits for the next one.
    pub fn for_call(&self, call: &Arc<Call>, mut plan: CallPlan) -> CallPlan {
        for rule in &mut lock(&self.script).rules {
            if rule.wants(call) && plan.add(rule.kind) {
                rule.put(call);
            }
        }
        plan
    }

    /// Notes that a fault took effect. Every one of the world's can be told, asked for or not.
    pub fn took_effect(&self, fault: &Fault) {
        let Fault::Call { place, kind } = fault else {
            return;
        };
        let mut script = lock(&self.script);
        let rules = script.rules.iter_mut();
        let mut rules = rules.filter(|rule| rule.kind == *kind && rule.function == place.function);
        let call = (place.run, place.delivery);
        if let Some(rule) = rules.find_map(|rule| rule.open.remove(&call).then_some(rule)) {
            rule.happened += 1;
        }
    }

    /// What the test asked for and what did not happen, for a person: where it is asked for, and why it
    /// did not happen. To be told at the end of the test.
    pub fn unused(&self) -> Vec<String> {
        lock(&self.script)
            .rules
            .iter()
            .filter_map(Rule::complaint)
            .collect()
    }
}

impl On {
    /// Only in calls for this message, by its number in the queue. Where there is no queue: in this call
    /// of the function. Both from 1.
    pub fn message(mut self, number: u64) -> Self {
        self.run = Some(number);
        self
    }

    /// Only in this delivery of a message, from 1.
    pub fn delivery(mut self, number: u32) -> Self {
        self.delivery = Some(number);
        self
    }

    /// In so many calls, not only in the first one that comes.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// In each call that comes.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// The pod dies when the handler waits for the `number`th time, and everything in it.
    #[track_caller]
    pub fn crash_at_await(self, number: u32) {
        self.go_wrong(Kind::Crash { at: number });
    }

    /// The pod dies before the handler begins.
    #[track_caller]
    pub fn crash(self) {
        self.go_wrong(Kind::Crash { at: 0 });
    }

    /// The handler never ends, so it runs into its timeout.
    #[track_caller]
    pub fn hang(self) {
        self.go_wrong(Kind::Hang);
    }

    /// The handler ends well, but the acknowledgement of its message is lost.
    #[track_caller]
    pub fn lose_ack(self) {
        self.go_wrong(Kind::Ack(AckFault::Lost));
    }

    /// The acknowledgement of the message arrives after this time.
    #[track_caller]
    pub fn late_ack(self, after: Duration) {
        self.go_wrong(Kind::Ack(AckFault::Late(after)));
    }

    /// The message is delivered again when the handler waits for the `number`th time, while it runs.
    #[track_caller]
    pub fn redeliver_at_await(self, number: u32) {
        self.go_wrong(Kind::Redeliver { at: number });
    }

    /// The call is held back for this time before the handler begins.
    #[track_caller]
    pub fn hold(self, time: Duration) {
        self.go_wrong(Kind::Hold(time));
    }

    /// The `number`th use of a queue or cache takes this time.
    #[track_caller]
    pub fn slow_call(self, number: u32, time: Duration) {
        self.operation(number, OperationFault::Slow(time));
    }

    /// The `number`th use of a queue or cache reports an error, and has no effect.
    #[track_caller]
    pub fn fail_call(self, number: u32) {
        self.operation(number, OperationFault::Fail);
    }

    /// The `number`th use of a queue or cache reports an error, and has its effect.
    #[track_caller]
    pub fn unanswered_call(self, number: u32) {
        self.operation(number, OperationFault::NoAnswer);
    }

    /// The `number`th use of a queue or cache sends a message without a key, and it is in the queue twice: its
    /// publisher tried again when the broker had forgotten its id.
    #[track_caller]
    pub fn duplicate_call(self, number: u32) {
        self.operation(number, OperationFault::Duplicate);
    }

    #[track_caller]
    fn operation(self, call: u32, fault: OperationFault) {
        assert!(
            call > 0,
            "the uses of queues and caches are counted from 1, so there is none with the number 0"
        );
        self.go_wrong(Kind::Operation { call, fault });
    }

    #[track_caller]
    fn go_wrong(self, kind: Kind) {
        let rule = Rule {
            function: self.function,
            run: self.run,
            delivery: self.delivery,
            times: self.times,
            kind,
            asked: Location::caller(),
            put: 0,
            last: None,
            open: BTreeSet::new(),
            happened: 0,
        };
        lock(&self.script).rules.push(rule);
    }
}

impl Rule {
    fn wants(&self, call: &Call) -> bool {
        self.times.is_none_or(|most| self.put < most)
            && self.function == call.function
            && self.run.is_none_or(|run| run == call.run)
            && self.delivery.is_none_or(|number| number == call.attempt)
    }

    fn put(&mut self, call: &Arc<Call>) {
        self.put = self.put.saturating_add(1);
        self.last = Some(Arc::clone(call));
        self.open.insert((call.run, call.attempt));
    }

    fn complaint(&self) -> Option<String> {
        let wanted = self.times.unwrap_or(1);
        if self.happened >= wanted {
            return None;
        }
        let asked = format!("{} asks for `{}`", self.asked, self.kind);
        let calls = self.calls();
        let count = match (wanted, self.happened) {
            (1, _) => String::new(),
            (wanted, happened) => format!(" ({happened} of {wanted} times)"),
        };
        let why = match (&self.last, self.kind) {
            (None, _) => format!("there was no such call of `{}`", self.function),
            _ if self.put < wanted => match self.put {
                1 => "there was only 1 such call".to_owned(),
                calls => format!("there were only {calls} such calls"),
            },
            (Some(call), Kind::Crash { at } | Kind::Redeliver { at }) if at > 0 => {
                format!("{call} did not wait so often")
            }
            (Some(call), Kind::Operation { .. }) => {
                format!("{call} did not use queues and caches so often")
            }
            (Some(call), Kind::Ack(_)) => format!("{call} was not acknowledged"),
            (Some(call), _) => format!("{call} did not get so far"),
        };
        Some(format!(
            "{asked} in {calls}, which did not happen{count}: {why}"
        ))
    }

    /// Which calls are meant: `delivery 1 of message 3 of charge`.
    fn calls(&self) -> String {
        let function = &self.function;
        let each = if self.times.is_none() { "each" } else { "a" };
        match (self.delivery, self.run) {
            (None, None) => format!("{each} call of `{function}`"),
            (Some(delivery), None) => {
                format!("delivery {delivery} of {each} message of `{function}`")
            }
            (None, Some(run)) => format!("`{function}#{run}`"),
            (Some(delivery), Some(run)) => format!("`{function}#{run}.{delivery}`"),
        }
    }
}

/// A test that panicked has left nothing half done here.
fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}
