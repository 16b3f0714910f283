//! What the server says instead of a message: how it stands with a request.

use async_nats::{HeaderMap, Message, StatusCode};

/// How many messages of a request did not come. Older servers don't say.
const PENDING: &str = "Nats-Pending-Messages";

/// What a status means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is over, and so many of its messages have not come.
    Over {
        request: u64,
        missing: Option<usize>,
    },
    /// All requests are, and others shall be made.
    Moved(String),
    /// There is no such consumer.
    Gone,
    /// The server has something against the request.
    Refused(String),
}

/// Reads a status.
pub(super) fn meaning(message: &Message) -> Meaning {
    let code = message.status.unwrap_or_default();
    let text = message.description.as_deref().unwrap_or_default();
    // All are answers to requests, which are numbered from 1.
    let request = message.subject.rsplit('.').next();
    let request = request.and_then(|number| number.parse().ok()).unwrap_or(0);
    let over = || Meaning::Over {
        request,
        missing: message.headers.as_ref().and_then(pending),
    };
    let says = |what: &str| text.to_ascii_lowercase().contains(what);
    match code {
        StatusCode::NOT_FOUND | StatusCode::TIMEOUT => over(),
        StatusCode::NO_RESPONDERS => Meaning::Gone,
        StatusCode::REQUEST_TERMINATED if says("consumer deleted") => Meaning::Gone,
        StatusCode::REQUEST_TERMINATED if says("leadership change") || says("shutdown") => {
            Meaning::Moved(text.to_owned())
        }
        StatusCode::REQUEST_TERMINATED if says("batch completed") => over(),
        _ => Meaning::Refused(
            format!("the broker says {code} {text}")
                .trim_end()
                .to_owned(),
        ),
    }
}

fn pending(headers: &HeaderMap) -> Option<usize> {
    headers.get_last(PENDING)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(subject: &str, code: u16, text: &str, pending: Option<usize>) -> Meaning {
        let mut headers = HeaderMap::new();
        if let Some(pending) = pending {
            headers.insert(PENDING, pending.to_string());
        }
        meaning(&Message {
            subject: subject.into(),
            reply: None,
            payload: Default::default(),
            headers: Some(headers),
            status: StatusCode::from_u16(code).ok(),
            description: Some(text.to_owned()),
            length: 0,
        })
    }

    #[test]
    fn statuses() {
        let over = |missing| Meaning::Over {
            request: 3,
            missing,
        };
        let of = |code, text, pending| status("_INBOX_charge.x.3", code, text, pending);
        assert_eq!(of(404, "No Messages", None), over(None));
        assert_eq!(of(408, "Request Timeout", Some(2)), over(Some(2)));
        assert_eq!(of(409, "Batch Completed", Some(0)), over(Some(0)));
        assert_eq!(of(409, "Consumer Deleted", None), Meaning::Gone);
        assert_eq!(of(503, "", None), Meaning::Gone);
        for text in ["Leadership Change", "Server Shutdown"] {
            assert_eq!(of(409, text, Some(1)), Meaning::Moved(text.to_owned()));
        }
        assert_eq!(
            of(409, "Exceeded MaxWaiting", None),
            Meaning::Refused("the broker says 409 Exceeded MaxWaiting".to_owned())
        );
    }
}
