use super::toy::{Toy, call};
use crate::testing::simulate::margin::Marked;
use crate::testing::trace::What;

fn text(toy: &Toy, failed_at: Option<usize>) -> String {
    let trace = &toy.ran.trace;
    Marked { trace, failed_at }.to_string()
}

fn toy(events: usize, faults: &[usize]) -> Toy {
    let mut toy = Toy::default();
    for at in 0..events {
        if faults.contains(&at) {
            let fault = "charge#1.1:hang".to_owned();
            toy.tell(What::Fault { fault });
        } else {
            toy.effect(&call(1, 1), "step", &at.to_string());
        }
    }
    toy
}

#[test]
fn a_short_trace_is_whole() {
    let text = text(&toy(50, &[3]), Some(49));
    assert_eq!(text.lines().count(), 50);
    let marked: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(
        matches!(&*marked, [fault, step] if fault.starts_with("! 00:") && step.starts_with("> 00:")),
        "{marked:?}"
    );
}

#[test]
fn a_long_trace_is_cut_around_its_marks() {
    insta::assert_snapshot!(text(&toy(1000, &[300, 310]), Some(600)));
}

#[test]
fn a_small_gap_is_none() {
    let text = |events| text(&toy(events, &[]), None);
    assert!(!text(53).contains("left out"));
    assert!(text(54).contains("\n  (4 events are left out)\n"));
}
