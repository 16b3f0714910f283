//! A handler's future under observation: it may be asked to let others go first, its pod may die while it
//! waits, and what it does while it is polled is its own doing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use super::calls::Call;
use super::families::{Doer, Polling};
use super::inside::Inside;
use crate::testing::faults::Yields;

/// A poll that takes longer than this, on the clock on the wall, held up its thread.
const BLOCKED: Duration = Duration::from_millis(250);

/// The observed future of a handler.
pub(super) struct Explored<F> {
    /// `None` when it is dropped.
    handler: Option<Pin<Box<F>>>,
    inside: Arc<Inside>,
    call: Arc<Call>,
    woken: Arc<Woken>,
    waker: Waker,
    /// It was woken, and not polled since.
    ready: bool,
    yields: Yields,
    /// How many times it lets others go first before the next poll.
    left: u32,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// How often it has waited.
    waits: u32,
}

/// Whether the handler itself was woken. Its task is woken by a timeout and others as well, and a poll
/// without a reason would count as an await.
struct Woken {
    handler: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.handler.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<F> Explored<F> {
    pub(super) fn new(handler: F, inside: &Arc<Inside>, call: &Arc<Call>, yields: Yields) -> Self {
        let woken = Arc::new(Woken {
            handler: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        Self {
            handler: Some(Box::pin(handler)),
            inside: Arc::clone(inside),
            call: Arc::clone(call),
            waker: Waker::from(Arc::clone(&woken)),
            woken,
            ready: false,
            yields,
            left: 0,
            pause: None,
            waits: 0,
        }
    }
}

impl<F: Future> Future for Explored<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if this.call.is_dead() {
            return Poll::Pending;
        }
        this.inside.stir();
        this.woken.task.register(cx.waker());
        if this.woken.handler.swap(false, Ordering::Acquire) && !this.ready {
            this.ready = true;
            this.left = this.yields.next();
        }
        if !this.ready {
            return Poll::Pending;
        }
        while this.left > 0 {
            let pause = this
                .pause
                .get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
            ready!(pause.as_mut().poll(cx));
            this.pause = None;
            this.left -= 1;
        }
        this.ready = false;
        let output = ready!(this.poll_handler());
        Poll::Ready(output)
    }
}

impl<F: Future> Explored<F> {
    fn poll_handler(&mut self) -> Poll<F::Output> {
        let polling = Polling::begin(&self.inside, Doer::Call(Arc::clone(&self.call)));
        let polled = match &mut self.handler {
            Some(handler) => handler.as_mut().poll(&mut Context::from_waker(&self.waker)),
            None => Poll::Pending,
        };
        if polled.is_ready() {
            self.handler = None;
        }
        if polling.took() > BLOCKED {
            self.inside.blocked(&self.call);
        }
        drop(polling);
        if polled.is_pending() {
            self.inside.bound_poll(Some(&self.call));
            self.waits += 1;
            self.wait();
        }
        polled
    }

    /// What goes wrong while it waits for the so-manieth time.
    fn wait(&self) {
        let (plan, at) = (&self.call.plan, self.waits);
        if plan.redeliver_at == Some(at) {
            self.inside.redeliver(&self.call, at);
        }
        if plan.crash_at == Some(at) {
            self.inside.crash(&self.call, at);
        }
    }
}

/// What a handler's destructors do is the handler's doing: of one that ran into its timeout it counts, and of one
/// whose pod died it has no effect, as a process that is killed runs none.
impl<F> Drop for Explored<F> {
    fn drop(&mut self) {
        if let Some(handler) = self.handler.take() {
            let _polling = Polling::begin(&self.inside, Doer::Call(Arc::clone(&self.call)));
            drop(handler);
        }
    }
}

/// The body of a test: what happens while it is polled is the test's doing.
pub(super) struct Body<F> {
    body: Pin<Box<F>>,
    inside: Arc<Inside>,
}

impl<F> Body<F> {
    pub(super) fn new(body: F, inside: &Arc<Inside>) -> Self {
        Self {
            body: Box::pin(body),
            inside: Arc::clone(inside),
        }
    }
}

impl<F: Future> Future for Body<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _polling = Polling::begin(&self.inside, Doer::Test);
        let polled = self.body.as_mut().poll(cx);
        if polled.is_pending() {
            self.inside.bound_poll(None);
        }
        polled
    }
}
