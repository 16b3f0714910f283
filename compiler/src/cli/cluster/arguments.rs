//! What the commands that reach a cluster take.

use std::time::Duration;

use clap::Args;

use crate::cli::arguments::ProjectArguments;
use crate::image::Platform;

/// Build the image, push it, and bring the application to a cluster.
///
/// Checks first what the cluster has and allows, makes missing credentials, applies what `cloudc build --image` writes with
/// server-side apply, waits until every workload is ready, and deletes what left the application. It can be cut off and run
/// again at any time.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc deploy examples/shop --env staging --context kind\n  cloudc deploy --canary 10, then cloudc promote or cloudc rollback\n  cloudc deploy --dry-run"
)]
pub(in crate::cli) struct Deploy {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    #[command(flatten)]
    pub(super) waiting: Waiting,
    /// Send this many of a hundred requests to the new release, until `cloudc promote` or `cloudc rollback`. Functions of queues
    /// and schedules follow with the promotion.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(super) canary: Option<u8>,
    /// Ask the cluster what it would make of it, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Make the credentials of this user anew: a workload's, the provisioner's or the operator's.
    // The pods that a canary leaves alone would keep the old ones.
    #[arg(long, value_name = "NAME", conflicts_with = "canary")]
    pub(super) rotate: Vec<String>,
    /// Delete the data of what left the application: a queue's messages, or a server's volume.
    // Who does not wait does not know whether what used it is gone.
    #[arg(long, value_name = "NAME", conflicts_with = "no_wait")]
    pub(super) delete_data: Vec<String>,
    /// The platform of the cluster's nodes.
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<Platform>,
    /// Deploy this image, which is in the registry already, instead of building one: its digest.
    #[arg(long, value_name = "sha256:DIGEST")]
    pub(super) image: Option<String>,
}

/// Show what a deploy would change: in the graph's words, and as the manifests' diff.
///
/// Exit code 0: nothing. 2: something. 1: the code or the cluster says no.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc diff examples/shop --env staging\n  cloudc diff --no-image    # takes the image that runs, so nothing is compiled"
)]
pub(in crate::cli) struct Diff {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    /// Take the image that runs instead of building one.
    #[arg(long)]
    pub(super) no_image: bool,
    /// The platform of the cluster's nodes.
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<Platform>,
}

/// Give a canary every request, and bring the functions of queues and schedules along.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc promote examples/shop --env staging")]
pub(in crate::cli) struct Promote {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    #[command(flatten)]
    pub(super) waiting: Waiting,
}

/// Take a canary back, or deploy what was deployed before.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc rollback examples/shop --env staging\n  cloudc rollback --app shop --to 3"
)]
pub(in crate::cli) struct Rollback {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    #[command(flatten)]
    pub(super) waiting: Waiting,
    /// The number of the release to go back to. [default: the one before]
    #[arg(long, value_name = "NUMBER")]
    pub(super) to: Option<u32>,
}

/// Delete an application from a cluster, and nothing that cloudc did not make.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc destroy examples/shop --env staging\n  cloudc destroy --app shop --yes --delete-data nats"
)]
pub(in crate::cli) struct Destroy {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    /// Do not ask.
    #[arg(long)]
    pub(super) yes: bool,
    /// Delete this server's volume too, with all messages on it.
    #[arg(long, value_name = "NAME")]
    pub(super) delete_data: Vec<String>,
}

/// Make the Secrets that an application's manifests refer to.
///
/// For those who apply the manifests themselves or by GitOps. Secrets that are there stay as they are.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kubectl apply -f target/cloudc/default/manifests/namespace.yaml\n  cloudc credentials examples/shop\n  kubectl apply -k target/cloudc/default/manifests"
)]
pub(in crate::cli) struct Credentials {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    /// Make the credentials of this user anew. Its pods and its server have to be started again afterwards.
    #[arg(long, value_name = "NAME")]
    pub(super) rotate: Vec<String>,
}

/// Which application: the project's, or one by its name.
#[derive(Debug, Args)]
pub(super) struct Which {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// The application by its name, where the source is not at hand. Its namespace is `--namespace` then, not `--env`.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["folder", "package", "features", "all_features", "no_default_features", "env"]
    )]
    pub(super) app: Option<String>,
    /// Its namespace. [default: the application's name]
    #[arg(long, value_name = "NAME", requires = "app")]
    pub(super) namespace: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ClusterArguments {
    /// The kubeconfig's context. [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Waiting {
    /// Do not wait until the workloads are ready.
    #[arg(long)]
    pub(super) no_wait: bool,
    /// How long to wait for all of it: `90s`, `5m`, `1h`.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(super) timeout: Duration,
    /// Take over fields that another field manager has set, and objects that cloudc did not make.
    #[arg(long)]
    pub(super) force_conflicts: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let number: u64 = number
        .parse()
        .map_err(|_| "it is a number and a unit: 90s, 5m, 1h".to_owned())?;
    let seconds = match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        _ => return Err("the unit is s, m or h".to_owned()),
    };
    // Later than any clock goes is of no use to anybody.
    let seconds = seconds.filter(|seconds| *seconds <= 7 * 24 * 3600);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "a week is the most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in [
            "",
            "5",
            "m",
            "-1s",
            "5 m",
            "1d",
            "99999999999999999999s",
            "999999999999999999h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
