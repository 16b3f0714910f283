//! A ServiceAccount: a workload's identity, without a token for the cluster's API.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::context::Identity;
use super::object::Object;

/// The account of one part of the application.
pub(super) fn account(identity: &Identity) -> Object {
    ServiceAccount {
        metadata: identity.metadata(),
        automount_service_account_token: Some(false),
        ..Default::default()
    }
    .into()
}
