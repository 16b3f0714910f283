//! The namespace in which all of it happens, and what there is besides the cluster.

use std::time::Duration;

use cloudc_compiler::cluster::connect;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::DeleteParams;
use kube::{Api, Client};

use crate::application::Application;

/// What a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A cluster.
    Nothing,
    /// Images that nodes can pull.
    Images,
    /// Programs that answer.
    Requests,
    /// `kubectl` on the `PATH`.
    Kubectl,
}

/// How long the cluster may take for something that it does by itself.
const PATIENCE: Duration = Duration::from_secs(300);

/// A namespace that is not there yet, and the application that will be in it.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) application: Application,
    /// Where the ingress answers.
    pub(crate) ingress: Option<String>,
}

impl Place {
    /// Finds the cluster, and copies the examples into a folder.
    pub(crate) async fn open() -> Result<Self, String> {
        let client = connect::connect(None)
            .await
            .map_err(|problem| problem.message)?;
        let version = client.apiserver_version().await;
        version.map_err(|error| format!("the cluster does not answer: {error}"))?;
        let namespace = format!("cloudc-tests-{:06x}", rand::random::<u32>() >> 8);
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is_plain =
            variable("CLOUDC_TEST_REGISTRY_PLAIN_HTTP").is_some_and(|value| value == "1");
        let registry = variable("CLOUDC_TEST_REGISTRY");
        Ok(Self {
            client,
            application: Application::copy(&namespace, registry.as_deref(), is_plain),
            namespace,
            ingress: variable("CLOUDC_TEST_INGRESS"),
        })
    }

    /// The first line of the report.
    pub(crate) fn introduction(&self) -> String {
        let images = if self.application.has_registry() {
            "images are built and pushed"
        } else {
            "images are made up, as there is no $CLOUDC_TEST_REGISTRY: pods are not expected to run programs, so this is for \
             clusters whose nodes pull none"
        };
        format!("in the namespace {}; {images}", self.namespace)
    }

    /// What is missing for a step.
    pub(crate) fn lacks(&self, needs: Needs) -> Option<&'static str> {
        let (has_images, has_ingress) = (self.application.has_registry(), self.ingress.is_some());
        match needs {
            Needs::Images | Needs::Requests if !has_images => Some("no $CLOUDC_TEST_REGISTRY"),
            Needs::Requests if !has_ingress => Some("no $CLOUDC_TEST_INGRESS"),
            Needs::Kubectl if cloudc_tests::program("KUBECTL", &["kubectl"]).is_none() => {
                Some("no kubectl")
            }
            _ => None,
        }
    }

    /// Waits until something is so.
    ///
    /// # Panics
    ///
    /// After five minutes.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "it is never so that {what}");
    }

    /// Whether the namespace is there.
    pub(crate) async fn is_there(&self) -> bool {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces
            .get_opt(&self.namespace)
            .await
            .expect("an answer")
            .is_some()
    }

    /// Removes the namespace with all that is in it, and waits until it is gone.
    pub(crate) async fn clean(&self) -> Result<(), String> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let removing = async {
            loop {
                match namespaces
                    .delete(&self.namespace, &DeleteParams::background())
                    .await
                {
                    Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
                    // It is on its way out already.
                    Err(kube::Error::Api(status)) if status.code == 409 => {}
                    Err(error) => return Err(error.to_string()),
                    Ok(_) => {}
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let removed = tokio::time::timeout(PATIENCE, removing).await;
        removed.unwrap_or_else(|_| Err("it is still being deleted".to_owned()))
    }
}
