//! `bedrock`: talks to Amazon Bedrock, or to a fake one, through the component.

#![forbid(unsafe_code)]

mod arguments;
mod conversation;
mod output;
mod render;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser as _;
use futures_util::StreamExt as _;
use host_test::fake::{self, Fake};
use host_test::{Connection, ConverseRequest, Credentials, Error, Host, Operation, environment, types};

use arguments::{Ask, Command, FakeServer};
use output::note;
use render::Renderer;

/// How fast the fake speaks when somebody watches.
const DEMO_PACE: Duration = Duration::from_millis(25);

/// What the shell is told, besides 0 for success and clap's 2 for usage.
#[derive(Clone, Copy)]
enum Exit {
    Done = 0,
    /// Bedrock or the network failed.
    Failed = 1,
    /// The request cannot be sent.
    Refused = 2,
    /// This program or the sandbox failed.
    Broken = 3,
    /// Ctrl-C, as shells count it.
    Interrupted = 130,
}

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let work = async {
        match arguments.command {
            Some(Command::Fake(options)) => serve(options).await,
            None => ask(arguments.ask).await,
        }
    };
    let outcome = tokio::runtime::Runtime::new().map_err(Failure::from).and_then(|runtime| {
        let outcome = runtime.block_on(work);
        // A name may still be looked up, which cannot be cancelled.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { exit, message }) => {
            if let Some(message) = message {
                output::error(&message);
            }
            ExitCode::from(exit as u8)
        }
    }
}

struct Failure {
    exit: Exit,
    message: Option<String>,
}

impl Failure {
    fn new(exit: Exit, message: &impl ToString) -> Self {
        Self { exit, message: Some(message.to_string()) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Converse(types::Error::InvalidRequest(_)) => Exit::Refused,
            Error::Converse(_) => Exit::Failed,
            _ => Exit::Broken,
        };
        Self::new(exit, &error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Whoever reads our output has had enough.
            return Self { exit: Exit::Done, message: None };
        }
        Self::new(Exit::Broken, &error)
    }
}

/// `bedrock fake`
async fn serve(options: FakeServer) -> Result<(), Failure> {
    let fake = Fake::start(fake::Options {
        port: options.port,
        region: options.region,
        pace: Duration::from_millis(options.pace),
        clock_offset: options.clock_offset,
    })
    .await?;
    writeln!(io::stdout(), "{}", fake.url())?;
    let keys = fake::KEYS[0];
    note(&format!(
        "AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
        keys.access_key_id, keys.secret_access_key
    ));
    note(&format!("AWS_BEARER_TOKEN_BEDROCK={}", fake::API_KEY));
    for (scenario, what) in fake::SCENARIOS {
        note(&format!("model id fake.{scenario}: {what}"));
    }
    tokio::select! {
        () = fake.serve_forever() => Ok(()),
        _ = tokio::signal::ctrl_c() => Err(Failure { exit: Exit::Interrupted, message: None }),
    }
}

async fn ask(ask: Ask) -> Result<(), Failure> {
    let request = conversation::request(&ask).map_err(|problem| Failure::new(Exit::Refused, &problem))?;
    let operation = if ask.whole { Operation::Converse } else { Operation::ConverseStream };
    if ask.is_remote() {
        let variable = |name: &str| std::env::var(name).ok();
        let found =
            environment::credentials(variable).map_err(|error| Failure::new(Exit::Refused, &error))?;
        note(&format!("credentials: {}", found.source));
        let connection = Connection {
            operation,
            region: ask.region.clone(),
            default_region: environment::region(variable),
            endpoint_url: ask.endpoint.clone(),
            credentials: found.credentials,
            ..Connection::default()
        };
        return converse(&ask, &connection, &request).await;
    }
    let region = ask.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let fake =
        Fake::start(fake::Options { region: region.clone(), pace: DEMO_PACE, ..Default::default() }).await?;
    let keys = fake::KEYS[0];
    note(&format!("a fake Bedrock at {} (--live asks the real one)", fake.url()));
    let connection = Connection {
        operation,
        region: Some(region),
        endpoint_url: Some(fake.url()),
        credentials: Credentials::AccessKeys {
            access_key_id: keys.access_key_id.to_owned(),
            secret_access_key: keys.secret_access_key.to_owned(),
            session_token: None,
        },
        ..Connection::default()
    };
    converse(&ask, &connection, &request).await
}

async fn converse(ask: &Ask, connection: &Connection, request: &ConverseRequest) -> Result<(), Failure> {
    let host = Host::new()?;
    let mut renderer = Renderer::new(ask.json, Instant::now());
    let reply = async {
        let mut events = host.stream_converse(connection, request).await?;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => renderer.event(&event)?,
                Err(error) => {
                    renderer.broken()?;
                    explain(&host, request, &error).await;
                    return Err(error.into());
                }
            }
        }
        renderer.complete()?;
        Ok(())
    };
    // Leaving the stream is what cancels the request.
    tokio::select! {
        reply = reply => reply,
        _ = tokio::signal::ctrl_c() => Err(Failure { exit: Exit::Interrupted, message: None }),
    }
}

/// What AWS's model has against a request that AWS refused: often the reason in other words.
async fn explain(host: &Host, request: &ConverseRequest, error: &Error) {
    let validation = types::ServiceErrorKind::Validation;
    if !matches!(error, Error::Converse(types::Error::Service(error)) if error.kind == validation) {
        return;
    }
    // AWS's words are enough if ours cannot be had.
    for finding in host.check(request).await.unwrap_or_default() {
        let value = if finding.value.is_empty() { String::new() } else { format!(": {}", finding.value) };
        note(&format!("{} {}{value}", finding.path, finding.reason));
    }
}
