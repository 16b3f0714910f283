//! Orders, by way of the ingress.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, text};

/// A service that sleeps has to be woken up first.
const PATIENCE: Duration = Duration::from_secs(120);

impl Place {
    /// Asks a service of the shop by one of its addresses; the status and what it says.
    pub(crate) async fn ask(
        &self,
        address: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, String) {
        let ingress = self.ingress.as_deref().expect("an ingress");
        let host = address.split_once("://").map_or(address, |(_, host)| host);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", ingress.trim_end_matches('/')))
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::<Bytes>::from(body));
        let asking = async {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let answer = client
                .request(request.expect("a request"))
                .await
                .expect("an answer");
            let status = answer.status().as_u16();
            let body = answer
                .into_body()
                .collect()
                .await
                .expect("a body")
                .to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        };
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        answer.unwrap_or_else(|_| panic!("{method} {path} of {host} is not answered"))
    }

    /// The address of a service.
    pub(crate) async fn address(&self, service: &str) -> String {
        let service = self.get(KNATIVE_SERVICE, service).await;
        text(&service, "/status/url").to_owned()
    }

    /// Places so many orders, and waits until each is charged; their receipts.
    pub(crate) async fn order(&self, count: usize) -> Vec<String> {
        let address = self.address("shop").await;
        let mut receipts = Vec::new();
        let ids = (0..count).map(|_| format!("order-{:016x}", rand::random::<u64>()));
        let ids: Vec<String> = ids.collect();
        for id in &ids {
            let order = json!({"id": id, "lines": [{"sku": "BELL-1", "pieces": 1}]});
            let (status, said) = self.ask(&address, "POST", "/orders", &order).await;
            assert_eq!(status, 200, "{id}: {said}");
        }
        for id in &ids {
            let path = format!("/orders/{id}");
            self.until(&format!("{id} is charged"), async || {
                let (status, said) = self.ask(&address, "GET", &path, &Value::Null).await;
                assert_eq!(status, 200, "{id}: {said}");
                let said: Value = serde_json::from_str(&said).expect("JSON");
                let receipt = text(&said, "/closed/receipt");
                if !receipt.is_empty() {
                    receipts.push(receipt.to_owned());
                }
                !receipt.is_empty()
            })
            .await;
        }
        receipts
    }
}
