//! The steps, in their order.

mod canary;
mod credentials;
mod destroy;
mod diff;
mod first;
mod gitops;
mod hanging;
mod hello;
mod orders;
mod prune;
mod refused;
mod rollback;
mod twice;

use futures_util::future::LocalBoxFuture;

use crate::place::{Needs, Place};

/// One thing that is shown.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: for<'a> fn(&'a mut Place) -> LocalBoxFuture<'a, ()>,
}

impl Step {
    /// Whether the others need it: without it there is no application.
    pub(crate) fn is_first(&self) -> bool {
        self.name == FIRST
    }
}

const FIRST: &str = "from an empty namespace to ready";

/// A list of steps: what each shows, what it needs, and the function that does it.
macro_rules! steps {
    ($($name:expr, $needs:ident, $run:path;)*) => {
        vec![$(Step { name: $name, needs: Needs::$needs, run: |place| Box::pin($run(place)) }),*]
    };
}

/// All of them. Each goes on where the one before left the cluster.
pub(crate) fn steps() -> Vec<Step> {
    steps! {
        "a wrong context is named with those that there are", Nothing, refused::wrong_context;
        "an API server that nobody hears is said", Nothing, refused::unreachable;
        FIRST, Nothing, first::deploy;
        "the same again changes nothing", Nothing, first::again;
        "orders wake the services and their consumers", Requests, orders::wake;
        "a change is told in the graph's words", Nothing, diff::change;
        "a field of another owner is refused, and taken when asked to", Nothing, refused::conflict;
        "rights that are missing are listed together", Nothing, refused::few_rights;
        "a deploy that is interrupted goes on when it is repeated", Nothing, twice::interrupted;
        "of two deploys at once the second waits", Nothing, twice::at_once;
        "a canary gets a tenth, and consumers stay", Nothing, canary::share;
        "orders are charged beside a canary", Requests, orders::beside_a_canary;
        "a promotion gives it all", Nothing, canary::promote;
        "a rollback takes a canary back", Nothing, canary::rollback;
        "orders are charged after the rollback", Requests, orders::flow;
        "a rollback brings the release before and its image", Nothing, rollback::before;
        "a rollback brings the release that is named", Nothing, rollback::named;
        "one user's credentials are made anew, and its pods start again", Nothing, credentials::rotate;
        "orders are charged by the new credentials", Requests, orders::after_a_rotation;
        "messages of a queue that left are kept until they are named", Requests, prune::messages;
        "what left the application is deleted, and nothing else", Nothing, prune::restocking;
        "a deploy that does not wait is gone on with", Nothing, hanging::not_waited_for;
        "an image that cannot be pulled is said", Images, hanging::image;
        "a pod that no node takes is said", Images, hanging::unscheduled;
        "a quota that is used up is said", Images, hanging::quota;
        "a program that cannot start is said", Images, hanging::program;
        "a broker that cannot start gives way to one that can", Images, hanging::image_of_the_broker;
        "a destruction keeps the volume", Nothing, destroy::keeps;
        "with its data the namespace goes too", Nothing, destroy::everything;
        "manifests and credentials come up without a deploy", Kubectl, gitops::apply;
        "an application without Knative and KEDA", Nothing, hello::deploy;
    }
}
