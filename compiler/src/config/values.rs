//! What the values of `cloudc.toml` must look like.

use std::net::IpAddr;

use crate::graph::{Setting, quantity};

use super::reader::Reader;
use super::{Address, Target};

/// A text that this test takes; any other is reported with this help.
fn checked(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    good: impl Fn(&str) -> bool,
    help: &str,
) -> Option<Setting<String>> {
    let text = reader.text(key)?;
    if good(&text.value) {
        return Some(text);
    }
    reader.bad(
        text.span,
        format!("`{key}` cannot be `{}`", text.value),
        help,
    );
    None
}

/// A name that Kubernetes takes for a namespace or a Secret.
pub(super) fn name(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let help = "write lower-case letters, digits and `-`, at most 63, that start and end with a letter or digit";
    checked(reader, key, is_label, help).map(|text| text.value)
}

/// A list of such names.
pub(super) fn names(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let names = reader.texts(key)?;
    for name in names.iter().filter(|name| !is_label(&name.value)) {
        let help = "write lower-case letters, digits and `-`, at most 63";
        reader.bad(
            name.span,
            format!("`{}` is no name in Kubernetes", name.value),
            help,
        );
    }
    Some(names.into_iter().map(|name| name.value).collect())
}

/// What `--env` may be given. `default` is the folder of a build without one.
pub(super) fn is_environment(text: &str) -> bool {
    is_label(text) && text != "default"
}

/// A label of RFC 1123.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A positive Kubernetes quantity.
pub(super) fn quantity(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let good = |text: &str| quantity::parse(text).is_ok();
    checked(reader, key, good, "write a quantity: `256Mi`, `10Gi`").map(|text| text.value)
}

/// The first part of an image's name: a host, maybe a port, maybe folders.
pub(super) fn registry(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"./-_:".contains(&byte);
    let good = |text: &str| {
        text.bytes().all(allowed)
            && !text.contains("://")
            && text.split('/').all(|part| !part.is_empty())
    };
    let help = "write it as an image's name starts, without `https://` and without a `/` at the end: \
                `registry.example.com/team`";
    checked(reader, key, good, help).map(|text| text.value)
}

/// An image with a tag that stays, or a digest.
pub(super) fn image(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let good = |text: &str| {
        let last = text.rsplit('/').next().unwrap_or(text);
        let pinned = last.split_once('@').or_else(|| last.split_once(':'));
        let spaced = text.contains(char::is_whitespace);
        !spaced
            && pinned
                .is_some_and(|(name, tag)| !name.is_empty() && !tag.is_empty() && tag != "latest")
    };
    let help = "write an image with its version or digest: `registry.example.com/nats:2.15.1`";
    checked(reader, key, good, help).map(|text| text.value)
}

/// A host and a port.
pub(super) fn address(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Address> {
    let text = checked(
        reader,
        key,
        |text| parse_address(text).is_some(),
        "write host and port, without `nats://` or `redis://`: `nats.messaging.svc:4222`",
    )?;
    parse_address(&text.value)
}

fn parse_address(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let named = !host.is_empty() && host.bytes().all(allowed);
    let ipv6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let ipv6 = ipv6.is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (named || ipv6).then(|| Address {
        host: host.to_owned(),
        port,
    })
}

/// A range of addresses.
pub(super) fn cidr(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let help = "write an address and the length of its prefix: `203.0.113.0/24`, `203.0.113.7/32`";
    checked(reader, key, is_cidr, help).map(|text| text.value)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    !prefix.starts_with('+') && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= most)
}

/// A target.
pub(super) fn target(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Target> {
    let known = [Target::Knative, Target::Kubernetes];
    let text = reader.text(key)?;
    let found = known
        .into_iter()
        .find(|target| target.to_string() == text.value);
    if found.is_none() {
        let help = super::one_of(
            &text.value,
            &known
                .map(|target| target.to_string())
                .each_ref()
                .map(String::as_str),
        );
        reader.bad(
            text.span,
            format!("there is no target `{}`", text.value),
            help,
        );
    }
    found
}
