//! What is tried again, and for how long.

use std::error::Error;
use std::future::Future;
use std::io;
use std::time::Duration;

use oci_client::errors::{OciDistributionError, OciErrorCode};

use super::Progress;
use super::credentials::{Credentials, Login};
use super::failure::Failure;

/// How long is waited before each further attempt.
pub(super) const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How long an answer may take, beside the time for the bytes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest connection with which a push comes to its end, in bytes a second.
const SLOWEST: u64 = 64 << 10;

/// Which registry it is about, and who speaks to it.
pub(super) struct Contact {
    pub(super) registry: String,
    pub(super) login: Login,
}

impl Contact {
    pub(super) fn new(registry: &str, credentials: &Credentials) -> Self {
        Self {
            registry: registry.to_owned(),
            login: credentials.login.clone(),
        }
    }
}

/// Something that is asked of a registry.
pub(super) struct Attempt<'a> {
    pub(super) contact: &'a Contact,
    pub(super) progress: &'a dyn Progress,
    /// A verb and its object: `send a blob`.
    pub(super) what: &'a str,
    /// What goes over the wire.
    pub(super) bytes: u64,
    /// Before each further attempt.
    pub(super) waits: &'a [Duration],
}

/// The first one, before which nobody knows whether there is a registry.
pub(super) struct First<'a>(Attempt<'a>);

impl<'a> Attempt<'a> {
    pub(super) fn first(self) -> First<'a> {
        First(self)
    }

    pub(super) async fn run<T, F>(self, ask: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        self.until(ask, is_passing).await
    }

    async fn until<T, F>(
        self,
        mut ask: impl FnMut() -> F,
        passes: impl Fn(&OciDistributionError) -> bool,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        let patience = PATIENCE + Duration::from_secs(self.bytes / SLOWEST);
        let mut waits = self.waits.iter();
        loop {
            let answer = tokio::time::timeout(patience, ask()).await;
            let error = match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if !passes(&error) => {
                    return Err(self.contact.failure(self.what, error));
                }
                Ok(Err(error)) => Some(error),
                Err(_) => None,
            };
            let failure = match error {
                Some(error) => self.contact.failure(self.what, error),
                None => self.contact.silent(self.what, patience),
            };
            let Some(wait) = waits.next() else {
                return Err(failure);
            };
            // Those who were turned away together do not come back together.
            let wait = wait.mul_f64(rand::random_range(0.5..1.5));
            self.progress.again(self.what, &failure.to_string(), wait);
            tokio::time::sleep(wait).await;
        }
    }
}

impl First<'_> {
    pub(super) async fn run<T, F>(self, ask: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        let passes = |error: &OciDistributionError| {
            let unreachable =
                matches!(error, OciDistributionError::RequestError(error) if error.is_connect());
            !unreachable && is_passing(error)
        };
        self.0.until(ask, passes).await
    }
}

/// The status of an answer that says no.
pub(super) fn status(error: &OciDistributionError) -> Option<u16> {
    match error {
        OciDistributionError::ServerError { code, .. } => Some(*code),
        OciDistributionError::UnauthorizedError { .. } => Some(401),
        OciDistributionError::RequestError(error) => Some(error.status()?.as_u16()),
        OciDistributionError::RegistryError { envelope, .. } => {
            let codes = || envelope.errors.iter().map(|error| &error.code);
            let is = |code: OciErrorCode| codes().any(|found| *found == code);
            if is(OciErrorCode::Toomanyrequests) {
                Some(429)
            } else if is(OciErrorCode::Denied) {
                Some(403)
            } else {
                Some(400)
            }
        }
        _ => None,
    }
}

/// Whether the registry lets the user not do it.
pub(super) fn is_refusal(error: &OciDistributionError) -> bool {
    matches!(status(error), Some(401 | 403))
}

/// Whether it may be otherwise in a moment: the registry has too much to do or is broken, or the connection is.
fn is_passing(error: &OciDistributionError) -> bool {
    match (status(error), error) {
        (Some(code), _) => code == 408 || code == 429 || (code >= 500 && code != 501),
        (None, OciDistributionError::RequestError(error)) => {
            !error.is_builder() && tls(error).is_none()
        }
        (None, OciDistributionError::IoError(_)) => true,
        _ => false,
    }
}

/// What TLS says, if it is TLS that says no.
pub(super) fn tls(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found.to_string());
        }
        // An I/O error passes over the one that it wraps.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| tls(wrapped)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::credentials::Secret;
    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Progress for Heard {
        fn again(&self, what: &str, why: &str, _: Duration) {
            self.0.lock().unwrap().push(format!("{what}: {why}"));
        }
    }

    /// What comes of answers with these statuses, and how often was asked.
    fn asked(codes: &[u16]) -> (Result<(), Failure>, usize) {
        let nobody = Credentials {
            secret: Secret::None,
            login: Login::None,
        };
        let (contact, heard) = (Contact::new("registry", &nobody), Heard::default());
        let attempt = Attempt {
            contact: &contact,
            progress: &heard,
            what: "send a blob",
            bytes: 0,
            waits: &[Duration::from_millis(1); 2],
        };
        let mut left = codes.iter();
        let ask = || {
            let answer = match left.next() {
                Some(code) => Err(OciDistributionError::ServerError {
                    code: *code,
                    url: "https://registry/uploads/1?state=a-secret".to_owned(),
                    message: String::new(),
                }),
                None => Ok(()),
            };
            std::future::ready(answer)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let result = runtime.block_on(attempt.run(ask));
        let heard = heard.0.lock().unwrap();
        assert!(
            heard.iter().all(|line| !line.contains("a-secret")),
            "{heard:?}"
        );
        (result, heard.len() + 1)
    }

    #[test]
    fn what_stays_broken_is_given_up() {
        assert_eq!(asked(&[503, 429]), (Ok(()), 3));
        let (result, times) = asked(&[500, 503, 502]);
        assert_eq!(times, 3);
        let said = result.unwrap_err().to_string();
        let words = "cannot send a blob at the registry registry: it answers 502";
        assert_eq!(said, words);
        assert_eq!(asked(&[400]).1, 1);
    }
}
