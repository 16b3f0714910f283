//! The pages of `cloudc explain`: each one has what a reader looks for.

use cloudc_compiler::codes::{self, PAGES};

/// The language and the text of each fenced block of a page.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .collect()
}

#[test]
fn every_page_has_a_title_a_wrong_and_a_right_example() {
    for (code, page) in PAGES {
        let title = page.lines().next().unwrap_or_default();
        let words = title.strip_prefix(&format!("# {code}: "));
        assert!(
            words.is_some_and(|words| !words.is_empty() && !words.ends_with('.')),
            "{code}.md must start with `# {code}: ` and a few words: {title}"
        );
        let headings: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(headings, ["## Wrong", "## Right"], "{code}.md");
        assert_eq!(blocks(page).len(), 2, "{code}.md: one block each");
        for section in page.split("\n## ").skip(1) {
            assert_eq!(
                blocks(section).len(),
                1,
                "{code}.md: each section has its block"
            );
        }
        let why = page.split("\n## ").next().unwrap_or_default();
        assert!(why.lines().count() > 2, "{code}.md says why it matters");
    }
}

#[test]
fn examples_are_what_they_say() {
    for (code, page) in PAGES {
        for (which, (language, text)) in ["wrong", "right"].into_iter().zip(blocks(page)) {
            let parses = match language {
                "rust" => syn::parse_file(text).is_ok(),
                "toml" => toml::from_str::<toml::Table>(text).is_ok(),
                "text" => true,
                other => panic!("{code}.md: no example is in {other:?}"),
            };
            let is_meant_to = !(which == "wrong" && *code == codes::SYNTAX);
            assert_eq!(parses, is_meant_to, "{code}.md: the {which} example");
        }
    }
}

#[test]
fn codes_are_in_order_and_found_by_their_letters() {
    assert!(
        PAGES.is_sorted_by(|a, b| a.0 < b.0),
        "sort the table of codes"
    );
    assert_eq!(
        codes::find("cc305").map(|(code, _)| code),
        Some(codes::TWO_CONSUMERS)
    );
    assert_eq!(codes::find("CC999"), None);
}
