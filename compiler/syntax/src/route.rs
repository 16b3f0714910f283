//! Routes: `POST /orders/{id}`, with the path as axum 0.8 writes it.

use crate::arguments::Argument;
use crate::error::{Error, codes};
use crate::suggest::nearest;
use crate::value;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The method and the path of a route.
pub(crate) fn read(argument: &Argument) -> Result<(String, String), Error> {
    let text = value::string(argument)?;
    parse(&text.value).map_err(|fault| {
        let error = Error::new(codes::BAD_ROUTE, text.span, fault.message, "no route");
        error.help(match fault.instead {
            Some(route) => format!("write `http = \"{route}\"`"),
            None => "write a method and a path: `http = \"GET /orders/{id}\"`".to_owned(),
        })
    })
}

#[derive(Debug)]
struct Fault {
    message: String,
    /// The route to write instead, where one can tell.
    instead: Option<String>,
}

fn fault(message: impl Into<String>, instead: Option<String>) -> Fault {
    Fault {
        message: message.into(),
        instead,
    }
}

fn parse(route: &str) -> Result<(String, String), Fault> {
    let (method, path) = match route.split_whitespace().collect::<Vec<_>>()[..] {
        [] => return Err(fault("the route is empty", None)),
        [path] if path.starts_with('/') => {
            return Err(fault(
                format!("the route `{path}` has no method"),
                Some(format!("GET {path}")),
            ));
        }
        [method] => {
            return Err(fault(
                format!("the route `{method}` has no path"),
                Some(format!("{method} /")),
            ));
        }
        [method, path] => (method, path),
        _ => {
            return Err(fault(
                format!("the route `{route}` has a space in its path"),
                None,
            ));
        }
    };
    if !METHODS.contains(&method) {
        let meant =
            nearest(&method.to_uppercase(), &METHODS).map(|method| format!("{method} {path}"));
        return Err(match meant {
            Some(_) => fault(format!("there is no HTTP method `{method}`"), meant),
            None => fault(
                format!(
                    "there is no HTTP method `{method}`; there are {}",
                    METHODS.join(", ")
                ),
                None,
            ),
        });
    }
    if !path.starts_with('/') {
        return Err(fault(
            format!("the path `{path}` does not begin with `/`"),
            Some(format!("{method} /{path}")),
        ));
    }
    check(path).map_err(|(message, instead)| {
        fault(message, instead.map(|path| format!("{method} {path}")))
    })?;
    if format!("{method} {path}") != route {
        return Err(fault(
            "the route has spaces that do not belong there",
            Some(format!("{method} {path}")),
        ));
    }
    Ok((method.to_owned(), path.to_owned()))
}

/// What is wrong with a path, and the path to write instead where one can tell.
type PathFault = (String, Option<String>);

fn check(path: &str) -> Result<(), PathFault> {
    if let Some((before, _)) = path.split_once(['?', '#']) {
        return Err((
            "a route has no query string; take `Query<…>` as a parameter".to_owned(),
            Some(before.to_owned()),
        ));
    }
    if let Some(bad) = path
        .chars()
        .find(|c| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '|'))
    {
        return Err((
            format!("the path has {bad:?} in it, which a URL only has percent-encoded"),
            None,
        ));
    }
    if path.contains("//") {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        return Err((
            "the path has an empty segment".to_owned(),
            Some(format!("/{}", segments.join("/"))),
        ));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut names = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        if let Some(name) = segment.strip_prefix(':') {
            return Err(old_syntax(path, segment, &format!("{{{name}}}")));
        }
        if let Some(name) = segment.strip_prefix('*') {
            return Err(old_syntax(path, segment, &format!("{{*{name}}}")));
        }
        let Some(name) = parameter(segment)? else {
            continue;
        };
        if name.starts_with('*') && at + 1 != segments.len() {
            return Err((
                format!("`{{{name}}}` takes all that follows, so it can only be last"),
                None,
            ));
        }
        let name = name.trim_start_matches('*');
        if names.contains(&name) {
            return Err((format!("the path has two parameters `{name}`"), None));
        }
        names.push(name);
    }
    Ok(())
}

fn old_syntax(path: &str, old: &str, new: &str) -> PathFault {
    let new_path: Vec<&str> = path
        .split('/')
        .map(|segment| if segment == old { new } else { segment })
        .collect();
    (
        format!("`{old}` is axum's old way to write a parameter"),
        Some(new_path.join("/")),
    )
}

/// The name of a segment's parameter, with the `*` of one that takes the whole rest. As in matchit
/// 0.8, there may be text before a parameter but none after it, and `{{` and `}}` stand for braces.
fn parameter(segment: &str) -> Result<Option<&str>, PathFault> {
    let bytes = segment.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'{', Some(b'{')) | (b'}', Some(b'}')) => at += 2,
            (b'}', _) => return Err((format!("`{segment}` has a `}}` without a `{{`"), None)),
            (b'{', _) => {
                let Some((name, after)) = segment[at + 1..].split_once('}') else {
                    return Err((format!("`{segment}` has a `{{` without a `}}`"), None));
                };
                if !after.is_empty() {
                    return Err((format!("`{{{name}}}` must be the end of its segment"), None));
                }
                let identifier = name.strip_prefix('*').unwrap_or(name);
                return if is_identifier(identifier) {
                    Ok(Some(name))
                } else {
                    Err((
                        format!("`{{{name}}}` is no parameter: `{identifier}` is no identifier"),
                        None,
                    ))
                };
            }
            _ => at += 1,
        }
    }
    Ok(None)
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        for route in [
            "GET /",
            "POST /orders",
            "GET /orders/",
            "GET /orders/{id}",
            "PATCH /orders/{id}/lines/{line_2}",
            "GET /files/{*path}",
            "GET /v-{version}/x",
            "GET /{{braces}}",
            "GET /a:b/c.d~e!$&'()*+,;=@%20",
        ] {
            let (method, path) = parse(route).expect(route);
            assert_eq!(format!("{method} {path}"), route);
        }
    }

    #[test]
    fn faults() {
        for (route, message, instead) in [
            ("", "the route is empty", None),
            (
                "/orders",
                "the route `/orders` has no method",
                Some("GET /orders"),
            ),
            ("GET", "the route `GET` has no path", Some("GET /")),
            ("post /a", "there is no HTTP method `post`", Some("POST /a")),
            ("GTE /a", "there is no HTTP method `GTE`", Some("GET /a")),
            (
                "FETCHALL /a",
                "there is no HTTP method `FETCHALL`; there are GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
                None,
            ),
            (
                "GET a",
                "the path `a` does not begin with `/`",
                Some("GET /a"),
            ),
            (
                "GET /a b",
                "the route `GET /a b` has a space in its path",
                None,
            ),
            (
                " GET  /a",
                "the route has spaces that do not belong there",
                Some("GET /a"),
            ),
            (
                "GET /a?b=c",
                "a route has no query string; take `Query<…>` as a parameter",
                Some("GET /a"),
            ),
            (
                "GET /ä",
                "the path has 'ä' in it, which a URL only has percent-encoded",
                None,
            ),
            (
                "GET //a//b/",
                "the path has an empty segment",
                Some("GET /a/b"),
            ),
            (
                "GET /a/:id/b",
                "`:id` is axum's old way to write a parameter",
                Some("GET /a/{id}/b"),
            ),
            (
                "GET /a/*rest",
                "`*rest` is axum's old way to write a parameter",
                Some("GET /a/{*rest}"),
            ),
            ("GET /{id", "`{id` has a `{` without a `}`", None),
            ("GET /id}", "`id}` has a `}` without a `{`", None),
            ("GET /{}", "`{}` is no parameter: `` is no identifier", None),
            (
                "GET /{a-b}",
                "`{a-b}` is no parameter: `a-b` is no identifier",
                None,
            ),
            (
                "GET /{id}.json",
                "`{id}` must be the end of its segment",
                None,
            ),
            ("GET /{a}/{a}", "the path has two parameters `a`", None),
            (
                "GET /{*a}/b",
                "`{*a}` takes all that follows, so it can only be last",
                None,
            ),
        ] {
            let fault = parse(route).expect_err(route);
            assert_eq!(fault.message, message, "{route}");
            let instead = instead.map(str::to_owned);
            assert_eq!(fault.instead, instead, "{route}");
            if let Some(instead) = instead {
                assert!(parse(&instead).is_ok(), "{instead}");
            }
        }
    }
}
