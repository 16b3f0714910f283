//! Dead letters on their way back to their queue, many at a time.
//!
//! Each is read, sent once those before it were sent, and deleted once the queue has it. Whatever ends this, what was sent
//! is waited for: so a dead letter is in its queue and no dead letter any more, or it was not touched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::One;
use super::broker::{Answer, Broker, Ticket};
use super::failure::{Failure, NO_MESSAGE_FOUND, SEQUENCE_NOT_FOUND, not_made};
use super::letters::{self, DeadLetter};
use super::stop::Stop;
use crate::diagnostic::Diagnostic;
use crate::lower::names;

/// How many are on their way at the most.
const UNDER_WAY: usize = 64;
/// How many of them are being read. The broker hangs up on who has 64 MiB to read, and a message may have one, written in
/// base 64.
const READ: usize = 16;

/// Numbers of dead letters, rising.
pub(super) type Numbers = Box<dyn Iterator<Item = u64>>;

/// What came of it.
pub(super) struct Moved {
    pub(super) count: u64,
    /// What went wrong, each once.
    pub(super) found: Vec<Diagnostic>,
}

/// What a request is for.
enum Step {
    Read,
    Send,
    Delete,
}

/// A dead letter whose turn to be sent has not come.
enum Turn {
    /// It was asked for.
    Asked,
    Here(DeadLetter),
}

/// The letters that are moved.
pub(super) struct Moving<'a> {
    broker: Broker,
    one: &'a One,
    /// The stream of dead letters.
    dead: String,
    /// Those that nobody has asked for yet.
    numbers: Numbers,
    turns: BTreeMap<u64, Turn>,
    steps: BTreeMap<Ticket, (u64, Step)>,
    moved: Moved,
}

impl<'a> Moving<'a> {
    pub(super) fn new(broker: Broker, one: &'a One, dead: String, numbers: Numbers) -> Self {
        let (turns, steps) = (BTreeMap::new(), BTreeMap::new());
        let moved = Moved {
            count: 0,
            found: Vec::new(),
        };
        Self {
            broker,
            one,
            dead,
            numbers,
            turns,
            steps,
            moved,
        }
    }

    pub(super) fn end(self) -> Moved {
        self.moved
    }

    /// Moves them; says each time that one is moved, and returns the signal that ended it, if one did.
    pub(super) async fn run(&mut self, stop: &Stop, moved: impl Fn()) -> Option<i32> {
        loop {
            let stopped = stop.asked();
            if stopped.is_none() && self.moved.found.is_empty() {
                let begun = self.begin().await;
                self.note(begun);
            }
            // What is only being read may be left where it is.
            let ends = stopped.is_some() || !self.moved.found.is_empty();
            let is_open = |step: &Step| !ends || !matches!(step, Step::Read);
            if !self.steps.values().any(|(_, step)| is_open(step)) {
                return stopped;
            }
            let Some((ticket, answer)) = self.broker.next().await else {
                return stopped;
            };
            let count = self.moved.count;
            let taken = self.take(ticket, answer).await;
            self.note(taken);
            if self.moved.count > count {
                moved();
            }
        }
    }

    /// Asks for as many as may be under way, and sends those whose turn it is.
    async fn begin(&mut self) -> Result<(), Diagnostic> {
        while let Some(turn) = self.turns.first_entry()
            && matches!(turn.get(), Turn::Here(_))
        {
            if let (number, Turn::Here(letter)) = turn.remove_entry() {
                self.send(number, letter).await?;
            }
        }
        while self.under_way() < UNDER_WAY && self.being_read() < READ {
            let Some(number) = self.numbers.next() else {
                break;
            };
            let ticket = letters::ask(&mut self.broker, &self.dead, number).await?;
            self.turns.insert(number, Turn::Asked);
            self.steps.insert(ticket, (number, Step::Read));
        }
        Ok(())
    }

    async fn send(&mut self, number: u64, letter: DeadLetter) -> Result<(), Failure> {
        let (queue, stream) = (&self.one.queue.name, self.one.stream());
        let headers = letter.again(queue, &stream)?;
        let subject = names::subject(&self.one.app, queue);
        let sent = self.broker.send(subject, headers, letter.payload);
        self.steps.insert(sent.await?, (number, Step::Send));
        Ok(())
    }

    /// Does what follows from an answer.
    async fn take(&mut self, ticket: Ticket, answer: Answer) -> Result<(), Diagnostic> {
        match self.steps.remove(&ticket) {
            Some((number, Step::Read)) => match letters::answered(answer)? {
                Some(letter) => _ = self.turns.insert(number, Turn::Here(letter)),
                // Nobody had the number, or somebody else has moved it by now.
                None => _ = self.turns.remove(&number),
            },
            Some((number, Step::Send)) => {
                match answer.read::<Value>() {
                    Ok(_) => {}
                    Err(Failure::NobodyThere(_)) => {
                        return Err(not_made(&self.one.queue.name, &self.one.stream()));
                    }
                    Err(failure) => return Err(failure.into()),
                }
                // Only now: the queue has it. Cut off before, it is in both places, and the next run sends it with the same id.
                let subject = format!("STREAM.MSG.DELETE.{}", self.dead);
                // Not overwritten on the disk: that takes 25 times as long, for a message that its queue has anyway.
                let which = json!({ "seq": number, "no_erase": true });
                let asked = self.broker.ask(subject, which).await?;
                self.steps.insert(asked, (number, Step::Delete));
            }
            Some((_, Step::Delete)) => {
                match answer.read::<Value>() {
                    Ok(_) => {}
                    // Somebody else was faster.
                    Err(failure) if failure.is(&[NO_MESSAGE_FOUND, SEQUENCE_NOT_FOUND]) => {}
                    Err(failure) => return Err(failure.into()),
                }
                self.moved.count += 1;
            }
            None => {}
        }
        Ok(())
    }

    fn note(&mut self, done: Result<(), Diagnostic>) {
        // The same is said of all that were under way.
        if let Err(found) = done
            && !self.moved.found.contains(&found)
        {
            self.moved.found.push(found);
        }
    }

    fn being_read(&self) -> usize {
        let turns = self.turns.values();
        turns.filter(|turn| matches!(turn, Turn::Asked)).count()
    }

    /// Those that are being read are among both the turns and the steps.
    fn under_way(&self) -> usize {
        self.turns.len() + self.steps.len() - self.being_read()
    }
}
