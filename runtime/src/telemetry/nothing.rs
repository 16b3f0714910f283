//! Telemetry where there is none.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::StatusCode;
use tokio::time::Instant;
use tracing::Span;

#[cfg(feature = "test")]
use crate::handler::Delivery;

/// Adds nothing to the headers of a message.
pub(crate) fn inject(_headers: &mut BTreeMap<String, String>) {}

/// A request that nobody looks at.
pub(crate) struct Asked;

impl Asked {
    pub(crate) fn new(
        _function: &'static str,
        _route: &'static str,
        _request: &Request,
        _since: Instant,
    ) -> Self {
        Self
    }

    pub(crate) fn span(&self) -> Span {
        Span::none()
    }

    pub(crate) fn answered(self, _status: StatusCode) {}
}

#[cfg(feature = "test")]
pub(crate) fn delivery_span(_function: &str, _queue: &str, _deliveries: &[Delivery]) -> Span {
    Span::none()
}

#[cfg(feature = "test")]
pub(crate) fn delivered(_function: &'static str, _queue: &'static str, _messages: usize) {}

#[cfg(feature = "test")]
pub(crate) fn retried(_function: &'static str, _queue: &'static str) {}

#[cfg(feature = "test")]
pub(crate) fn buried(_function: &'static str, _queue: &'static str) {}

#[cfg(feature = "test")]
pub(crate) fn dropped(_function: &'static str, _queue: &'static str) {}
