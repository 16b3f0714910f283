//! One port, and the connections that come there.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use super::connection::Answers;
use super::shutdown::Shutdown;

/// The wait after a connection could not be taken: the process may have too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// A port that answers.
pub(super) struct Server {
    listener: TcpListener,
}

impl Server {
    /// Takes a port, on IPv6 and IPv4, as one socket has it on Linux; on IPv4 alone where there is no IPv6. Port 0 is
    /// any free one.
    ///
    /// # Errors
    ///
    /// When the port is not to be had.
    pub(super) async fn bind(port: u16) -> Result<Self, String> {
        let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
                .await
                .map_err(|error| format!("cannot listen on port {port}, as PORT says: {error}"))?,
        };
        let server = Self { listener };
        if let Some(address) = server.address() {
            tracing::info!(port = address.port(), "listening");
        }
        Ok(server)
    }

    fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until the shutdown, takes connections for a little while longer, and ends when every request has its
    /// answer.
    pub(super) async fn serve(self, routes: Router, shutdown: Shutdown) {
        let (open, closing) = watch::channel(());
        let answers = Answers {
            // Else each request would make the services of its route anew.
            routes: routes.with_state(()),
            shutdown: shutdown.clone(),
            closing,
        };
        // Who sends requests hears of it with some delay.
        let end = shutdown.is_too_late();
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // Small answers leave at once; without it they would only wait for their acknowledgement.
                        let _ = stream.set_nodelay(true);
                        tokio::spawn(answers.clone().serve(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(PAUSE).await;
                    }
                },
            }
        }
        drop((self.listener, answers));
        open.send_replace(());
        // Each connection has a receiver until it ends.
        open.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::task::JoinHandle;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::shim::connection::HEAD_TIMEOUT;
    use crate::shim::pulse::IDLE;
    use crate::shim::shutdown::{LAST_CALL, Trigger};

    const REQUEST: &str = "GET /slow HTTP/1.1\r\nhost: here\r\n\r\n";

    /// A port that answers with these routes, and what ends it.
    async fn serve(routes: Router) -> (SocketAddr, Trigger, JoinHandle<()>) {
        let server = Server::bind(0).await.expect("a port");
        let port = server.address().expect("one").port();
        let (trigger, shutdown) = Shutdown::new();
        let serving = tokio::spawn(server.serve(routes, shutdown));
        ((Ipv4Addr::LOCALHOST, port).into(), trigger, serving)
    }

    /// Says something, and reads until the end.
    async fn say(address: SocketAddr, said: &str) -> String {
        let mut client = TcpStream::connect(address).await.expect("a connection");
        client.write_all(said.as_bytes()).await.expect("sent");
        let mut heard = Vec::new();
        // What the server has not read makes a reset of the end.
        let _ = client.read_to_end(&mut heard).await;
        String::from_utf8(heard).expect("text")
    }

    /// Time stands until nothing else is left to wait for.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_not_kept() {
        let (address, trigger, serving) = serve(Router::new()).await;
        // Nothing, half a word, half a head, and nothing more after an answer.
        for said in ["", "PRI * HT", "GET /", REQUEST] {
            let most = if said == REQUEST { IDLE } else { HEAD_TIMEOUT };
            let end = timeout(most * 3, say(address, said)).await;
            let heard = end.unwrap_or_else(|_| panic!("{said:?}: it is kept"));
            assert_eq!(heard.is_empty(), said != REQUEST, "{said:?}: {heard}");
        }
        let silent = TcpStream::connect(address).await.expect("a connection");
        let began = Instant::now();
        trigger.pull();
        serving.await.expect("it ends");
        assert!(began.elapsed() < LAST_CALL * 2, "{:?}", began.elapsed());
        drop(silent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_waits_for_its_answer_as_long_as_it_takes() {
        let slow = || async {
            sleep(HEAD_TIMEOUT * 5).await;
            let parts = futures_util::stream::iter(["at ", "last"]).then(|part| async move {
                sleep(HEAD_TIMEOUT * 5).await;
                Ok::<_, std::convert::Infallible>(part)
            });
            axum::body::Body::from_stream(parts)
        };
        let (address, trigger, serving) = serve(Router::new().route("/slow", get(slow))).await;
        let heard = say(address, REQUEST).await;
        for part in ["200 OK", "at ", "last"] {
            assert!(heard.contains(part), "{part}: {heard}");
        }
        // One that is asked to leave meanwhile has its answer all the same.
        let asked = tokio::spawn(say(address, REQUEST));
        sleep(HEAD_TIMEOUT).await;
        trigger.pull();
        serving.await.expect("it ends");
        let heard = asked.await.expect("no panic");
        for part in ["200 OK", "connection: close", "at ", "last"] {
            assert!(heard.contains(part), "{part}: {heard}");
        }
    }
}
