//! Code that is nested without end, and files without measure: an answer, never a crash.

use cloudc_tests::app::App;

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");
const DEEP: usize = 100_000;

/// Something in the middle, `open` before it and `close` after it, many times each.
fn around(open: &str, middle: &str, close: &str) -> String {
    format!("{}{middle}{}", open.repeat(DEEP), close.repeat(DEEP))
}

/// A function with this body.
fn body(body: &str) -> String {
    format!("fn f() {{ {body} }}")
}

fn shapes() -> Vec<(&'static str, String)> {
    vec![
        ("parentheses", body(&around("(", "1", ")"))),
        ("brackets", body(&around("[", "1", "]"))),
        ("braces", body(&around("{", "1", "}"))),
        ("brackets that do not close", body(&"(".repeat(DEEP))),
        ("not", body(&around("!", "true", ""))),
        ("minus", body(&around("-", "1", ""))),
        ("references", body(&around("&", "1", ""))),
        ("dereferences", body(&around("*", "a", ""))),
        ("sums", body(&around("1 + ", "1", ""))),
        ("comparisons", body(&around("a = ", "1", ""))),
        ("method calls", body(&around("", "a", ".b()"))),
        ("fields", body(&around("", "a", ".b"))),
        ("questions", body(&around("", "a", "?"))),
        ("indexes", body(&around("", "a", "[0]"))),
        ("calls", body(&around("f(", "1", ")"))),
        ("casts", body(&around("", "1", " as u8"))),
        ("ranges", body(&around("..", "", ""))),
        ("else if", body(&around("if a {} else ", "{}", ""))),
        ("if", body(&around("if ", "a", " {}"))),
        ("match", body(&around("match a { _ => ", "1", " }"))),
        ("closures", body(&around("|| ", "1", ""))),
        ("return", body(&around("return ", "1", ""))),
        ("async blocks", body(&around("async { ", "1", " }"))),
        ("loops", body(&around("loop { ", "1", " }"))),
        ("labels", body(&around("'a: ", "loop {}", ""))),
        ("functions in functions", around("fn f() { ", "", " }")),
        ("macros in macros", body(&around("m!(", "1", ")"))),
        (
            "tokens of a macro",
            format!("m! {{ {} }}", around("(", "1", ")")),
        ),
        (
            "rules of a macro",
            format!("macro_rules! m {{ () => {{ {} }} }}", around("(", "1", ")")),
        ),
        (
            "arguments of types",
            format!("type T = {};", around("Vec<", "u8", ">")),
        ),
        (
            "references to types",
            format!("type T = {};", around("&", "u8", "")),
        ),
        ("tuples", format!("type T = {};", around("(", "u8", ",)"))),
        ("slices", format!("type T = {};", around("[", "u8", "]"))),
        (
            "function types",
            format!("type T = {};", around("fn() -> ", "u8", "")),
        ),
        (
            "bounds",
            format!("fn f<T: {}>() {{}}", around("A<dyn ", "B", ">")),
        ),
        (
            "long bounds",
            format!("fn f<T: {}>() {{}}", around("A + ", "B", "")),
        ),
        (
            "qualified paths",
            format!("type T = {};", around("<", "u8", " as A>::B")),
        ),
        (
            "long paths",
            format!("type T = {};", around("a::", "B", "")),
        ),
        (
            "patterns",
            body(&format!("let {} = 1;", around("(", "a", ",)"))),
        ),
        (
            "references in patterns",
            body(&format!("let {} = 1;", around("&", "a", ""))),
        ),
        (
            "bindings in patterns",
            body(&format!("let {} = 1;", around("a @ ", "b", ""))),
        ),
        (
            "alternatives",
            body(&format!("let ({}) = 1;", around("a | ", "b", ""))),
        ),
        ("modules", around("mod m { ", "", " }")),
        ("imports", format!("use {};", around("a::{", "b", "}"))),
        ("long imports", format!("use {};", around("a::", "b", ""))),
        (
            "attributes",
            format!("#[a({})] fn f() {{}}", around("(", "1", ")")),
        ),
        (
            "many attributes",
            format!("{} fn f() {{}}", "#[a] ".repeat(DEEP)),
        ),
        (
            "conditions",
            format!("#[cfg({})] fn f() {{}}", around("not(", "unix", ")")),
        ),
        (
            "conditions that add up",
            format!(
                "{} fn f() {{}}",
                (0..2_000)
                    .map(|at| format!("#[cfg(a{at})]"))
                    .collect::<String>()
            ),
        ),
        (
            "conditional attributes",
            format!("#[{}] fn f() {{}}", around("cfg_attr(unix, ", "a", ")")),
        ),
        ("comments", around("/*", "", "*/")),
        (
            "generic defaults",
            format!("struct S<{}>;", around("const A: u8 = { 1 }, ", "B", "")),
        ),
        (
            "values of a key",
            format!(
                "#[cloudc::function(http = {})] async fn f() {{}}",
                around("(", "1", ")")
            ),
        ),
        ("structs", body(&around("A { a: ", "1", " }"))),
    ]
}

#[test]
fn every_shape_has_an_answer() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let all = shapes();
        let halves = all.chunks(all.len().div_ceil(2)).map(<[_]>::to_vec);
        let threads: Vec<_> = halves
            .map(|half| scope.spawn(move || half.into_iter().filter_map(ask).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the answer to one shape.
fn ask((name, code): (&'static str, String)) -> Option<String> {
    let done = App::new(code).run(CLOUDC, "cloudc check");
    let answered = match done.code {
        Some(0) => done.err.contains("nothing to say"),
        Some(1) => done.err.starts_with("error["),
        _ => false,
    };
    let err: String = done.err.chars().take(300).collect();
    (!answered).then(|| format!("{name}: {:?} {err}", done.code))
}

#[test]
fn a_file_of_fifty_megabytes_is_left_alone() {
    let app = App::new("mod table;\n");
    app.write("src/table.rs", "static A: u8 = 1;\n".repeat(3_000_000));
    let done = app.run(CLOUDC, "cloudc check");
    assert_eq!(done.code, Some(1));
    assert!(
        done.err.contains("CC206") && done.err.contains("src/table.rs is larger than 8 MiB"),
        "{}",
        done.err
    );
}
