//! The life of the shop, in worlds: no server, no container, no sleeps. Each test is one story.

mod customer;
mod life_of_an_order;
mod nights;
mod trouble;
