//! `CLOUDC_RETIRED`: the queues that left the graph, as the manifests tell the provisioner.

use crate::backend::nats::Retired;

/// Reads `orders:dead,parcels:delete`: names of queues, each with `:dead` where it had dead letters, and with `:delete` where its
/// messages are to be destroyed.
///
/// # Errors
///
/// The word that makes no sense. Nothing is guessed where messages may be lost.
pub(super) fn parse(text: &str) -> Result<Vec<Retired>, String> {
    text.split(',').map(one).collect()
}

fn one(text: &str) -> Result<Retired, String> {
    let mut words = text.split(':');
    let queue = words.next().unwrap_or_default();
    let mut retired = Retired {
        queue: queue.to_owned(),
        dead_letter: false,
        delete: false,
    };
    for word in words {
        match word {
            "dead" => retired.dead_letter = true,
            "delete" => retired.delete = true,
            _ => return Err(fault(text)),
        }
    }
    // Else it would be part of a subject, and might mean other streams.
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if queue.is_empty() || !queue.chars().all(is_name) {
        return Err(fault(text));
    }
    Ok(retired)
}

fn fault(text: &str) -> String {
    format!(
        "CLOUDC_RETIRED has {text:?} in it, which is no queue that left the graph; set it to QUEUE, QUEUE:dead, \
         QUEUE:delete or QUEUE:dead:delete, with commas between several"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retired(queue: &str, dead_letter: bool, delete: bool) -> Retired {
        Retired {
            queue: queue.to_owned(),
            dead_letter,
            delete,
        }
    }

    #[test]
    fn what_the_manifests_say() {
        assert_eq!(
            parse("orders,old-parcels:dead,a1:delete,b:dead:delete"),
            Ok(vec![
                retired("orders", false, false),
                retired("old-parcels", true, false),
                retired("a1", false, true),
                retired("b", true, true)
            ])
        );
    }

    #[test]
    fn what_makes_no_sense() {
        for text in [
            "",
            ",",
            "orders,",
            "orders:",
            "orders:all",
            "orders:deleted",
            ":dead",
            ">",
            "a.b",
            "*",
            "A",
            "a b",
        ] {
            let fault = parse(text).expect_err(text);
            assert!(fault.starts_with("CLOUDC_RETIRED has "), "{fault}");
        }
    }
}
