//! A client of the broker.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use nkeys::{KeyPair, KeyPairType};
use serde_json::{Value, json};

/// A key that follows from the user's name.
pub(crate) fn key(user: &str) -> KeyPair {
    let mut seed = [7; 32];
    for (byte, letter) in seed.iter_mut().zip(user.bytes()) {
        *byte = letter;
    }
    KeyPair::new_from_raw(KeyPairType::User, seed).expect("a key")
}

/// As little of a client as the questions here need.
pub(crate) struct Client {
    lines: BufReader<TcpStream>,
    user: String,
    requests: u32,
}

/// A server that closes with something unread resets the connection: an end like any other.
fn hung_up(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

impl Client {
    pub(crate) fn connect(address: &str, user: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).expect("a connection");
        let mut client = Self {
            lines: BufReader::new(stream),
            user: user.to_owned(),
            requests: 0,
        };
        let info: Value = serde_json::from_str(&client.line()["INFO ".len()..]).expect("JSON");
        let nonce = info["nonce"].as_str().expect("a nonce");
        let signature = key(user).sign(nonce.as_bytes()).expect("a signature");
        let connect = json!({
            "verbose": false,
            "pedantic": false,
            "headers": true,
            "no_responders": true,
            "nkey": key(user).public_key(),
            "sig": data_encoding::BASE64URL_NOPAD.encode(&signature),
        });
        client.send(&format!("CONNECT {connect}\r\n"));
        client.settle()?;
        client.send(&format!("SUB _INBOX_{user}.> 1\r\n"));
        client.settle()?;
        Ok(client)
    }

    /// Sends, or finds that the server hung up: why is in the lines that wait to be read.
    pub(crate) fn send(&mut self, text: &str) {
        hung_up(self.lines.get_mut().write_all(text.as_bytes())).expect("sent");
    }

    /// A line, empty when the server hung up.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        hung_up(self.lines.read_line(&mut line).map(drop)).expect("a line");
        line.trim_end().to_owned()
    }

    /// Waits until the server has seen everything, and returns its objection if it has one.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        self.send("PING\r\n");
        let mut objection = Ok(());
        loop {
            match self.line() {
                line if line == "PONG" => return objection,
                line if line.starts_with("-ERR") => objection = Err(line),
                line if is_message(&line) => drop(self.payload(&line)),
                line if line.is_empty() => {
                    return objection.and(Err("the server hung up".to_owned()));
                }
                _ => {}
            }
        }
    }

    pub(crate) fn payload(&mut self, header: &str) -> String {
        let length = header
            .rsplit(' ')
            .next()
            .and_then(|length| length.parse().ok())
            .expect("a length");
        let mut payload = vec![0; length];
        self.lines.read_exact(&mut payload).expect("a payload");
        self.line();
        String::from_utf8(payload).expect("text")
    }

    /// Publishes a message that asks to be answered on a subject.
    pub(crate) fn publish(&mut self, subject: &str, reply: &str, payload: &str) {
        let length = payload.len();
        self.send(&format!("PUB {subject} {reply} {length}\r\n{payload}\r\n"));
    }

    /// An inbox that was not used yet.
    pub(crate) fn inbox(&mut self) -> String {
        self.requests += 1;
        format!("_INBOX_{}.{}", self.user, self.requests)
    }

    /// The first message after a request: the subject to answer to, and the payload with its headers.
    pub(crate) fn request(
        &mut self,
        subject: &str,
        payload: &str,
    ) -> Result<(String, String), String> {
        let inbox = self.inbox();
        self.publish(subject, &inbox, payload);
        self.next()
    }

    /// A request with a header.
    pub(crate) fn request_with(&mut self, header: &str, subject: &str, payload: &str) -> Value {
        let inbox = self.inbox();
        let header = format!("NATS/1.0\r\n{header}\r\n\r\n");
        let (head, all) = (header.len(), header.len() + payload.len());
        self.send(&format!(
            "HPUB {subject} {inbox} {head} {all}\r\n{header}{payload}\r\n"
        ));
        let (_, answer) = self.next().expect("an answer");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Result<(String, String), String> {
        loop {
            match self.line() {
                line if is_message(&line) => {
                    let fields: Vec<&str> = line.split(' ').collect();
                    let lengths = if fields[0] == "HMSG" { 2 } else { 1 };
                    let reply = if fields.len() == 4 + lengths {
                        fields[3].to_owned()
                    } else {
                        String::new()
                    };
                    return Ok((reply, self.payload(&line)));
                }
                line if line.starts_with("-ERR") => return Err(line),
                line if line == "PING" => self.send("PONG\r\n"),
                line if line.is_empty() => return Err("the server hung up".to_owned()),
                _ => {}
            }
        }
    }

    /// A request that is answered in JSON without an error.
    pub(crate) fn api(&mut self, subject: &str, payload: &Value) -> Value {
        let (_, answer) = self
            .request(subject, &payload.to_string())
            .unwrap_or_else(|error| panic!("{subject}: {error}"));
        let answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{subject}: {answer}"));
        assert_eq!(answer["error"], Value::Null, "{subject}: {answer}");
        answer
    }

    pub(crate) fn may_publish(&mut self, subject: &str) -> bool {
        self.send(&format!("PUB {subject} 0\r\n\r\n"));
        self.settle().is_ok()
    }

    pub(crate) fn may_subscribe(&mut self, subject: &str) -> bool {
        self.send(&format!("SUB {subject} 9\r\n"));
        let allowed = self.settle().is_ok();
        self.send("UNSUB 9\r\n");
        allowed
    }
}

fn is_message(line: &str) -> bool {
    line.starts_with("MSG ") || line.starts_with("HMSG ")
}
