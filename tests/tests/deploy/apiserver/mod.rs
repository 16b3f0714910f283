//! A Kubernetes API server in memory, behind kube's client.
//!
//! It does what the documentation of Kubernetes 1.33, Knative Serving and KEDA says, as far as a deploy can see it:
//! discovery, validation, ownership of fields, deletion, access reviews, logs and events. Time is virtual: it goes on
//! with writes alone.

mod admission;
mod apply;
mod check;
mod defaults;
mod delete;
mod discovery;
mod faults;
mod fields;
mod handle;
mod history;
mod immutable;
mod kinds;
mod listen;
mod managed;
mod patch;
mod place;
mod pods;
mod prepare;
mod read;
mod request;
mod review;
mod rules;
mod schema;
mod selector;
mod settings;
mod settle;
mod status;
mod store;
mod typed;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub(crate) use faults::Trouble;
pub(crate) use history::Entry;
pub(crate) use pods::Hang;
use settings::{CLUSTER_DOMAIN, Settings};
use store::State;

/// A cluster. Clones share it.
#[derive(Clone)]
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
}

/// A cluster that is about to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builder {
    settings: Settings,
}

impl Builder {
    /// Does not serve a group.
    pub(crate) fn without(mut self, group: &str) -> Self {
        self.settings.groups.retain(|name| *name != group);
        self
    }

    /// Says another version; `v1.33.1` by default.
    pub(crate) fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.settings.version);
        self
    }

    /// Names the user; `deployer` by default.
    pub(crate) fn user(mut self, name: &str) -> Self {
        name.clone_into(&mut self.settings.user);
        self
    }

    /// Takes a right from the user: a verb and a resource as `deployments.apps`, `*` for any.
    pub(crate) fn deny(mut self, verb: &str, resource: &str) -> Self {
        self.settings
            .denied
            .push((verb.to_owned(), resource.to_owned()));
        self
    }

    /// Lets the controllers act after writes: after each, or after several patches in a row, before anybody looks.
    pub(crate) fn auto_settle(mut self) -> Self {
        self.settings.auto_settle = true;
        self
    }

    /// Knative has no domain, as after its installation.
    pub(crate) fn without_domain(mut self) -> Self {
        self.settings.domain = CLUSTER_DOMAIN;
        self
    }

    /// Leaves Knative's and KEDA's webhooks out.
    pub(crate) fn without_webhooks(mut self) -> Self {
        self.settings.webhooks = false;
        self
    }

    /// The cluster; `None`, with a note, where `CLOUDC_SCHEMAS` is not set.
    pub(crate) fn start(self) -> Option<Cluster> {
        let schemas = schema::Registry::shared()?;
        Some(Cluster {
            state: Arc::new(Mutex::new(State::new(self.settings, schemas))),
        })
    }
}

impl Cluster {
    /// A cluster with everything served and allowed.
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// A client of the cluster.
    pub(crate) fn client(&self) -> kube::Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request| handle::serve(cluster.clone(), request));
        cloudc_compiler::cluster::connect::over(service, "default")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state when the controllers have acted on every write.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        settle::catch_up(&mut state);
        state
    }

    /// An object as it is kept.
    pub(crate) fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        self.state()
            .get(&kinds::by_name(api_version, kind), namespace, name)
            .cloned()
    }

    /// The objects of a kind, of a namespace or of all where it is empty.
    pub(crate) fn list(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        self.state()
            .list(&kinds::by_name(api_version, kind), namespace)
    }

    /// Keeps an object as it is, with its defaults and an identity where it has none: what was there before the test.
    pub(crate) fn put(&self, mut object: Value) -> Value {
        let mut state = self.state();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = kinds::by_name(&text(&object["apiVersion"]), &text(&object["kind"]));
        defaults::complete(&kind, &mut object);
        if object["metadata"]["uid"].is_null() {
            let namespace = text(&object["metadata"]["namespace"]);
            prepare::identify(&mut state, &kind, &namespace, &mut object);
        }
        defaults::clear_nulls(&mut object);
        state.put(&kind, object)
    }

    /// Takes the finalizers off an object, which goes if it is being deleted.
    pub(crate) fn let_go(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let mut state = self.state();
        let kind = kinds::by_name(api_version, kind);
        if let Some(mut object) = state.get(&kind, namespace, name).cloned() {
            object["metadata"]["finalizers"] = json!([]);
            let kept = state.put(&kind, object);
            delete::let_go(&mut state, &kind, &kept);
        }
    }

    /// Takes an object away at once, as if it had been deleted by hand.
    pub(crate) fn take(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        self.state()
            .take(&kinds::by_name(api_version, kind), namespace, name);
    }

    /// Makes a namespace.
    pub(crate) fn namespace(&self, name: &str) {
        self.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }

    /// Lets the controllers act until nothing changes.
    pub(crate) fn settle(&self) {
        settle::settle(&mut self.state());
    }

    /// Lets the garbage collector act.
    pub(crate) fn collect_garbage(&self) {
        delete::collect(&mut self.state());
    }

    /// Ends the deletions of namespaces.
    pub(crate) fn finish_deletions(&self) {
        delete::finish(&mut self.state());
    }

    /// Gives new revisions of Knative an idle timeout, from now on.
    pub(crate) fn idle_timeout(&self, seconds: u64) {
        self.state().settings.idle_timeout = Some(seconds);
    }

    /// Lets a workload hang: a Deployment, a StatefulSet, a Job or a Knative Service.
    pub(crate) fn hang(&self, namespace: &str, name: &str, why: Hang) {
        self.state()
            .hangs
            .insert((namespace.to_owned(), name.to_owned()), why);
    }

    /// Lets a workload come up again.
    pub(crate) fn mend(&self, namespace: &str, name: &str) {
        self.state()
            .hangs
            .remove(&(namespace.to_owned(), name.to_owned()));
    }

    /// Lets no node pull an image.
    pub(crate) fn unpullable(&self, image: &str) {
        self.state().unpullable.insert(image.to_owned());
    }

    /// Says what Jobs whose name starts so write before they end well.
    pub(crate) fn says(&self, namespace: &str, job: &str, text: &str) {
        let key = (namespace.to_owned(), job.to_owned());
        self.state().says.insert(key, text.to_owned());
    }

    /// Says what a container wrote.
    pub(crate) fn write_log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        text: &str,
    ) {
        let key = (
            namespace.to_owned(),
            pod.to_owned(),
            container.to_owned(),
            previous,
        );
        self.state().logs.insert(key, text.to_owned());
    }

    /// Lets something happen to the nth request that fits, counted from 1: a method or `*`, and a path in which `*`
    /// stands for any text.
    pub(crate) fn on(&self, method: &str, path: &str, nth: usize, trouble: Trouble) {
        self.faults(method, path, nth - 1, 1, trouble);
    }

    /// Lets something happen to every request that fits, from the nth on.
    pub(crate) fn on_from(&self, method: &str, path: &str, nth: usize, trouble: Trouble) {
        self.faults(method, path, nth - 1, usize::MAX, trouble);
    }

    /// Lets something happen to every request that fits.
    pub(crate) fn always(&self, method: &str, path: &str, trouble: Trouble) {
        self.faults(method, path, 0, usize::MAX, trouble);
    }

    fn faults(&self, method: &str, path: &str, skip: usize, times: usize, trouble: Trouble) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.state().faults.push(faults::Fault {
            method,
            path,
            skip,
            times,
            trouble,
        });
    }

    /// Ends what goes wrong, and gives back what rights were taken.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.settings.denied.clear();
    }

    /// Takes a right from the user, as [`Builder::deny`].
    pub(crate) fn deny(&self, verb: &str, resource: &str) {
        self.state()
            .settings
            .denied
            .push((verb.to_owned(), resource.to_owned()));
    }

    /// The rights that were used so far and that nobody had asked for, as `delete deployments.apps`.
    pub(crate) fn unasked_rights(&self) -> Vec<String> {
        let state = self.state();
        let unasked = state.used.difference(&state.asked);
        unasked
            .map(|(verb, resource)| format!("{verb} {resource}"))
            .collect()
    }

    /// All requests so far.
    pub(crate) fn history(&self) -> Vec<Entry> {
        self.state().history.clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        self.state().history.clear();
    }
}
