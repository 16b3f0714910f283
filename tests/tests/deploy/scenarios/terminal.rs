//! The program on a terminal: a table that changes, and a question before what cannot be undone.

use std::io::{ErrorKind, Read as _, Write as _};
use std::process::Child;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use tokio::task::block_in_place;

use super::desk::Desk;
use super::program::{desk, digest, ready};
use super::*;
use crate::apiserver::Hang;

/// A program and the terminal that it writes to.
struct Terminal {
    child: Child,
    pty: Pty,
    /// Everything that it wrote.
    seen: Vec<u8>,
}

impl Terminal {
    fn start(desk: &Desk, words: &[&str]) -> Self {
        let (pty, pts) = open().expect("a terminal");
        pty.resize(Size::new(50, 200)).expect("its size");
        let child = Command::new(env!("CARGO_BIN_EXE_cloudc-under-test"))
            .args(words)
            .current_dir(&desk.package)
            .envs(desk.variables())
            .env("TERM", "xterm")
            .spawn(pts)
            .expect("it starts");
        let seen = Vec::new();
        Self { child, pty, seen }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// The end of it: a table is written again and again.
    fn last(&self) -> String {
        let start = self.seen.len().saturating_sub(4000);
        String::from_utf8_lossy(&self.seen[start..]).into_owned()
    }

    /// Reads on; false at the end.
    fn read(&mut self) -> bool {
        let mut part = [0; 4096];
        match block_in_place(|| self.pty.read(&mut part)) {
            Ok(0) => false,
            Ok(read) => {
                self.seen.extend(&part[..read]);
                true
            }
            // Linux says EIO when nobody has the other end any more.
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    /// Waits for a text.
    fn until(&mut self, text: &str) {
        while !self.text().contains(text) {
            assert!(self.read(), "ended without `{text}`: {}", self.last());
        }
    }

    fn types(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).expect("typed");
    }

    /// Its exit code, if no signal ended it, and everything that it wrote.
    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        let status = block_in_place(|| self.child.wait()).expect("it ran");
        (status.code(), self.text())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_asks_for_the_name() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    let ran = desk.run(&["deploy", "--image", &digest("1")]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    desk.cluster.forget();

    let question = "This deletes shop. Type `shop` to go on: ";
    // 3 is what Ctrl-C sends.
    for (typed, code) in [("yes\n", Some(1)), ("\n", Some(1)), ("\u{3}", None)] {
        let mut terminal = Terminal::start(&desk, &["destroy"]);
        terminal.until(question);
        terminal.types(typed);
        let (ended, text) = terminal.end();
        assert_eq!(ended, code, "{typed:?}: {text}");
        for part in ["Deployment charge", "1 kept release", "and this is kept:"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.contains("nothing was deleted"), code.is_some());
        assert_eq!(writes(&desk.cluster), Vec::<String>::new(), "{typed:?}");
    }

    let mut terminal = Terminal::start(&desk, &["destroy"]);
    terminal.until(question);
    terminal.types("shop\n");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        names(&desk.cluster, "apps/v1", "Deployment"),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_shows_a_table_and_leaves_it() {
    let Some(desk) = desk(ready()).await else {
        return;
    };
    desk.cluster.hang("shop", "charge", Hang::NeverReady);
    let mut terminal = Terminal::start(&desk, &["deploy", "--image", &digest("1")]);
    terminal.until("1 pod not ready");
    desk.cluster.mend("shop", "charge");
    desk.cluster.settle();
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    let (_, end) = text.rsplit_once("1 pod not ready").expect("it was late");
    for part in ["✓", "Deployment charge", "deployed shop as release 1"] {
        assert!(end.contains(part), "{part} in {end}");
    }
}
