//! A worker: a request leaves a job in a queue, and the job is done in the background.

use cloudc::{Cache, Error, Json, Path, Queue, cache, function, queue};
use serde::{Deserialize, Serialize};

/// A text to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Chosen by the caller, who asks for the result by it.
    pub id: String,
    /// The text.
    pub text: String,
}

/// Jobs that wait to be done. One that fails five times is kept aside, to be looked at.
#[queue(max_deliveries = 5, ack_wait = "30s", dead_letter = true)]
pub static JOBS: Queue<Job>;

/// How many words each text has.
#[cache(ttl = "1d")]
pub static RESULTS: Cache<String, usize>;

/// Takes a job.
#[function(http = "POST /jobs")]
pub async fn submit(Json(job): Json<Job>) -> Result<(), Error> {
    JOBS.send(&job).await
}

/// Shows the result of a job; `null` while it is not done.
#[function(http = "GET /jobs/{id}")]
pub async fn result(Path(id): Path<String>) -> Result<Json<Option<usize>>, Error> {
    RESULTS.get(&id).await.map(Json)
}

/// Does one job. It may come twice: the second time changes nothing.
#[function(queue = JOBS, timeout = "20s", scale = 0..=10)]
pub async fn work(job: Job) -> Result<(), Error> {
    RESULTS.set(&job.id, &count(&job.text)).await
}

/// Leaves a job every morning, to see that the worker is alive.
#[function(schedule = "0 6 * * *", timezone = "Etc/UTC")]
pub async fn check_in() -> Result<(), Error> {
    let job = Job {
        id: "check-in".to_owned(),
        text: "good morning".to_owned(),
    };
    JOBS.send(&job).await
}

/// How many words a text has.
fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_whatever_lies_between_them() {
        assert_eq!(count("good  morning,\n world"), 3);
        assert_eq!(count("   "), 0);
    }
}
