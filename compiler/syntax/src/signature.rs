//! Which functions can be handlers and tests.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{FnArg, Safety, Signature, Type};

use crate::error::{Error, codes};

/// Whether a signature can be a handler's; reports why not. The trigger is the one of the attribute,
/// if it has one.
pub(crate) fn check(sig: &Signature, trigger: Option<&str>, errors: &mut Vec<Error>) -> bool {
    let before = errors.len();
    free(sig, "a trigger", errors);
    let name = &sig.ident;
    let parameters = sig.inputs.len();
    let (allowed, message, label, help) = match trigger {
        Some("queue") if parameters != 1 => (
            1,
            format!("`{name}` has {parameters} parameters; a queue function has one"),
            "exactly one parameter",
            format!("take the payload: `async fn {name}(order: Order)`"),
        ),
        Some("schedule") if parameters != 0 => (
            0,
            format!("`{name}` has parameters; a schedule brings none"),
            "no parameters",
            format!("write `async fn {name}()`"),
        ),
        _ => return errors.len() == before,
    };
    let error = Error::new(codes::WRONG_ITEM, name.span(), message, label);
    errors.push(error.over(surplus(sig, allowed)).help(help));
    false
}

/// Reports what keeps `by`, which is a trigger or a test, from calling a function: it has to be a free
/// `async fn` of fixed types.
pub(crate) fn free(sig: &Signature, by: &str, errors: &mut Vec<Error>) {
    let name = &sig.ident;
    let mut report = |place: TokenStream, message: String, label: &str, help: String| {
        let error = Error::new(codes::WRONG_ITEM, name.span(), message, label);
        errors.push(error.over(place).help(help));
    };
    if sig.asyncness.is_none() {
        report(
            sig.fn_token.to_token_stream(),
            format!("`{name}` is not async"),
            "not `async`",
            format!("write `async fn {name}`"),
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        report(
            token.to_token_stream(),
            format!("`{name}` is unsafe, and {by} can promise nothing"),
            "unsafe",
            format!("write `async fn {name}`"),
        );
    }
    if let Some(abi) = &sig.abi {
        report(
            abi.to_token_stream(),
            format!("`{name}` has a foreign calling convention"),
            "foreign",
            format!("write `async fn {name}`"),
        );
    }
    if let Some(variadic) = &sig.variadic {
        report(
            variadic.dots.to_token_stream(),
            format!("`{name}` takes any number of parameters"),
            "variadic",
            "name each parameter".to_owned(),
        );
    }
    if !sig.generics.params.is_empty() {
        report(
            sig.generics.params.to_token_stream(),
            format!("`{name}` is generic, and {by} chooses no types"),
            "generic",
            "write the types that it runs with".to_owned(),
        );
    }
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => report(
                receiver.self_token.to_token_stream(),
                format!("`{name}` is a method, and {by} has no `self`"),
                "a method",
                format!("write a free function `async fn {name}`"),
            ),
            FnArg::Typed(parameter) => {
                if let Type::ImplTrait(ty) = &*parameter.ty {
                    report(
                        ty.to_token_stream(),
                        format!("`{name}` is generic, and {by} chooses no types"),
                        "generic",
                        "write the type that it runs with".to_owned(),
                    );
                }
            }
        }
    }
}

/// The parameters that are too many; where there are too few, the function's name.
pub(crate) fn surplus(sig: &Signature, allowed: usize) -> TokenStream {
    let surplus: TokenStream = sig
        .inputs
        .iter()
        .skip(allowed)
        .map(ToTokens::to_token_stream)
        .collect();
    if surplus.is_empty() {
        sig.ident.to_token_stream()
    } else {
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(sig: &str, trigger: Option<&str>) -> Vec<String> {
        let sig = syn::parse_str(sig).expect(sig);
        let mut errors = Vec::new();
        let fits = check(&sig, trigger, &mut errors);
        assert_eq!(fits, errors.is_empty());
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn handlers() {
        for (sig, trigger) in [
            ("async fn f()", "http"),
            ("async fn f(a: A, (b, c): B) -> impl IntoResponse", "http"),
            ("async fn f(Json(a): Json<A>) where A: B", "queue"),
            ("async fn f() -> Result<(), E>", "schedule"),
        ] {
            assert!(mistakes(sig, Some(trigger)).is_empty(), "{sig}");
        }
    }

    #[test]
    fn others() {
        for (sig, trigger, message) in [
            ("fn f()", None, "`f` is not async"),
            (
                "async unsafe fn f()",
                None,
                "`f` is unsafe, and a trigger can promise nothing",
            ),
            (
                "async extern \"C\" fn f()",
                None,
                "`f` has a foreign calling convention",
            ),
            (
                "async fn f<T>(t: T)",
                None,
                "`f` is generic, and a trigger chooses no types",
            ),
            (
                "async fn f<const N: usize>()",
                None,
                "`f` is generic, and a trigger chooses no types",
            ),
            (
                "async fn f(t: impl T)",
                None,
                "`f` is generic, and a trigger chooses no types",
            ),
            (
                "async fn f(&self)",
                None,
                "`f` is a method, and a trigger has no `self`",
            ),
            (
                "async fn f()",
                Some("queue"),
                "`f` has 0 parameters; a queue function has one",
            ),
            (
                "async fn f(a: A, b: B)",
                Some("queue"),
                "`f` has 2 parameters; a queue function has one",
            ),
            (
                "async fn f(a: A)",
                Some("schedule"),
                "`f` has parameters; a schedule brings none",
            ),
        ] {
            assert_eq!(mistakes(sig, trigger), [message], "{sig}");
        }
    }
}
