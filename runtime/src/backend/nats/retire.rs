//! Queues that left the graph: their streams go once they are empty, or at once where somebody said so.
//!
//! A pod of the release before may still send. A message that came between the look at a stream and its deletion would be lost though its
//! sender was told that it is stored: so an empty stream is first set aside, where nothing reaches it, and looked at again. A sender is
//! refused then.

use std::collections::BTreeSet;

use async_nats::jetstream::ErrorCode;
use serde_json::{Value, json};

use super::Queue;
use super::link::Link;
use super::plan::pieces;
use super::provision::ask;
use crate::backend::Failure;
use crate::names;

/// A queue that left the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// `orders`.
    pub queue: String,
    /// Whether failed messages were kept.
    pub dead_letter: bool,
    /// Whether its streams go with all that is in them.
    pub delete: bool,
}

/// What became of a stream of such a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The queue: `orders`.
    pub queue: String,
    /// The stream: `shop-orders-dead`.
    pub stream: String,
    /// How many messages it held.
    pub messages: u64,
    /// Whether it is deleted. Else it is kept, as it holds messages.
    pub deleted: bool,
}

/// Deletes what can go. Streams that are not there are not spoken of; those that a queue of the application has now are left
/// alone. What fails for one stream holds up no other.
pub(super) async fn retire(
    link: &Link,
    app: &str,
    queues: &[Queue],
    retired: &[Retired],
) -> Vec<Result<Leftover, Failure>> {
    let current: BTreeSet<String> = pieces(app, queues)
        .into_iter()
        .filter(|piece| piece.stream.is_none())
        .map(|piece| piece.name)
        .collect();
    let mut all = Vec::new();
    for queue in retired {
        let dead = names::dead_stream(app, &queue.queue);
        let dead = queue.dead_letter.then_some(dead);
        let dead = dead.map(|dead| (dead, names::dead_subject(app, &queue.queue)));
        let work = names::stream(app, &queue.queue);
        let work = (work, names::subject(app, &queue.queue));
        for (stream, subject) in [Some(work), dead].into_iter().flatten() {
            if !current.contains(&stream) {
                let stream = Stream {
                    link,
                    name: stream,
                    subject,
                };
                all.extend(stream.retire(queue).await.transpose());
            }
        }
    }
    all
}

/// One that no queue of the application has.
struct Stream<'a> {
    link: &'a Link,
    name: String,
    /// Where its messages come from.
    subject: String,
}

/// How a stream is.
struct State {
    config: Value,
    messages: u64,
}

impl Stream<'_> {
    async fn retire(&self, queue: &Retired) -> Result<Option<Leftover>, Failure> {
        let Some(mut state) = self.look().await? else {
            return Ok(None);
        };
        if state.messages == 0 && !queue.delete {
            state = self.move_to(state, &names::set_aside(&self.name)).await?;
        }
        let deleted = queue.delete || state.messages == 0;
        if deleted {
            self.delete().await?;
        } else {
            state = self.move_to(state, &self.subject).await?;
        }
        Ok(Some(Leftover {
            queue: queue.queue.clone(),
            stream: self.name.clone(),
            messages: state.messages,
            deleted,
        }))
    }

    /// `None` where it is not there.
    async fn look(&self) -> Result<Option<State>, Failure> {
        let info = match self.ask("INFO", &json!({})).await? {
            Ok(info) => info,
            Err((ErrorCode::STREAM_NOT_FOUND, _)) => return Ok(None),
            Err((_, why)) => return Err(self.failed(why)),
        };
        let messages = info.pointer("/state/messages").and_then(Value::as_u64);
        let messages = messages.ok_or_else(|| {
            self.failed("the broker does not say how many messages it holds".to_owned())
        })?;
        let config = info.get("config").cloned().unwrap_or_default();
        Ok(Some(State { config, messages }))
    }

    /// Lets it take the messages of this subject and of no other, and looks at it again.
    async fn move_to(&self, mut state: State, subject: &str) -> Result<State, Failure> {
        let subjects = json!([subject]);
        if state.config.get("subjects") == Some(&subjects) {
            return Ok(state);
        }
        state.config["subjects"] = subjects;
        match self.ask("UPDATE", &state.config).await? {
            Ok(_) => {}
            // Somebody else was faster.
            Err((ErrorCode::STREAM_NOT_FOUND, _)) => return Ok(state),
            Err((_, why)) => return Err(self.failed(why)),
        }
        Ok(self.look().await?.unwrap_or(state))
    }

    async fn delete(&self) -> Result<(), Failure> {
        match self.ask("DELETE", &json!({})).await? {
            Ok(_) | Err((ErrorCode::STREAM_NOT_FOUND, _)) => Ok(()),
            Err((_, why)) => Err(self.failed(why)),
        }
    }

    async fn ask(
        &self,
        verb: &str,
        request: &Value,
    ) -> Result<Result<Value, (ErrorCode, String)>, Failure> {
        let subject = format!("$JS.API.STREAM.{verb}.{}", self.name);
        ask(self.link, &subject, request).await
    }

    fn failed(&self, why: String) -> Failure {
        Failure::Unavailable(format!("the stream `{}`: {why}", self.name))
    }
}
