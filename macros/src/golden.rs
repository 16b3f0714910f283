//! What the attributes expand to, in `snapshots/macros` at the top of the workspace. A registration is
//! shown as a constant: the tokens of the macro that it is in would not be laid out.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{File, Item};

use crate::{function, resource, testing};

fn golden(name: &str, expansion: TokenStream) {
    let mut file: File = syn::parse2(expansion).expect("an expansion is items");
    file.items.iter_mut().for_each(lay_out);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../../snapshots/macros");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, prettyplease::unparse(&file)));
}

fn lay_out(item: &mut Item) {
    if let Item::Macro(call) = item
        && let Some(name) = call.mac.path.segments.last()
        && name.ident == "submit"
    {
        let value = &call.mac.tokens;
        *item = syn::parse_quote!(const SUBMITTED: _ = #value;);
    }
}

#[test]
fn http() {
    golden(
        "http",
        function::expand(
            quote!(http = "POST /orders/{id}", scale = 0..=50),
            quote! {
                /// Changes an order.
                #[tracing::instrument]
                pub async fn change_order(
                    Path(id): Path<u32>,
                    Json(order): Json<Order>,
                ) -> Result<Json<Receipt>, Problem> {
                    todo!()
                }
            },
        ),
    );
}

#[test]
fn http_without_parameters() {
    golden(
        "http_without_parameters",
        function::expand(
            quote!(
                http = "GET /",
                service = "front",
                concurrency = 5,
                scale = 1..
            ),
            quote! {
                async fn index() -> impl IntoResponse {
                    "hello"
                }
            },
        ),
    );
}

#[test]
fn message() {
    golden(
        "message",
        function::expand(
            quote!(queue = queues::ORDERS),
            quote! {
                async fn charge(order: Message<Order>) -> Result<(), Error> {
                    Ok(())
                }
            },
        ),
    );
}

#[test]
fn batch() {
    golden(
        "batch",
        function::expand(
            quote!(queue = ORDERS, batch = 100),
            quote! {
                async fn r#move(orders: Vec<Order>) {}
            },
        ),
    );
}

#[test]
fn schedule() {
    golden(
        "schedule",
        function::expand(
            quote!(
                schedule = "0 3 * * 1-5",
                timezone = "Europe/Berlin",
                timeout = "5m"
            ),
            quote! {
                async fn refresh() -> Result<(), Error> {
                    Ok(())
                }
            },
        ),
    );
}

#[test]
fn queue() {
    golden(
        "queue",
        resource::expand_queue(
            quote!(max_deliveries = 5, ack_wait = "30s", dead_letter = true),
            quote! {
                /// Orders that wait to be charged.
                pub static NEW_ORDERS: cloudc::Queue<Order>;
            },
        ),
    );
}

#[test]
fn cache() {
    golden(
        "cache",
        resource::expand_cache(
            quote!(name = "price-list", ttl = "1m30s"),
            quote! {
                static PRICES: Cache<Sku, Price>;
            },
        ),
    );
}

#[test]
fn test() {
    golden(
        "test",
        testing::expand_test(
            quote!(seed = 7, start = "2026-03-28T00:00:00Z"),
            quote! {
                /// Each order is charged.
                #[should_panic]
                async fn an_order_is_charged(mut world: World) -> Result<(), Problem> {
                    world.until_idle().await;
                    Ok(())
                }
            },
        ),
    );
}

#[test]
fn test_without_a_world() {
    golden(
        "test_without_a_world",
        testing::expand_test(
            quote!(),
            quote! {
                async fn r#move() {
                    ORDERS.send(&order()).await?;
                }
            },
        ),
    );
}

#[test]
fn simulate() {
    golden(
        "simulate",
        testing::expand_simulate(
            quote!(runs = 1000),
            quote! {
                pub async fn never_charged_twice(world: World) {}
            },
        ),
    );
}

#[test]
fn mistakes_of_a_test() {
    golden(
        "mistakes_of_a_test",
        testing::expand_test(
            quote!(sed = 7),
            quote! {
                #[test]
                fn index<T>(world: World) {}
            },
        ),
    );
}

#[test]
fn without_the_feature() {
    let item = quote! {
        async fn index(world: World) {}
    };
    golden(
        "without_the_feature",
        testing::without_feature(cloudc_syntax::Attribute::Test, &item),
    );
}

/// The function stays as it was.
#[test]
fn mistakes_of_a_function() {
    golden(
        "mistakes_of_a_function",
        function::expand(
            quote!(http = , batch = 3),
            quote! {
                fn index() {}
            },
        ),
    );
}

/// The static has the mistakes as its value.
#[test]
fn mistakes_of_a_static() {
    golden(
        "mistakes_of_a_static",
        resource::expand_queue(
            quote!(dead_leter = true),
            quote! {
                /// Orders.
                pub static mut ORDERS: Vec<Order> = Vec::new();
            },
        ),
    );
}

#[test]
fn a_wrong_item() {
    golden(
        "a_wrong_item",
        resource::expand_cache(
            quote!(),
            quote! {
                struct Prices;
            },
        ),
    );
}

/// A body that is being typed parses as nothing yet. It is passed on as it is, with the registration.
#[test]
fn a_half_typed_body() {
    let item = quote! {
        async fn index() -> String {
            let orders = ORDERS.;
            match orders { Some(
                order) => }
        }
    };
    let expansion = function::expand(quote!(http = "GET /"), item.clone()).to_string();
    assert!(expansion.starts_with(&item.to_string()), "{expansion}");
    assert!(expansion.contains("FunctionRegistration"), "{expansion}");
    let expansion = testing::expand_test(quote!(), item.clone()).to_string();
    assert!(expansion.contains(&item.to_string()), "{expansion}");
}
