//! The task that asks the server for the messages of one queue.
//!
//! It has one subscription, and a [ledger](Ledger) of what is asked for. The server ends each request with a word, when it has sent as
//! many messages or the request's time is over; a word that stays away means that it has forgotten it. The time is short: a pod that
//! leaves waits for the end of what it asked for, and so nothing is on its way to nobody.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::{Message, Subscriber, jetstream};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::arrival::{Arrival, arrival, found, readable};
use super::consumer;
use super::hold::nak;
use super::ledger::Ledger;
use super::link::Link;
use super::pull::Pulls;
use super::status::{Meaning, meaning};
use super::unreadable::Search;
use crate::backend::Failure;

/// How long a request stays open at the server.
const EXPIRES: Duration = Duration::from_secs(2);
/// After so long without a word the server has forgotten what it was asked.
const SILENCE: Duration = Duration::from_secs(7);
/// The wait before it is asked again after something went wrong.
const PAUSE: Duration = Duration::from_secs(1);
/// How many messages are taken in before anybody else has a turn.
const AT_ONCE: usize = 64;
/// When it stops, the end of the requests is waited for a while longer than it should take, and the connection is looked at so often.
const LATE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);

/// What it asks, and for whom.
pub(super) struct Puller {
    pub(super) link: Arc<Link>,
    pub(super) pulls: Arc<Pulls>,
    pub(super) queue: String,
    /// `<stream>.<consumer>`.
    pub(super) consumer: String,
    /// Where the server is asked for messages.
    pub(super) subject: String,
    pub(super) ack_wait: Duration,
}

/// How it stands with the server.
struct Course {
    subscription: Subscriber,
    inbox: String,
    /// Over which connection, counted from 1.
    connection: u64,
    ledger: Ledger,
    heard: Instant,
    /// Whether the consumer was there when it was last looked for.
    known: bool,
    /// Not before is it asked again.
    resume: Instant,
    search: Search,
}

impl Puller {
    /// Asks until it shall stop; then it keeps what it has alive until that is taken.
    pub(super) async fn run(self) {
        if let Err(failure) = self.serve().await {
            self.pulls.fail(failure);
        }
        self.pulls.end();
        let beat = self.beat();
        while self.pulls.here() > 0 {
            tokio::time::sleep(beat).await;
            self.pulls.touch(beat);
        }
    }

    async fn serve(&self) -> Result<(), Failure> {
        let mut standing = self.link.standing();
        let mut refusals = self.link.refusals();
        let mut refused = refusals.borrow_and_update().count();
        let beat = self.beat();
        let mut tick = interval(beat);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut course = self.begin().await?;
        loop {
            if self.pulls.is_stopping() {
                return self.drain(course).await;
            }
            self.ask(&mut course).await?;
            tokio::select! {
                message = course.subscription.next() => match message {
                    Some(message) => self.take(&mut course, message).await,
                    None => return Err(Failure::Unavailable("the connection is closed".to_owned())),
                },
                () = self.pulls.wishes.notified() => {}
                changed = standing.changed() => {
                    if changed.is_err() || standing.borrow_and_update().closed {
                        return Ok(());
                    }
                    self.keep_up(&mut course).await?;
                }
                Ok(()) = refusals.changed() => {
                    let failure = {
                        let all = refusals.borrow_and_update();
                        let failure = all.since(refused).find_map(|one| self.link.refusal(one, &self.subject));
                        refused = all.count();
                        failure
                    };
                    if let Some(failure) = failure {
                        self.pause(&mut course);
                        self.pulls.fail(failure);
                    }
                }
                _ = tick.tick() => {
                    self.pulls.touch(self.ack_wait / 3);
                    self.keep_up(&mut course).await?;
                    if course.ledger.open() > 0 && course.heard.elapsed() > SILENCE {
                        tracing::warn!(queue = self.queue, "the broker is silent; asking it for messages anew");
                        self.renew(&mut course).await?;
                    }
                }
            }
        }
    }

    /// How often it looks after what has come and what has not.
    fn beat(&self) -> Duration {
        (self.ack_wait / 6).clamp(Duration::from_millis(5), Duration::from_millis(500))
    }

    async fn begin(&self) -> Result<Course, Failure> {
        let inbox = self.link.client.new_inbox();
        let subscription = self.link.client.subscribe(format!("{inbox}.*")).await;
        Ok(Course {
            subscription: subscription.map_err(|error| Failure::Unavailable(error.to_string()))?,
            inbox,
            connection: self.link.connections(),
            ledger: Ledger::default(),
            heard: Instant::now(),
            known: false,
            resume: Instant::now(),
            search: Search::default(),
        })
    }

    /// Listens on another subject: the server forgets requests to one that nobody listens to. What has come stays.
    async fn renew(&self, course: &mut Course) -> Result<(), Failure> {
        self.take_rest(course).await;
        let search = std::mem::take(&mut course.search);
        *course = Course {
            search,
            ..self.begin().await?
        };
        Ok(())
    }

    /// Takes in what has come.
    async fn take_rest(&self, course: &mut Course) {
        while let Some(Some(message)) = course.subscription.next().now_or_never() {
            self.take(course, message).await;
        }
    }

    /// Starts anew over a new connection: with the old one went its requests.
    async fn keep_up(&self, course: &mut Course) -> Result<(), Failure> {
        if course.connection == self.link.connections() {
            return Ok(());
        }
        let awaited = course.ledger.open() > 0;
        self.renew(course).await?;
        if awaited {
            self.search(course).await;
        }
        Ok(())
    }

    /// Looks for messages at which the client hangs up. Without success it goes on, and looks again after the next loss.
    async fn search(&self, course: &mut Course) {
        let (link, pulls) = (&self.link, &self.pulls);
        match course.search.run(link, &self.consumer).await {
            Ok(all) => {
                for one in all {
                    let (queue, sequence) = (&self.queue, one.sequence);
                    tracing::warn!(
                        queue,
                        sequence,
                        "a message has headers that no client can read, and is handled without them"
                    );
                    let from = (self.queue.as_str(), self.consumer.as_str());
                    let arrived = found(link, pulls, from, one);
                    course
                        .search
                        .handed(sequence, arrived.held.life(), self.ack_wait);
                    pulls.arrive([arrived]);
                }
            }
            Err(failure) => {
                tracing::warn!(queue = self.queue, failure = %failure, "cannot look for messages that break the connection");
            }
        }
    }

    /// Asks for what is missing.
    async fn ask(&self, course: &mut Course) -> Result<(), Failure> {
        let open = course.ledger.open();
        let missing = self.pulls.missing(open);
        let count = match course.search.is_careful() {
            true => missing.min(usize::from(open == 0)),
            false => missing,
        };
        if count == 0 {
            return Ok(());
        }
        let now = Instant::now();
        if now < course.resume || self.link.trouble().is_some() {
            return Ok(());
        }
        if !course.known {
            // Without one, some servers would not answer.
            if let Err(failure) = consumer::lag(&self.link, &self.consumer).await {
                self.pause(course);
                self.pulls.fail(failure);
                return Ok(());
            }
            course.known = true;
        }
        if open == 0 {
            course.heard = now;
        }
        let request = course.ledger.ask(count, now, now + SILENCE);
        let payload = format!(r#"{{"batch": {count}, "expires": {}}}"#, EXPIRES.as_nanos());
        let reply = format!("{}.{request}", course.inbox);
        let sent = self
            .link
            .client
            .publish_with_reply(self.subject.clone(), reply, payload.into());
        sent.await
            .map_err(|error| Failure::Unavailable(error.to_string()))
    }

    /// Takes in what the subscription brought, and what it has brought besides: all at once is cheaper than each by itself.
    async fn take(&self, course: &mut Course, first: Message) {
        course.heard = Instant::now();
        let now = SystemTime::now();
        let (mut due, mut early) = (Vec::new(), Vec::new());
        let mut message = readable(&self.link, first);
        for taken in 1.. {
            match self.read(course, &message, now) {
                Some(Arrival::Due(arrived)) => due.push(arrived),
                Some(Arrival::Early(subject, rest)) => early.push((subject, rest)),
                None => {}
            }
            if taken == AT_ONCE {
                break;
            }
            match course.subscription.next().now_or_never().flatten() {
                Some(next) => message.message = next,
                None => break,
            }
        }
        if !due.is_empty() {
            self.pulls.arrive(due);
        }
        for (subject, rest) in early {
            // Lost, it comes again after the ack wait, and is sent back then.
            let _ = self.link.tell(&subject, nak(rest)).await;
        }
    }

    /// Notes what a message means for the requests. `None` for one that is not for a handler.
    fn read(
        &self,
        course: &mut Course,
        message: &jetstream::Message,
        now: SystemTime,
    ) -> Option<Arrival> {
        if message.status.is_some() {
            self.heed(course, message);
            return None;
        }
        course.ledger.came();
        let arrival = arrival(&self.link, &self.pulls, &self.queue, message, now);
        if arrival.is_none() {
            tracing::warn!(queue = self.queue, "a message that is not JetStream's");
        }
        arrival
    }

    fn heed(&self, course: &mut Course, status: &Message) {
        match meaning(status) {
            Meaning::Over { request, missing } => course.ledger.ended(request, missing),
            Meaning::Moved(why) => {
                tracing::warn!(
                    queue = self.queue,
                    why,
                    "asking the broker for messages anew"
                );
                self.pause(course);
            }
            Meaning::Gone => {
                self.pause(course);
                self.pulls.fail(self.link.nobody());
            }
            Meaning::Refused(why) => {
                tracing::warn!(queue = self.queue, why, "the broker gives no messages");
                self.pause(course);
                self.pulls.fail(Failure::Unavailable(why));
            }
        }
    }

    fn pause(&self, course: &mut Course) {
        course.ledger.forget();
        course.known = false;
        course.resume = Instant::now() + PAUSE;
    }

    /// Waits until the server owes nothing any more. A subscription that ended before would lose what is on its way, until its ack
    /// wait is over.
    async fn drain(&self, mut course: Course) -> Result<(), Failure> {
        let until = Instant::now() + EXPIRES + LATE;
        while course.ledger.open() > 0 && self.link.trouble().is_none() && Instant::now() < until {
            match timeout(LOOK, course.subscription.next()).await {
                Ok(Some(message)) => self.take(&mut course, message).await,
                Ok(None) => return Ok(()),
                Err(_) => {}
            }
        }
        self.take_rest(&mut course).await;
        Ok(())
    }
}
