//! The attributes as users meet them: `tests/macros/fail` at the top of the workspace holds mistakes and
//! what rustc then shows, `tests/macros/pass` what must compile, and runs.
//!
//! After a change that is meant, `TRYBUILD=overwrite cargo test -p cloudc-macros --test attributes` writes the
//! `.stderr` files anew. Read them as a user would.
//!
//! It is a test of this package because trybuild compiles all that its package depends on once more: here that is what
//! an application's tests have, without a pod's program.

#[test]
fn as_users_meet_them() {
    let cases = trybuild::TestCases::new();
    cases.pass("../tests/macros/pass/*.rs");
    cases.compile_fail("../tests/macros/fail/*.rs");
}
