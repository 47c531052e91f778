//! The sandbox: one engine and one compiled component, and a fresh instance for each stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bedrock_endpoint::Endpoint;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use wasmtime::component::{Component, HasData, Linker, ResourceAny, ResourceTable};
use wasmtime::{
    CallHook, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourceLimiter, Store,
    UpdateDeadline,
};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtx, WasiHttpCtxView};

use crate::bindings::converse::{Attempt, Finding, Outcome};
use crate::bindings::types::{ConverseRequest, StreamEvent};
use crate::bindings::{Provider, ProviderPre};
use crate::connect::Connector;
use crate::connection::Connection;
use crate::egress::Egress;
use crate::error::{Error, Limit};
use crate::ticker::{Ticker, Watch};

/// How many things of the host (requests, streams, timers) an instance may have at a time: a few times what the
/// component needs. The largest, headers, may have 128 KiB each.
const RESOURCES: usize = 64;

/// The component as it was built with this library.
pub const COMPONENT: &[u8] = include_bytes!(env!("BEDROCK_COMPONENT"));

/// What the host grants to a stream.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How much linear memory it may have, in bytes.
    pub memory: usize,
    /// How long it may compute in all; what the host does for it, and waits, are not counted.
    pub cpu: Duration,
}

/// A compiled component in a sandbox. Cheap to clone; streams of one host run side by side.
///
/// Its futures and streams must be polled on a tokio runtime with I/O and time: that is where the connections are.
///
/// It gives the component the seven interfaces that it imports and nothing else, and lets it reach the one
/// endpoint that a stream is opened for.
#[derive(Clone)]
pub struct Host {
    component: ProviderPre<Guest>,
    connector: Connector,
    ticker: Arc<Ticker>,
    limits: Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 256 << 20, cpu: Duration::from_mins(1) }
    }
}

impl Host {
    /// A host for the component that was built with this library, with default limits and room for 1,000 streams
    /// at a time. Compiles the component, which blocks for a while: make one host and keep it.
    ///
    /// # Errors
    ///
    /// If this machine cannot run WebAssembly.
    pub fn new() -> Result<Self, Error> {
        Self::with(COMPONENT, 1_000, Limits::default())
    }

    /// A host for another build of the component, with room for `streams` streams at a time.
    ///
    /// # Errors
    ///
    /// If `component` is no component, or imports anything that is not granted.
    pub fn with(component: &[u8], streams: u32, limits: Limits) -> Result<Self, Error> {
        let host = || {
            let engine = Engine::new(&config(streams, limits.memory))?;
            let component = Component::new(&engine, component)?;
            let component = ProviderPre::new(linker(&engine)?.instantiate_pre(&component)?)?;
            let ticker = Ticker::start(engine)?;
            Ok(Self { component, connector: Connector::new(), ticker, limits })
        };
        host().map_err(Error::Sandbox)
    }

    /// The same host, with less for the streams that are opened with it.
    #[must_use]
    pub fn limited(&self, limits: Limits) -> Self {
        let limits =
            Limits { memory: limits.memory.min(self.limits.memory), cpu: limits.cpu.min(self.limits.cpu) };
        Self { limits, ..self.clone() }
    }

    /// Sends a conversation and returns the reply, still to arrive, as a stream of events.
    ///
    /// Dropping the stream, or this future, cancels the request and closes its connection.
    ///
    /// # Errors
    ///
    /// If the request is refused, or there is no room for another instance.
    pub async fn stream_converse(
        &self,
        connection: &Connection,
        request: &ConverseRequest,
    ) -> Result<EventStream, Error> {
        let (mut store, provider, watch) = self.instance(connection.endpoint(&request.model_id)).await?;
        let stream = provider
            .model_provider_amazon_bedrock_converse()
            .call_stream_converse(&mut store, &connection.to_wit(), request)
            .await
            .map_err(Error::of_sandbox)?
            .map_err(Error::Converse)?;
        let session = Session { store, provider, stream, begun: false, failed: None, _watch: watch };
        Ok(EventStream {
            state: State::Idle(Box::new(session)),
            over: false,
            ready: VecDeque::new(),
            request_id: None,
            attempts: Vec::new(),
            memory: 0,
        })
    }

    /// Holds a request against AWS's model and returns all that speaks against it; nothing is sent.
    ///
    /// # Errors
    ///
    /// If the component came to a limit or trapped, or there is no room for another instance.
    pub async fn check(&self, request: &ConverseRequest) -> Result<Vec<Finding>, Error> {
        let (mut store, provider, _watch) = self.instance(None).await?;
        let converse = provider.model_provider_amazon_bedrock_converse();
        converse.call_check(&mut store, request).await.map_err(Error::of_sandbox)
    }

    /// An instance of its own that can reach `endpoint`, or nothing.
    async fn instance(&self, endpoint: Option<Endpoint>) -> Result<(Store<Guest>, Provider, Watch), Error> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let guest = Guest {
            table,
            clocks: WasiClocksCtx::default(),
            http: WasiHttpCtx::new(),
            egress: Egress::to(endpoint, self.connector.clone()),
            meter: Meter { memory: 0, memory_limit: self.limits.memory, spent: Duration::ZERO, since: None },
        };
        let mut store = Store::new(self.component.engine(), guest);
        let cpu = self.limits.cpu;
        store.limiter(|guest| &mut guest.meter);
        store.call_hook(|mut store, hook| {
            store.data_mut().meter.switch(hook);
            Ok(())
        });
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |store| {
            if store.data().meter.spent() > cpu {
                Err(Limit::Cpu.into())
            } else {
                Ok(UpdateDeadline::Yield(1))
            }
        });
        let watch = self.ticker.watch();
        let provider = self.component.instantiate_async(&mut store).await.map_err(Error::of_sandbox)?;
        Ok((store, provider, watch))
    }
}

/// The events of a reply, as they arrive.
///
/// After an error, or the end, there are no more. The stream may be polled from any task and dropped at any time;
/// until then it takes the room of one stream in the host.
pub struct EventStream {
    state: State,
    /// The end was told to whoever reads this as a [`Stream`].
    over: bool,
    ready: VecDeque<StreamEvent>,
    request_id: Option<String>,
    attempts: Vec<Attempt>,
    memory: usize,
}

/// The instance travels into the call and comes back with it: a call that is dropped takes the instance with it,
/// which is the only way to abandon one.
enum State {
    Idle(Box<Session>),
    Waiting(BoxFuture<'static, (Box<Session>, Report)>),
    /// The instance is gone: a limit, or a trap, ended it.
    Gone(Option<Limit>),
}

struct Session {
    store: Store<Guest>,
    provider: Provider,
    stream: ResourceAny,
    /// Events have come: what is known of the response will change no more before the end.
    begun: bool,
    /// What the next call fails with.
    failed: Option<Error>,
    _watch: Watch,
}

/// What one call to the component found out.
struct Report {
    batch: Result<Option<Vec<StreamEvent>>, Error>,
    /// `None` if it is as it was.
    response: Option<(Option<String>, Vec<Attempt>)>,
    memory: usize,
}

impl EventStream {
    /// All events that have arrived and were not yet returned, in order, as the component hands them over: one
    /// call of the WIT's `next`. `None` at the end, an empty list if `max_wait` passed first.
    ///
    /// May be abandoned and called again without loss; then the call that is under way goes on, with the
    /// `max_wait` that it was begun with.
    ///
    /// # Errors
    ///
    /// If there is no more of the reply; every further call says the same.
    pub async fn next_batch(
        &mut self,
        max_wait: Option<Duration>,
    ) -> Result<Option<Vec<StreamEvent>>, Error> {
        if !self.ready.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ready).into()));
        }
        poll_fn(|context| self.poll_batch(context, max_wait)).await
    }

    /// Reads what is left of the reply and tells how it ended: the WIT's `finish`.
    ///
    /// # Errors
    ///
    /// If the component came to a limit or trapped. That the reply ended badly is no error here: it is the
    /// verdict.
    pub async fn finish(mut self) -> Result<Outcome, Error> {
        loop {
            match self.state {
                State::Idle(session) => return session.finish().await,
                State::Gone(limit) => return Err(gone(limit)),
                // The call that is under way has to come back first.
                State::Waiting(_) => drop(poll_fn(|context| self.poll_batch(context, None)).await),
            }
        }
    }

    /// AWS's id of the request; `None` before the first event or error.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What was tried to get this reply; empty before the first event or error.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How much linear memory the instance has, in bytes; 0 before the first event or error.
    pub fn memory(&self) -> usize {
        self.memory
    }

    fn poll_batch(
        &mut self,
        context: &mut Context<'_>,
        max_wait: Option<Duration>,
    ) -> Poll<Result<Option<Vec<StreamEvent>>, Error>> {
        let mut call = match std::mem::replace(&mut self.state, State::Gone(None)) {
            State::Idle(session) => session.next(max_wait).boxed(),
            State::Waiting(call) => call,
            State::Gone(limit) => {
                self.state = State::Gone(limit);
                return Poll::Ready(Err(gone(limit)));
            }
        };
        let Poll::Ready((session, report)) = call.as_mut().poll(context) else {
            self.state = State::Waiting(call);
            return Poll::Pending;
        };
        if let Some((request_id, attempts)) = report.response {
            self.request_id = request_id;
            self.attempts = attempts;
        }
        self.memory = report.memory;
        self.state = match &report.batch {
            Ok(_) | Err(Error::Converse(_)) => State::Idle(session),
            Err(Error::Limit(limit)) => State::Gone(Some(*limit)),
            Err(Error::Sandbox(_)) => State::Gone(None),
        };
        Poll::Ready(report.batch)
    }
}

impl Stream for EventStream {
    type Item = Result<StreamEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.over {
                return Poll::Ready(None);
            }
            let batch = ready!(self.poll_batch(context, None));
            self.over = !matches!(batch, Ok(Some(_)));
            match batch {
                Ok(Some(batch)) => self.ready = batch.into(),
                Ok(None) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl Session {
    async fn next(mut self: Box<Self>, max_wait: Option<Duration>) -> (Box<Self>, Report) {
        let report = self.call(max_wait).await;
        (self, report)
    }

    async fn finish(mut self: Box<Self>) -> Result<Outcome, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let resource = self.provider.model_provider_amazon_bedrock_converse().event_stream();
        resource.call_finish(&mut self.store, self.stream).await.map_err(Error::of_sandbox)
    }

    async fn call(&mut self, max_wait: Option<Duration>) -> Report {
        let batch = match self.failed.take() {
            Some(error) => Err(error),
            None => self.call_next(max_wait).await,
        };
        if matches!(&batch, Ok(Some(batch)) if batch.is_empty()) {
            // Whoever does not wait must let others work all the same: maybe they are whom he waits for.
            tokio::task::yield_now().await;
        }
        let ask = match &batch {
            Ok(Some(_)) => !self.begun,
            Ok(None) | Err(Error::Converse(_)) => true,
            // A trap leaves nothing to ask.
            Err(Error::Limit(_) | Error::Sandbox(_)) => false,
        };
        let mut response = None;
        if ask {
            match self.response().await {
                Ok(known) => response = Some(known),
                Err(error) => self.failed = Some(error),
            }
        }
        self.begun = matches!(&batch, Ok(Some(batch)) if self.begun || !batch.is_empty());
        Report { batch, response, memory: self.store.data().meter.memory }
    }

    async fn call_next(&mut self, max_wait: Option<Duration>) -> Result<Option<Vec<StreamEvent>>, Error> {
        // Rounded up: a little is not nothing.
        let milliseconds = |wait: Duration| wait.as_nanos().div_ceil(1_000_000);
        let max_wait = max_wait.map(|wait| u32::try_from(milliseconds(wait)).unwrap_or(u32::MAX));
        let resource = self.provider.model_provider_amazon_bedrock_converse().event_stream();
        let batch = resource.call_next(&mut self.store, self.stream, max_wait).await;
        batch.map_err(Error::of_sandbox)?.map_err(Error::Converse)
    }

    async fn response(&mut self) -> Result<(Option<String>, Vec<Attempt>), Error> {
        let resource = self.provider.model_provider_amazon_bedrock_converse().event_stream();
        let request_id = resource.call_request_id(&mut self.store, self.stream).await;
        let attempts = resource.call_attempts(&mut self.store, self.stream).await;
        Ok((request_id.map_err(Error::of_sandbox)?, attempts.map_err(Error::of_sandbox)?))
    }
}

/// The error of a call to an instance that is gone.
fn gone(limit: Option<Limit>) -> Error {
    limit
        .map_or_else(|| Error::Sandbox(wasmtime::Error::msg("it was ended in an earlier call")), Error::Limit)
}

/// What a store holds for its instance.
struct Guest {
    table: ResourceTable,
    clocks: WasiClocksCtx,
    http: WasiHttpCtx,
    egress: Egress,
    meter: Meter,
}

impl Guest {
    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView { ctx: &mut self.clocks, table: &mut self.table }
    }

    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}

/// What an instance has used.
struct Meter {
    memory: usize,
    memory_limit: usize,
    spent: Duration,
    /// Since when the instance runs; `None` while the host does.
    since: Option<Instant>,
}

impl Meter {
    fn switch(&mut self, hook: CallHook) {
        if hook.entering_host() {
            self.spent = self.spent();
            self.since = None;
        } else {
            self.since = Some(Instant::now());
        }
    }

    fn spent(&self) -> Duration {
        self.spent + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let memory = self.memory - current.min(self.memory) + desired;
        if memory > self.memory_limit {
            return Err(Limit::Memory.into());
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

fn config(streams: u32, memory: usize) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    // A component is three core instances: itself, and two that only tie it to its imports.
    pool.total_component_instances(streams)
        .total_core_instances(streams.saturating_mul(3))
        .total_memories(streams)
        .total_tables(streams.saturating_mul(3))
        .total_stacks(streams)
        .max_memory_size(memory);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_reservation(memory as u64)
        .epoch_interruption(true);
    config
}

/// The component's seven imports, and nothing else.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    struct Io;

    impl HasData for Io {
        type Data<'a> = &'a mut ResourceTable;
    }

    let mut linker = Linker::new(engine);
    io::error::add_to_linker::<Guest, Io>(&mut linker, |guest| &mut guest.table)?;
    io::poll::add_to_linker::<Guest, Io>(&mut linker, |guest| &mut guest.table)?;
    io::streams::add_to_linker::<Guest, Io>(&mut linker, |guest| &mut guest.table)?;
    clocks::monotonic_clock::add_to_linker::<Guest, WasiClocks>(&mut linker, Guest::clocks)?;
    clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(&mut linker, Guest::clocks)?;
    let options = http::types::LinkOptions::default();
    http::types::add_to_linker::<Guest, WasiHttp>(&mut linker, &options, Guest::http)?;
    http::outgoing_handler::add_to_linker::<Guest, WasiHttp>(&mut linker, Guest::http)?;
    Ok(linker)
}

#[cfg(all(test, feature = "fake"))]
mod tests {
    use wasmtime_wasi_http::RequestOptions;

    use crate::fake::{Fake, KEYS, Options};
    use crate::{Connection, Credentials};

    use super::*;

    /// What is left of the host's things, but for the options of requests, which wasmtime itself forgets to delete
    /// when it takes them.
    fn left(session: &mut Session) -> usize {
        let is_options = |entry: &mut (dyn std::any::Any + Send)| entry.is::<RequestOptions>();
        session
            .store
            .data_mut()
            .table
            .iter_mut()
            .filter_map(|entry| (!is_options(entry)).then_some(()))
            .count()
    }

    /// However a stream is ended, the component gives back all that it had of the host.
    #[tokio::test]
    async fn no_handle_is_left() {
        let host = Host::new().expect("the component runs here");
        let fake = Fake::start(Options::default()).await.expect("loopback has a free port");
        let connection = Connection {
            endpoint_url: Some(fake.url()),
            credentials: Credentials::AccessKeys {
                access_key_id: KEYS[0].access_key_id.into(),
                secret_access_key: KEYS[0].secret_access_key.into(),
                session_token: None,
            },
            max_attempts: Some(2),
            ..Connection::default()
        };
        for (scenario, batches) in [
            ("text", 0),
            ("text", 1),
            ("text", usize::MAX),
            ("gated", 1),
            ("fault-checksum", usize::MAX),
            ("fault-break-frame", usize::MAX),
            ("flaky-1-error-internal-server", usize::MAX),
            ("error-internal-server", usize::MAX),
            ("error-access-denied", usize::MAX),
        ] {
            let request = ConverseRequest::new(format!("fake.{scenario}")).user("hello");
            let open = || host.stream_converse(&connection, &request);
            let mut events = open().await.expect("it can be sent");
            for _ in 0..batches {
                if !matches!(events.next_batch(None).await, Ok(Some(_))) {
                    break;
                }
            }
            let State::Idle(mut session) = events.state else { panic!("no call is under way") };
            if batches == usize::MAX {
                assert_eq!(left(&mut session), 0, "{scenario}");
            }
            session.stream.resource_drop_async(&mut session.store).await.expect("it can be dropped");
            assert_eq!(left(&mut session), 0, "{scenario} after {batches}");

            if scenario == "gated" {
                // To finish it would wait for the gate.
                continue;
            }
            let State::Idle(mut session) = open().await.expect("it can be sent").state else {
                panic!("no call is under way")
            };
            let resource = session.provider.model_provider_amazon_bedrock_converse().event_stream();
            resource.call_finish(&mut session.store, session.stream).await.expect("it finishes");
            assert_eq!(left(&mut session), 0, "{scenario}, finished");
        }
    }
}
