//! Servers that stand still.

/// Waits until a process that was told to stand still does: the signal alone does not wait.
pub(crate) fn stands_still(process: u32) {
    let threads = || std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    let stopped = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.expect("a thread").path().join("stat"));
        // The state comes after the name in parentheses. A thread that ended meanwhile does nothing more.
        stat.map_or(true, |stat| {
            stat.rsplit(')')
                .next()
                .unwrap_or_default()
                .starts_with(" T")
        })
    };
    while !threads().all(stopped) {
        std::thread::yield_now();
    }
}
