//! What the values of `cloudc.toml` must look like.

use std::net::IpAddr;

use crate::graph::{Setting, quantity};

use super::reader::Reader;
use super::{Address, Target};

const LABEL: &str = "write lower-case letters, digits and `-`, at most 63, that start and end with a letter or digit";
const SUBDOMAIN: &str = "write lower-case letters, digits, `-` and `.`; every part starts and ends with a letter or digit";

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

/// The namespace of an application: none of the cluster's own.
pub(super) fn namespace(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let text = checked(reader, key, is_label, LABEL)?;
    if super::model::is_system(&text.value) {
        let help = "write a namespace of the application's own: cloudc makes it, and puts limits on its pods";
        let message = format!(
            "`{key}` cannot be `{}`: it is the cluster's own",
            text.value
        );
        reader.bad(text.span, message, help);
        return None;
    }
    Some(text.value)
}

/// A name that Kubernetes takes for a namespace.
pub(super) fn name(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    checked(reader, key, is_label, LABEL).map(|text| text.value)
}

/// A list of namespaces.
pub(super) fn names(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    list(reader, key, is_label, LABEL)
}

/// The name of a Secret.
pub(super) fn secret(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    checked(reader, key, is_subdomain, SUBDOMAIN).map(|text| text.value)
}

/// A list of Secrets.
pub(super) fn secrets(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    list(reader, key, is_subdomain, SUBDOMAIN)
}

fn list(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    good: impl Fn(&str) -> bool,
    help: &str,
) -> Option<Vec<String>> {
    let names = reader.texts(key)?;
    for name in names.iter().filter(|name| !good(&name.value)) {
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

/// A subdomain of RFC 1123: labels with dots between them.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// An account of a NATS server, whose names are any text.
pub(super) fn account(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let help = "write the account's name exactly as the server has it";
    let good = |text: &str| !text.trim().is_empty();
    checked(reader, key, good, help).map(|text| text.value)
}

/// A Kubernetes quantity of at least so many MiB: with less, a server would start and keep nothing, or
/// understand "no bound".
pub(super) fn quantity(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    least: u32,
) -> Option<String> {
    let good = |text: &str| quantity::parse(text).is_ok();
    let text = checked(reader, key, good, "write a quantity: `256Mi`, `10Gi`")?;
    let bytes = quantity::parse(&text.value).map_or(0, quantity::Quantity::units);
    if bytes < u128::from(least) << 20 {
        let message = format!(
            "`{key}` is `{}`, which is too little to work with",
            text.value
        );
        reader.bad(text.span, message, format!("write at least `{least}Mi`"));
        return None;
    }
    Some(text.value)
}

/// The first part of an image's name: a host, maybe a port, maybe folders.
pub(super) fn registry(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    let help = "write it as an image's name starts, without `https://` and without a `/` at the end: \
                `registry.example.com/team`";
    checked(reader, key, is_registry, help).map(|text| text.value)
}

/// Parts between `/`, each of which starts and ends with a letter or digit; the first may have a port.
fn is_registry(text: &str) -> bool {
    let part = |text: &str| {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        ends.iter()
            .all(|end| end.is_some_and(|end| alphanumeric(*end)))
            && bytes
                .iter()
                .all(|byte| alphanumeric(*byte) || b".-_".contains(byte))
    };
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let first = match first.split_once(':') {
        Some((host, port)) => part(host) && port.parse::<u16>().is_ok_and(|port| port != 0),
        None => part(first),
    };
    first && parts.all(part)
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
