//! The cluster on a port of this machine, for programs that find it by a kubeconfig.

use std::path::{Path, PathBuf};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kube::client::Body;
use serde_json::json;
use tokio::net::TcpListener;

use super::Cluster;
use super::handle::{Cut, serve};

impl Cluster {
    /// Listens as long as the test's runtime runs, and writes a kubeconfig into a folder.
    pub(crate) async fn listen(&self, folder: &Path) -> PathBuf {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cluster = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let cluster = cluster.clone();
                let service = service_fn(move |request| answer(cluster.clone(), request));
                // A connection that was cut ends with an error, as it should.
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "memory",
            "contexts": [{"name": "memory", "context": {"cluster": "memory", "user": "deployer"}}],
            "clusters": [{"name": "memory", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "deployer", "user": {}}],
        });
        let path = folder.join("kubeconfig");
        std::fs::write(&path, config.to_string()).expect("written");
        path
    }
}

async fn answer(cluster: Cluster, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes().to_vec();
    serve(cluster, Request::from_parts(head, Body::from(body))).await
}
