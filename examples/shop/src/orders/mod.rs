//! Orders: placed, looked up, cancelled.

mod book;
mod checkout;
mod model;

use cloudc::{Json, Path, function};

pub use book::{Book, STATUSES};
pub use model::{NewOrder, Order, OrderId, Status};

use self::checkout::Checkout;
use crate::Problem;
use crate::queues::ORDERS as NEW_ORDERS;
use crate::stock::{self, Warehouse};

/// Takes an order: prices it, takes its pieces off the shelf, and leaves the charging for later.
///
/// An order that the shop knows already is not taken again: a browser may well send one twice. If it
/// still waits, it is sent to be charged once more, since whoever entered it may have died before it did
/// so; the queue knows it by its number.
#[function(http = "POST /orders", concurrency = 80, scale = 0..=50, timeout = "10s")]
pub async fn place_order(Json(order): Json<NewOrder>) -> Result<Json<Status>, Problem> {
    let checkout = Checkout::default();
    match Book.look_up(&order.id).await? {
        Some(Status::Waiting) => {
            let order = checkout.price(order).await?;
            NEW_ORDERS.send_once(&order, &order.id.0).await?;
            return Ok(Json(Status::Waiting));
        }
        Some(status) => return Ok(Json(status)),
        None => {}
    }
    let order = checkout.accept(order).await?;
    Book.enter(&order.id, &Status::Waiting).await?;
    let sent = NEW_ORDERS.send_once(&order, &order.id.0).await;
    // Without an answer the order may well be in the queue: then it stands as it is.
    if let Err(error) = &sent
        && !matches!(error, cloudc::Error::NoAnswer { .. })
    {
        give_up(&order).await?;
        Book.strike(&order.id).await?;
    }
    sent?;
    Ok(Json(Status::Waiting))
}

/// Says how far an order is.
#[function(http = "GET /orders/{id}")]
pub async fn show_order(Path(id): Path<OrderId>) -> Result<Json<Status>, Problem> {
    let status = Book.look_up(&id).await?;
    status.map(Json).ok_or(Problem::NotFound)
}

/// Cancels an order that is not paid yet. The charging finds it cancelled,
/// and puts its pieces back.
#[function(http = "DELETE /orders/{id}")]
pub async fn cancel_order(Path(id): Path<OrderId>) -> Result<Json<Status>, Problem> {
    match Book.look_up(&id).await? {
        None => Err(Problem::NotFound),
        Some(Status::Waiting) => {
            Book.enter(&id, &Status::Cancelled).await?;
            Ok(Json(Status::Cancelled))
        }
        Some(Status::Cancelled) => Ok(Json(Status::Cancelled)),
        Some(Status::Void | Status::Closed { .. }) => Err(Problem::TooLate),
    }
}

/// Puts the pieces of an order that will not be paid back on the shelf.
///
/// # Errors
///
/// When the shelf does not answer.
pub async fn give_up(order: &Order) -> Result<(), cloudc::Error> {
    stock::release(&Warehouse, &order.lines).await
}
