//! Makes running instances come up for a look.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often.
const TICK: Duration = Duration::from_millis(10);

/// Advances the epoch of an engine while anything is watched; sleeps otherwise.
pub(crate) struct Ticker {
    engine: Engine,
    watched: AtomicUsize,
    thread: OnceLock<Thread>,
}

/// Something that is watched until this is dropped.
pub(crate) struct Watch(Arc<Ticker>);

impl Ticker {
    /// Starts a thread that ends with the ticker.
    pub(crate) fn start(engine: Engine) -> io::Result<Arc<Self>> {
        let ticker = Arc::new(Self { engine, watched: AtomicUsize::new(0), thread: OnceLock::new() });
        let weak = Arc::downgrade(&ticker);
        let ticks = move || {
            while let Some(ticker) = weak.upgrade() {
                let watched = ticker.watched.load(Ordering::Acquire) > 0;
                if watched {
                    ticker.engine.increment_epoch();
                }
                drop(ticker);
                if watched {
                    thread::sleep(TICK);
                } else {
                    // Ends at once if something was watched, or the ticker was dropped, meanwhile.
                    thread::park();
                }
            }
        };
        let thread = thread::Builder::new().name("wasm-epoch".into()).spawn(ticks)?;
        let _ = ticker.thread.set(thread.thread().clone());
        Ok(ticker)
    }

    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        if self.watched.fetch_add(1, Ordering::AcqRel) == 0 {
            self.wake();
        }
        Watch(Arc::clone(self))
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.wake();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watched.fetch_sub(1, Ordering::AcqRel);
    }
}
