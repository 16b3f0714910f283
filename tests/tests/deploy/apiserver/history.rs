//! What was asked of the server.

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The method.
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    /// The query's pairs, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The media type of the body.
    pub(crate) content_type: String,
    /// The field manager, empty where none is named.
    pub(crate) manager: String,
    /// The status that was answered; `None` where the connection was cut.
    pub(crate) status: Option<u16>,
}

impl Entry {
    /// Whether the request writes: reviews and dry runs do not.
    pub(crate) fn writes(&self) -> bool {
        let dry = self
            .query
            .iter()
            .any(|(key, value)| key == "dryRun" && value == "All");
        self.method != "GET" && !dry && !self.path.starts_with("/apis/authorization.k8s.io/")
    }

    /// `PATCH /api/v1/namespaces/shop`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
