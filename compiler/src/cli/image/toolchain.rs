//! Which of rustc's targets makes a static program for a platform on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::image::Platform;
use crate::project::cargo;

use super::flags;

/// How a program is made for a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Toolchain {
    pub(in crate::cli) platform: Platform,
    /// rustc's target.
    pub(in crate::cli) triple: &'static str,
    /// Variables that name the linker, where nobody else has.
    pub(super) variables: Vec<(String, String)>,
}

/// What a machine has.
struct Machine {
    /// rustc's own target.
    host: String,
    sysroot: PathBuf,
    /// Where programs are.
    path: Vec<PathBuf>,
    /// Targets for which somebody named a linker or a C compiler.
    named: Vec<&'static str>,
}

/// Chooses the target: musl, where rustup and a C compiler for it are there, else glibc, linked statically.
///
/// # Errors
///
/// [`codes::PLATFORM_UNAVAILABLE`], with what to install.
pub(in crate::cli) fn choose(platform: Platform, folder: &Path) -> Result<Toolchain, Diagnostic> {
    let folder = &cargo::open(folder)?;
    let words = |arguments: &[&str]| rustc(folder, arguments);
    let version = words(&["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = [platform.musl, platform.gnu]
        .into_iter()
        .filter(|triple| flags::has_linker(folder, triple))
        .collect();
    let machine = Machine {
        host: host.unwrap_or_default().to_owned(),
        sysroot: PathBuf::from(words(&["--print", "sysroot"])?.trim()),
        path: std::env::split_paths(&path).collect(),
        named,
    };
    machine.choose(platform)
}

impl Machine {
    fn choose(&self, platform: Platform) -> Result<Toolchain, Diagnostic> {
        let native = self.host == platform.gnu;
        let mut musl = vec![platform.musl_gcc()];
        if native {
            musl.push("musl-gcc".to_owned());
        }
        let made = |triple, variables| Toolchain {
            platform,
            triple,
            variables,
        };
        // With a C compiler for it: dependencies may have code in C.
        let of_musl = self.named.contains(&platform.musl) || musl.iter().any(|gcc| self.has(gcc));
        if self.has_library(platform.musl) && of_musl {
            return Ok(made(platform.musl, Vec::new()));
        }
        let unavailable = |message: String| Diagnostic::error(codes::PLATFORM_UNAVAILABLE, message);
        if !self.has_library(platform.gnu) {
            let message = format!("rustc has no standard library for {platform}");
            return Err(unavailable(message).help(format!(
                "rustup target add {}, and install a C compiler and linker for it: {}",
                platform.gnu,
                platform.gcc(),
            )));
        }
        if native || self.named.contains(&platform.gnu) {
            return Ok(made(platform.gnu, Vec::new()));
        }
        let gcc = platform.gcc();
        if !self.has(&gcc) {
            let message = format!("there is no linker for {platform}");
            return Err(unavailable(message).help(format!(
                "install {gcc} (in Debian the package gcc-{}), or name a linker in .cargo/config.toml under \
                 [target.{}]",
                platform.tools, platform.gnu,
            )));
        }
        let variable = format!("CARGO_TARGET_{}_LINKER", flags::upper(platform.gnu));
        Ok(made(platform.gnu, vec![(variable, gcc)]))
    }

    fn has_library(&self, triple: &str) -> bool {
        let library = self.sysroot.join("lib/rustlib").join(triple).join("lib");
        library.is_dir()
    }

    fn has(&self, program: &str) -> bool {
        self.path
            .iter()
            .any(|folder| folder.join(program).is_file())
    }
}

fn rustc(folder: &Path, arguments: &[&str]) -> Result<String, Diagnostic> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| {
            Diagnostic::error(codes::PROJECT, format!("cannot run rustc: {error}"))
                .help("install Rust: https://rustup.rs")
        })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    /// A machine with these libraries and programs.
    fn machine(libraries: &[&str], programs: &[&str]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for triple in libraries {
            let library = folder.path().join("lib/rustlib").join(triple).join("lib");
            std::fs::create_dir_all(library).unwrap();
        }
        for program in programs {
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        let machine = Machine {
            host: HOST.to_owned(),
            sysroot: folder.path().to_owned(),
            path: vec![folder.path().to_owned()],
            named: Vec::new(),
        };
        (folder, machine)
    }

    fn chosen(platform: &str, libraries: &[&str], programs: &[&str]) -> Result<Toolchain, String> {
        let (_folder, machine) = machine(libraries, programs);
        machine
            .choose(platform.parse().unwrap())
            .map_err(|found| format!("{}: {}", found.message, found.help.unwrap_or_default()))
    }

    #[test]
    fn musl_where_a_c_compiler_for_it_is_there() {
        let musl = "x86_64-unknown-linux-musl";
        let of = |programs: &[&str]| {
            chosen("linux/amd64", &[HOST, musl], programs)
                .unwrap()
                .triple
        };
        assert_eq!(of(&["musl-gcc"]), musl);
        assert_eq!(of(&["x86_64-linux-musl-gcc"]), musl);
        assert_eq!(of(&[]), HOST);
        assert_eq!(
            chosen("linux/amd64", &[HOST], &["musl-gcc"])
                .unwrap()
                .triple,
            HOST
        );
    }

    #[test]
    fn another_platform_needs_a_library_and_a_linker() {
        let arm = "aarch64-unknown-linux-gnu";
        let said = chosen("linux/arm64", &[HOST], &[]).unwrap_err();
        assert!(said.contains(&format!("rustup target add {arm}")), "{said}");
        let said = chosen("linux/arm64", &[HOST, arm], &["musl-gcc"]).unwrap_err();
        assert!(said.contains("gcc-aarch64-linux-gnu"), "{said}");
        let found = chosen("linux/arm64", &[HOST, arm], &["aarch64-linux-gnu-gcc"]).unwrap();
        let variable = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER".to_owned();
        assert_eq!(found.triple, arm);
        assert_eq!(
            found.variables,
            [(variable, "aarch64-linux-gnu-gcc".to_owned())]
        );
        let (_folder, mut machine) = machine(&[HOST, arm], &[]);
        machine.named = vec![arm];
        let found = machine.choose("linux/arm64".parse().unwrap()).unwrap();
        assert_eq!(found.variables, [], "who names a linker knows better");
    }
}
