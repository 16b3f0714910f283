//! The user's credentials: a folder of files, as the pods have it.

use std::io;
use std::path::Path;

use async_nats::ConnectOptions;

use super::failure::Failure;

/// Connects as the user of this folder; as nobody without one.
pub(super) fn read(folder: Option<&Path>) -> Result<ConnectOptions, Failure> {
    let options = ConnectOptions::new();
    // An empty variable is an unset one.
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(options);
    };
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(Failure::Credentials(format!("{shown} is no folder")));
    }
    let authorities = folder.join("ca.crt");
    let options = match file(folder, "ca.crt")? {
        // As the pods do: a broker of one's own has a certificate of one's own.
        Some(_) => options.add_root_certificates(authorities),
        None => options,
    };
    if let Some(seed) = file(folder, "seed")? {
        return Ok(options.nkey(seed));
    }
    if let Some(creds) = file(folder, "creds")? {
        // The error would quote the file.
        return options
            .credentials(&creds)
            .map_err(|_| Failure::Credentials(format!("{shown}/creds is no file of credentials")));
    }
    if let Some(token) = file(folder, "token")? {
        return Ok(options.token(token));
    }
    match (file(folder, "user")?, file(folder, "password")?) {
        (Some(user), Some(password)) => Ok(options.user_and_password(user, password)),
        (Some(_), None) => Err(Failure::Credentials(format!(
            "{shown} has a file `user` and no `password`"
        ))),
        (None, Some(_)) => Err(Failure::Credentials(format!(
            "{shown} has a file `password` and no `user`"
        ))),
        (None, None) => Err(Failure::Credentials(format!("{shown} has no credentials"))),
    }
}

/// What stands in a file, without the line break that editors leave; `None` where there is no file.
fn file(folder: &Path, name: &str) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Credentials(format!(
            "cannot read {}: {error}",
            folder.join(name).display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        match read(Some(folder.path())) {
            Ok(_) => None,
            Err(Failure::Credentials(why)) => Some(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_form_is_taken_and_half_of_one_is_refused() {
        assert_eq!(refused(&[("seed", "SUAA\n")]), None);
        assert_eq!(refused(&[("token", "t")]), None);
        assert_eq!(refused(&[("user", "u"), ("password", "p")]), None);
        assert!(refused(&[]).is_some_and(|why| why.contains("no credentials")));
        assert!(refused(&[("user", "u")]).is_some_and(|why| why.contains("no `password`")));
        assert!(refused(&[("password", "u")]).is_some_and(|why| why.contains("no `user`")));
    }

    #[test]
    fn nothing_of_a_file_is_quoted() {
        let why = refused(&[("creds", "s3cret")]).expect("it is refused");
        assert!(!why.contains("s3cret"), "{why}");
    }

    #[test]
    fn no_folder_is_nobody_and_a_wrong_one_is_refused() {
        assert!(read(None).is_ok());
        assert!(read(Some(Path::new(""))).is_ok());
        assert!(read(Some(Path::new("not/there"))).is_err());
    }
}
