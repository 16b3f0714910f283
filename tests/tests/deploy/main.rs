//! Deploys to a cluster: the application from its tree to running, in every way that it can go wrong.

mod apiserver;
mod scenarios;
mod server;
