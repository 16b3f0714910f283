//! Security contexts: Pod Security `restricted`, and a little more.

use k8s_openapi::api::core::v1::{
    Capabilities, PodSecurityContext, SeccompProfile, SecurityContext,
};

/// The user and group of every container: above the ids that a node's own users have.
const USER: i64 = 65532;

/// The container's: alone enough for `restricted`, so a Knative Service needs no other.
pub(super) fn container() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            add: None,
        }),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        seccomp_profile: Some(seccomp()),
        ..Default::default()
    }
}

/// The pod's.
pub(super) fn pod() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        seccomp_profile: Some(seccomp()),
        ..Default::default()
    }
}

/// The pod's, with a volume that its user may write to.
pub(super) fn pod_with_volume() -> PodSecurityContext {
    PodSecurityContext {
        fs_group: Some(USER),
        // Without it the kubelet walks the whole volume at each start.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        ..pod()
    }
}

fn seccomp() -> SeccompProfile {
    SeccompProfile {
        type_: "RuntimeDefault".to_owned(),
        localhost_profile: None,
    }
}
