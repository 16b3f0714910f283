//! A test, as its attribute describes it.

/// temp
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// n
    pub name: &'static str,
    /// p
    pub package: &'static str,
    /// s
    pub seed: Option<u64>,
    /// t
    pub start: Option<&'static str>,
}
impl Case {
    pub(crate) fn start(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600)
    }
    pub(crate) fn path(&self) -> &'static str {
        self.name
            .split_once("::")
            .map_or(self.name, |(_, path)| path)
    }
}
/// What a body ends with.
pub trait Ended {
    /// e
    fn ended(self) -> Result<(), String>;
}
impl Ended for () {
    fn ended(self) -> Result<(), String> {
        Ok(())
    }
}
impl<E: std::fmt::Debug> Ended for Result<(), E> {
    fn ended(self) -> Result<(), String> {
        self.map_err(|e| format!("{e:?}"))
    }
}
