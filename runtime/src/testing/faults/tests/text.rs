use std::time::Duration;

use crate::testing::faults::{Fault, Kind, List, OperationFault, Place, Words, parse_list};

#[test]
fn every_fault_is_read_as_it_is_written() {
    let all = "charge#3.1:crash@2,charge#3.1:crash@0,charge#3.2:hang,charge#3.1:lose-ack,\
               charge#3.1:late-ack=45s,charge#3.1:redeliver@2,charge#3.1:hold=1m30s,\
               place-order#1.1:slow@2=5s250ms,place-order#1.1:fail@2,place-order#1.1:no-answer@2,\
               charge#3.1:evict@2,charge#3.1:duplicate@2,restart@17,restart-losing@17=2s";
    let faults = parse_list(all).unwrap();
    assert_eq!(faults.len(), 14);
    assert_eq!(List(&faults).to_string(), all);
}

#[test]
fn a_fault_says_what_it_is() {
    let fault: Fault = "place-order#12.3:slow@2=1500ms".parse().unwrap();
    let place = Place {
        function: "place-order".into(),
        run: 12,
        delivery: 3,
    };
    let kind = Kind::Operation {
        call: 2,
        fault: OperationFault::Slow(Duration::from_millis(1500)),
    };
    assert_eq!(fault, Fault::Call { place, kind });
}

#[test]
fn the_first_delivery_may_be_left_out() {
    assert_eq!(
        "charge#3:hang".parse::<Fault>(),
        "charge#3.1:hang".parse::<Fault>()
    );
}

#[test]
fn spaces_and_nothing_are_allowed() {
    assert_eq!(parse_list(" ").unwrap(), []);
    assert_eq!(parse_list("restart@1, a#1:hang").unwrap().len(), 2);
}

#[test]
fn what_is_no_fault_says_why() {
    let cases = [
        (
            "charge#3.1:crush@2",
            "nothing is called `crush`; there are crash@2",
        ),
        (
            "charge#3.1:crash",
            "`crash` needs a number, 0 or more: `crash@2`",
        ),
        (
            "charge#3.1:fail@0",
            "`fail` needs a number, 1 or more: `fail@2`",
        ),
        ("charge#3.1:slow@2", "`slow@2` needs a time: `slow@2=5s`"),
        ("charge#3.1:hold=soon", "`hold` needs a time: `hold=5s`"),
        ("charge#3.1:hold@1=5s", "`hold` takes no number"),
        ("charge#3.1:late-ack@1=5s", "`late-ack` takes no number"),
        ("charge#3.1:hang=5s", "`hang` takes no time"),
        ("charge#3.1:hang@2", "`hang` takes no number"),
        ("charge:hang", "`charge` is no call"),
        ("charge#0:hang", "`charge#0` is no call"),
        ("charge#1.0:hang", "`charge#1.0` is no call"),
        ("#1:hang", "`#1` is no call"),
        ("restart@0", "`restart` needs a number, 1 or more"),
        ("restart@1=2s", "`restart` takes no time"),
        ("restart-losing@1", "`restart-losing@1` needs a time"),
        ("lose-ack", "a fault in a call is like `charge#3.1:crash@2`"),
    ];
    for (text, why) in cases {
        let error = parse_list(text).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("`{text}` is no fault: {why}")),
            "{error}"
        );
    }
}

#[test]
fn each_fault_in_words() {
    let all = "a#1:crash@0,a#1:crash@2,a#1:hang,a#1:lose-ack,a#1:late-ack=45s,a#1:redeliver@3,\
               a#1:hold=1m30s,a#1:slow@1=5s,a#1:fail@2,a#1:no-answer@11,a#1:evict@21,\
               a#1:duplicate@113,restart@102,restart-losing@17=2s";
    let faults = parse_list(all).unwrap();
    let lines: Vec<_> = faults
        .iter()
        .map(|fault| format!("{:<24} {}", fault.to_string(), Words(fault)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
