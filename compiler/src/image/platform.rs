//! What an image runs on, in the words of registries and of rustc.

use std::fmt;
use std::str::FromStr;

/// An operating system and an architecture, as the OCI image specification names them: those of Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux/arm64`
    pub name: &'static str,
    /// `arm64`
    pub architecture: &'static str,
    /// `v7`, where an architecture has several.
    pub variant: Option<&'static str>,
    /// rustc's target with a C library that is made to be linked statically.
    pub musl: &'static str,
    /// rustc's target with glibc, which can be linked statically too.
    pub gnu: &'static str,
    /// What the names of the platform's GNU tools start with: `aarch64-linux-gnu`.
    pub tools: &'static str,
    /// The number of its processors in an ELF file.
    pub machine: u16,
}

/// Every platform that images are made for.
pub const PLATFORMS: [Platform; 6] = [
    Platform {
        name: "linux/amd64",
        architecture: "amd64",
        variant: None,
        musl: "x86_64-unknown-linux-musl",
        gnu: "x86_64-unknown-linux-gnu",
        tools: "x86_64-linux-gnu",
        machine: 62,
    },
    Platform {
        name: "linux/arm64",
        architecture: "arm64",
        variant: None,
        musl: "aarch64-unknown-linux-musl",
        gnu: "aarch64-unknown-linux-gnu",
        tools: "aarch64-linux-gnu",
        machine: 183,
    },
    Platform {
        name: "linux/arm/v7",
        architecture: "arm",
        variant: Some("v7"),
        musl: "armv7-unknown-linux-musleabihf",
        gnu: "armv7-unknown-linux-gnueabihf",
        tools: "arm-linux-gnueabihf",
        machine: 40,
    },
    Platform {
        name: "linux/ppc64le",
        architecture: "ppc64le",
        variant: None,
        musl: "powerpc64le-unknown-linux-musl",
        gnu: "powerpc64le-unknown-linux-gnu",
        tools: "powerpc64le-linux-gnu",
        machine: 21,
    },
    Platform {
        name: "linux/riscv64",
        architecture: "riscv64",
        variant: None,
        musl: "riscv64gc-unknown-linux-musl",
        gnu: "riscv64gc-unknown-linux-gnu",
        tools: "riscv64-linux-gnu",
        machine: 243,
    },
    Platform {
        name: "linux/s390x",
        architecture: "s390x",
        variant: None,
        musl: "s390x-unknown-linux-musl",
        gnu: "s390x-unknown-linux-gnu",
        tools: "s390x-linux-gnu",
        machine: 22,
    },
];

impl Platform {
    /// The C compiler and linker for glibc.
    pub fn gcc(&self) -> String {
        format!("{}-gcc", self.tools)
    }

    /// The same for musl: `aarch64-linux-musl-gcc`.
    pub fn musl_gcc(&self) -> String {
        format!("{}-gcc", self.tools.replace("linux-gnu", "linux-musl"))
    }
}

/// What most clusters run, whatever machine cloudc runs on.
impl Default for Platform {
    fn default() -> Self {
        PLATFORMS[0]
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Platform {
    type Err = String;

    /// `linux/arm64`, or `linux/arm64/v8`, which is the same.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = match text {
            "linux/arm64/v8" => "linux/arm64",
            name => name,
        };
        let known = PLATFORMS.iter().find(|platform| platform.name == name);
        known.copied().ok_or_else(|| {
            let names = PLATFORMS.map(|platform| platform.name);
            format!("there are: {}", names.join(", "))
        })
    }
}
