//! The shop in processes: every workload a process of its own, on a real broker and a real cache server that are set up
//! as their manifests say, with every workload's own credentials.

#[path = "../servers/client.rs"]
#[expect(dead_code, reason = "the tests of the servers ask more")]
mod client;
mod http;
mod pod;
#[path = "../../../runtime/tests/telemetry/receiver.rs"]
#[expect(dead_code, reason = "the tests of the runtime ask more")]
mod receiver;
mod servers;
mod shop;
mod slow;

mod orders;
mod permissions;
mod retired;
mod rolling;
mod schedules;
mod starting;
mod telemetry;
mod trouble;
