use cloudc::sometimes;

fn main() {
    let attempt = 1;
    sometimes!(attempt);
    sometimes!(attempt > 1, format!("attempt {attempt}"));
    sometimes!();
}
