//! What a pod tells of itself, as a receiver of OTLP and a reader of its log get it. The pod is this program once more, as
//! telemetry belongs to a process and its environment.
#![cfg(feature = "shim")]

mod pod;
mod receiver;
mod told;
