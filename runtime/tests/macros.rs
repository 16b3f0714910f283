//! The attributes as users meet them: `tests/macros/fail` at the top of the workspace holds mistakes and
//! what rustc then shows, `tests/macros/pass` what must compile, and runs.
//!
//! After a change that is meant, `TRYBUILD=overwrite cargo test -p cloudc --test macros` writes the
//! `.stderr` files anew. Read them as a user would.
//!
//! It is a test of this package, and not of `cloudc-tests`, because trybuild compiles all that the
//! package depends on once more.

#[test]
fn macros() {
    let cases = trybuild::TestCases::new();
    cases.pass("../tests/macros/pass/*.rs");
    cases.compile_fail("../tests/macros/fail/*.rs");
}
