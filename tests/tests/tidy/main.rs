//! The rules of the house, held by tests. Each rule takes the repository's files and returns its
//! complaints, and each has a test of its own that breaks it.

mod architecture;
mod layout;
mod paths;
mod tree;
mod words;

use tree::Tree;

/// Fails with all complaints of a rule about this repository.
fn hold(rule: fn(&Tree) -> Vec<String>) {
    let complaints = rule(&Tree::of_this_repository());
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n"));
}

macro_rules! rules {
    ($($file:ident::$rule:ident;)*) => {
        $(#[test] fn $rule() { hold($file::$rule); })*
    };
}

rules! {
    architecture::the_grammar_is_parsed_in_one_package;
    architecture::the_grammar_does_no_io;
    architecture::syn_ends_at_lift;
    architecture::the_core_is_pure;
    architecture::no_phase_imports_a_later_one;
    architecture::yaml_is_made_in_one_module;
    layout::top_level_folders_are_the_known_ones;
    layout::licences_are_there;
    layout::examples_have_snapshots;
    layout::the_readme_starts_with_the_two_commands;
    words::files_are_small;
    words::no_test_is_ignored;
    words::nothing_is_left_to_do;
    words::no_private_paths;
}
