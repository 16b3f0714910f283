use crate::testing::simulate::Overrides;

fn read(seed: Option<&str>, faults: Option<&str>) -> Result<Overrides, String> {
    let read = Overrides::read(seed.map(Into::into), faults.map(Into::into));
    read.map_err(|error| error.to_string())
}

#[test]
fn nothing_is_asked_for() {
    assert_eq!(read(None, None), Ok(Overrides::default()));
    assert_eq!(read(Some(""), None), Ok(Overrides::default()));
    assert!(!Overrides::default().is_replay());
}

#[test]
fn a_seed_and_faults() {
    let overrides = read(Some("17"), Some("charge#3.1:lose-ack, restart@2")).unwrap();
    assert_eq!(overrides.seed, Some(17));
    assert_eq!(overrides.faults.as_deref().map(<[_]>::len), Some(2));
    assert!(overrides.is_replay());
    let none = read(None, Some("")).unwrap();
    assert_eq!(none.faults.as_deref(), Some(&[][..]));
    assert!(none.is_replay());
}

#[test]
fn what_cannot_be_read_shows_the_right_form() {
    for seed in ["-1", "seventeen", "1.5", "18446744073709551616"] {
        assert_eq!(
            read(Some(seed), None).unwrap_err(),
            format!(
                "CLOUDC_SEED is `{seed}`, which is no seed; write a whole number from 0 to \
                 18446744073709551615, as a failed simulation prints it: CLOUDC_SEED=17"
            )
        );
    }
    let error = read(Some("17"), Some("charge#3.1:lose-ack,charge:hang")).unwrap_err();
    assert_eq!(
        error,
        "CLOUDC_FAULTS cannot be read: `charge:hang` is no fault: `charge` is no call; write the \
         function and the number of its message or call, and the delivery where it is not the first: \
         `charge#3.2`. Write faults with commas between them: \
         CLOUDC_FAULTS='charge#3.1:lose-ack,charge#3.2:crash@2'"
    );
}
