use cloudc::sometimes;

fn main() {
    let attempt = 1;
    sometimes!(attempt);
}
