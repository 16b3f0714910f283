//! A network that takes its time, or loses something.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Passes connections on to a port, and everything arrives so much later. Returns its own port.
pub(crate) async fn proxy(to: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else {
                continue;
            };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_in, far_out, delay));
            tokio::spawn(pass(far_in, near_out, delay));
        }
    });
    port
}

/// Passes connections on to a port; what a client says first of `this` becomes `that`, which is as long. Returns its own port.
pub(crate) async fn losing(to: u16, this: &'static str, that: &'static str) -> u16 {
    assert_eq!(this.len(), that.len());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (near, _) = listener.accept().await.expect("a client");
        let far = TcpStream::connect(("127.0.0.1", to))
            .await
            .expect("the server");
        let ((mut near_in, near_out), (far_in, mut far_out)) =
            (near.into_split(), far.into_split());
        tokio::spawn(pass(far_in, near_out, Duration::ZERO));
        let mut is_lost = false;
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = near_in.read(&mut buffer).await {
            let said = &mut buffer[..count];
            let found = said
                .windows(this.len())
                .position(|part| part == this.as_bytes());
            if let Some(at) = found.filter(|_| !is_lost) {
                said[at..at + that.len()].copy_from_slice(that.as_bytes());
                is_lost = true;
            }
            if far_out.write_all(said).await.is_err() {
                return;
            }
        }
    });
    port
}

/// What is under way does not hold up what follows: it is a long line, and not a narrow one.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (send, mut under_way) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some((at, bytes)) = under_way.recv().await {
            sleep_until(at).await;
            let bytes: Vec<u8> = bytes;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if send
            .send((Instant::now() + delay, buffer[..count].to_vec()))
            .is_err()
        {
            return;
        }
    }
}
