//! Making the streams and consumers of an application, and changing them to what they should be.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::{ErrorCode, stream};
use serde_json::{Map, Value, json};

use super::Queue;
use super::link::Link;
use super::plan::{Piece, is_ours, pieces};
use super::step::{Existing, Step, step};
use crate::backend::Failure;

/// How long a broker may take to be there: it may be starting, at the first deployment.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes what is missing and changes what differs, and says so in a line for each piece, in the log at once. It asks for
/// pieces by their names, and for nothing else.
///
/// # Errors
///
/// What cannot be done, all of it, before anything is; or what the broker refused after all, with what is done and what is
/// not.
pub(super) async fn provision(
    link: &Link,
    app: &str,
    queues: &[Queue],
) -> Result<Vec<String>, Vec<String>> {
    let failed = |failure: Failure| vec![failure.to_string()];
    link.connected(PATIENCE).await.map_err(failed)?;
    let mut steps = Vec::new();
    let mut refused = Vec::new();
    let mut consumed = BTreeSet::new();
    for piece in pieces(app, queues) {
        let existing = look(link, &piece).await.map_err(failed)?;
        if existing
            .as_ref()
            .is_some_and(|existing| existing.consumers > 0)
        {
            consumed.insert(piece.name.clone());
        }
        // A queue has one consumer: where there is one of another function, it has left the queue.
        let stream = piece.stream.as_ref();
        if let Some(stream) =
            stream.filter(|stream| existing.is_none() && consumed.contains(*stream))
        {
            match predecessors(link, app, stream, &piece)
                .await
                .map_err(failed)?
            {
                Ok(names) => steps.push((piece, Step::Replace(names))),
                Err(why) => refused.push(why),
            }
            continue;
        }
        match step(&piece, existing.as_ref()) {
            Ok(step) => steps.push((piece, step)),
            Err(why) => refused.push(why),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut done = Vec::new();
    for (number, (piece, step)) in steps.iter().enumerate() {
        match take(link, piece, step).await {
            Ok(line) => {
                tracing::info!("{line}");
                done.push(line);
            }
            Err(failure) => {
                let rest = steps[number..].iter().map(|(piece, _)| &*piece.title);
                return Err(broken_off(&failure, &piece.title, &done, rest));
            }
        }
    }
    Ok(done)
}

/// What there is to say when a step fails behind others.
fn broken_off<'a>(
    failure: &Failure,
    title: &str,
    done: &[String],
    rest: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let doubt = match failure {
        Failure::NoAnswer(_) => ", and may be done or not",
        _ => "",
    };
    let rest: Vec<&str> = rest.collect();
    let mut lines = vec![format!("{title}: {failure}{doubt}")];
    if !done.is_empty() {
        lines.push(format!("done before that, and kept: {}", done.join("; ")));
    }
    lines.push(format!(
        "not done: {}; run it again, and it goes on where it broke off",
        rest.join(", ")
    ));
    lines
}

/// Takes a step, and says what it was.
async fn take(link: &Link, piece: &Piece, step: &Step) -> Result<String, Failure> {
    let title = &piece.title;
    Ok(match step {
        Step::Nothing => format!("{title}: unchanged"),
        Step::Create => {
            set(link, piece, &piece.create, piece.config.clone()).await?;
            format!("{title}: created")
        }
        Step::Replace(names) => {
            for name in names {
                let stream = piece.stream.as_deref().unwrap_or_default();
                let delete = format!("$JS.API.CONSUMER.DELETE.{stream}.{name}");
                match ask(link, &delete, &json!({})).await? {
                    Ok(_) | Err((ErrorCode::CONSUMER_NOT_FOUND, _)) => {}
                    Err((_, why)) => return Err(Failure::Refused(why)),
                }
            }
            set(link, piece, &piece.create, piece.config.clone()).await?;
            format!("{title}: created in the place of `{}`", names.join("`, `"))
        }
        Step::Change(config, changes) => {
            set(link, piece, &piece.update, config.clone()).await?;
            format!("{title}: {}", changes.join(", "))
        }
    })
}

/// The consumers of functions that consumed a queue before. What one had taken and not acknowledged stays in the stream, and comes to
/// the next.
///
/// # Errors
///
/// Inside: one of them was not made by the application's provisioner.
async fn predecessors(
    link: &Link,
    app: &str,
    stream: &str,
    piece: &Piece,
) -> Result<Result<Vec<String>, String>, Failure> {
    let list = format!("$JS.API.CONSUMER.LIST.{stream}");
    let answer = match ask(link, &list, &json!({})).await? {
        Ok(answer) => answer,
        Err((_, why)) => {
            return Err(Failure::Unavailable(format!(
                "the stream `{stream}`: {why}"
            )));
        }
    };
    let consumers = answer.get("consumers").and_then(Value::as_array);
    let mut names = Vec::new();
    for consumer in consumers.into_iter().flatten() {
        let text = |path| {
            consumer
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let name = text("/name");
        if !is_ours(app, text("/config/description")) {
            return Ok(Err(format!(
                "{} cannot be made: the stream has the consumer `{name}`, which is none of {app}'s functions, and a queue has \
                 one; delete it yourself",
                piece.title
            )));
        }
        names.push(name.to_owned());
    }
    Ok(Ok(names))
}

async fn set(
    link: &Link,
    piece: &Piece,
    subject: &str,
    config: Map<String, Value>,
) -> Result<(), Failure> {
    let request = match &piece.stream {
        None => Value::Object(config),
        Some(stream) => json!({"stream_name": stream, "config": config}),
    };
    match ask(link, subject, &request).await? {
        Ok(_) => Ok(()),
        Err((_, why)) => Err(Failure::Refused(why)),
    }
}

/// What the broker has under the name of a piece.
async fn look(link: &Link, piece: &Piece) -> Result<Option<Existing>, Failure> {
    let info = match ask(link, &piece.info, &json!({})).await? {
        Ok(info) => info,
        Err((ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND, _)) => return Ok(None),
        Err((_, why)) => return Err(Failure::Unavailable(format!("{}: {why}", piece.title))),
    };
    let config = info.get("config").and_then(Value::as_object);
    let state = info.get("state").cloned().unwrap_or_default();
    // A consumer has none.
    let state: Option<stream::State> = serde_json::from_value(state).ok();
    Ok(Some(Existing {
        config: config.cloned().unwrap_or_default(),
        messages: state.as_ref().map_or(0, |state| state.messages),
        consumers: state.as_ref().map_or(0, |state| state.consumer_count),
        oldest: state.map_or(Duration::ZERO, |state| {
            let first = state.first_timestamp.unix_timestamp_nanos();
            age(first, SystemTime::now())
        }),
    }))
}

/// How long ago a time was, in nanoseconds since 1970.
fn age(then: i128, now: SystemTime) -> Duration {
    let now = now.duration_since(SystemTime::UNIX_EPOCH);
    let now = i128::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(i128::MAX);
    let nanos = now.saturating_sub(then).max(0);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Asks JetStream's API. An error of its own comes with its number.
pub(super) async fn ask(
    link: &Link,
    subject: &str,
    request: &Value,
) -> Result<Result<Value, (ErrorCode, String)>, Failure> {
    let answer = link
        .request(subject, None, request.to_string().into_bytes())
        .await;
    let answer = answer.map_err(|failure| match failure {
        // Nobody answers the API itself.
        Failure::Unavailable(_) if link.trouble().is_none() => {
            Failure::Unavailable("the broker has no JetStream for this account".to_owned())
        }
        failure => failure,
    })?;
    let answer: Value = serde_json::from_slice(&answer.payload)
        .map_err(|error| Failure::NoAnswer(format!("the broker's answer is no JSON: {error}")))?;
    let Some(error) = answer.get("error") else {
        return Ok(Ok(answer));
    };
    let error: async_nats::jetstream::Error = serde_json::from_value(error.clone())
        .map_err(|error| Failure::NoAnswer(format!("the broker's error is none: {error}")))?;
    Ok(Err((error.error_code(), error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(age(40_000_000_000, now), Duration::from_secs(60));
        assert_eq!(age(200_000_000_000, now), Duration::ZERO);
    }
}
