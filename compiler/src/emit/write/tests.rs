//! A tree is written whole or not at all.

use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

/// Every file below a folder but the marker, with its text.
fn read(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(MARKER) {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn makes_missing_parents_and_leaves_nothing_beside_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("a/b/out");
    let files = [("graph.json", "{}"), ("manifests/deep/er/x.yaml", "x")];
    write(&tree(&files), &out, false).unwrap();
    assert_eq!(read(&out), owned(&files));
    assert_eq!(names(&dir.path().join("a/b")), ["out"]);
}

#[test]
fn a_stale_file_goes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    write(&tree(&[("a.yaml", "1"), ("old/b.yaml", "1")]), &out, false).unwrap();
    write(&tree(&[("a.yaml", "2")]), &out, false).unwrap();
    assert_eq!(read(&out), owned(&[("a.yaml", "2")]));
    assert_eq!(names(dir.path()), ["out"]);
}

#[test]
fn files_of_a_user_stay_until_forced() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    write(&tree(&[("a.yaml", "1"), ("b.yaml", "1")]), &out, false).unwrap();
    fs::write(out.join("a.yaml"), "mine").unwrap();
    fs::write(out.join("notes.md"), "mine too").unwrap();
    let before = read(&out);
    let refused = write(&tree(&[("a.yaml", "2")]), &out, false).unwrap_err();
    assert_eq!(refused.code, codes::FOREIGN_FILES);
    assert!(
        refused
            .message
            .contains("\n  a.yaml (changed)\n  notes.md (added)"),
        "{}",
        refused.message
    );
    assert!(!refused.message.contains("b.yaml"), "{}", refused.message);
    assert_eq!(read(&out), before);
    write(&tree(&[("a.yaml", "2")]), &out, true).unwrap();
    assert_eq!(read(&out), owned(&[("a.yaml", "2")]));
}

#[test]
fn a_file_that_the_user_removed_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let files = [("a.yaml", "1"), ("b.yaml", "1")];
    write(&tree(&files), &out, false).unwrap();
    fs::remove_file(out.join("a.yaml")).unwrap();
    write(&tree(&files), &out, false).unwrap();
    assert_eq!(read(&out), owned(&files));
}

#[test]
fn a_folder_that_is_not_cloudcs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "years of work").unwrap();
    let refused = write(&tree(&[("a", "1")]), dir.path(), false).unwrap_err();
    assert_eq!(refused.code, codes::FOREIGN_FILES);
    assert_eq!(read(dir.path()), owned(&[("thesis.tex", "years of work")]));
}

#[test]
fn an_empty_folder_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    write(&tree(&[("a", "1")]), dir.path(), false).unwrap();
    assert_eq!(read(dir.path()), owned(&[("a", "1")]));
}

#[test]
fn a_file_in_the_folders_place_stays() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::write(&out, "a file").unwrap();
    for force in [false, true] {
        let refused = write(&tree(&[("a", "1")]), &out, force).unwrap_err();
        assert_eq!(refused.code, codes::WRITE_FAILED);
        assert!(refused.message.contains("out"), "{}", refused.message);
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), "a file");
    assert_eq!(names(dir.path()), ["out"]);
}

#[test]
fn a_parent_that_is_no_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let refused = write(&tree(&[("a", "1")]), &dir.path().join("file/out"), false).unwrap_err();
    assert_eq!(refused.code, codes::WRITE_FAILED);
    assert!(refused.message.contains("file"), "{}", refused.message);
}

#[test]
#[cfg(unix)]
fn a_link_to_the_folder_stays_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    for text in ["1", "2"] {
        write(&tree(&[("a", text)]), &link, false).unwrap();
        assert!(link.is_symlink());
        assert_eq!(read(&real), owned(&[("a", text)]));
    }
}

/// A path that is a file and a folder can't be written, whoever runs the test.
#[test]
fn a_failed_write_leaves_the_old_tree_and_no_rest() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    write(&tree(&[("a.yaml", "1")]), &out, false).unwrap();
    let refused = write(&tree(&[("a", "2"), ("a/b", "2")]), &out, false).unwrap_err();
    assert_eq!(refused.code, codes::WRITE_FAILED);
    assert!(refused.message.contains("out/a/b"), "{}", refused.message);
    assert_eq!(read(&out), owned(&[("a.yaml", "1")]));
    assert_eq!(names(dir.path()), ["out"]);
}
