//! What the fake answers: the model id chooses.

use std::time::Duration;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::events::{
    block_delta, block_start, block_stop, error, event, event_text, exception, message_start,
};
use super::refusal::Refusal;
use super::{Operation, reply};

/// One step of a reply.
pub(crate) enum Step {
    Bytes(Vec<u8>),
    Pause(Duration),
    /// Waits for `Fake::open_gate`.
    Gate,
    /// Waits for ever.
    Stall,
    /// Breaks the connection.
    Break,
}

/// What is answered to an accepted request.
pub(crate) enum Answer {
    /// The body of a reply, which is what the operation gives.
    Reply(Vec<Step>),
    Refuse(Refusal),
    /// A body that is not Bedrock's.
    Document {
        status: u16,
        content_type: &'static str,
        body: String,
    },
    /// The connection is closed instead.
    Close,
    /// Nothing ever comes.
    Hang,
}

/// The scenarios: the model id is `fake.` and the name. A model id that begins otherwise gets `text`.
pub const SCENARIOS: &[(&str, &str)] = &[
    ("demo", "reasoning, text and a tool use"),
    ("text", "text that answers the prompt"),
    ("tool-use", "two parallel tool uses, the second without input"),
    ("reasoning", "reasoning with its signature, redacted reasoning, text"),
    ("citations", "text with the sources it was taken from"),
    ("image", "an image"),
    ("server-tool", "a tool that AWS runs, and its result"),
    ("guardrail", "a guardrail that intervenes, with its trace"),
    ("cached", "usage of the cache, a service tier, fields of the model's own"),
    ("max-tokens", "a tool use that breaks off (a stream only)"),
    ("deep", "a document of 1,000 levels"),
    ("unknown", "events, members and values that no client knows yet"),
    ("slow", "a word every 100 milliseconds"),
    ("gated", "one word, and the rest only when the gate is opened"),
    ("flaky-N-SCENARIO", "that scenario for the first N requests to this model id, text from then on"),
    ("error-access-denied", "HTTP 403 AccessDeniedException"),
    ("error-expired-token", "HTTP 403 ExpiredTokenException"),
    ("error-internal-server", "HTTP 500 InternalServerException"),
    ("error-model", "HTTP 424 ModelErrorException"),
    ("error-model-not-ready", "HTTP 429 ModelNotReadyException"),
    ("error-model-timeout", "HTTP 408 ModelTimeoutException"),
    ("error-resource-not-found", "HTTP 404 ResourceNotFoundException"),
    ("error-service-unavailable", "HTTP 503 ServiceUnavailableException"),
    ("error-throttling", "HTTP 429 ThrottlingException with a retry-after"),
    ("error-throttling-long", "HTTP 429 with a retry-after of a minute"),
    ("error-throttling-amz", "HTTP 429 with an x-amz-retry-after"),
    ("error-validation", "HTTP 400 ValidationException: on-demand throughput"),
    ("stream-internal-server", "internalServerException in the middle of the reply"),
    ("stream-model-error", "modelStreamErrorException in the middle of the reply"),
    ("stream-service-unavailable", "serviceUnavailableException in the middle of the reply"),
    ("stream-throttling", "throttlingException instead of the first event"),
    ("stream-validation", "validationException in the middle of the reply"),
    ("stream-error", "a frame of message type error in the middle of the reply"),
    ("stream-after-stop", "internalServerException behind messageStop"),
    ("fault-checksum", "a bit flipped in a frame"),
    ("fault-prelude", "a bit flipped in the length of a frame"),
    ("fault-cut", "the body ends inside a frame"),
    ("fault-no-stop", "the body ends before messageStop"),
    ("fault-length", "a frame that is longer than it says"),
    ("fault-giant", "a frame that says it has 4 GiB"),
    ("fault-deep", "an event that is nested 100,000 levels deep"),
    ("fault-drip", "each byte by itself"),
    ("fault-odd-chunks", "pieces of odd sizes"),
    ("fault-break", "the connection breaks between two frames"),
    ("fault-break-head", "the connection breaks behind the head of the response"),
    ("fault-break-frame", "the connection breaks inside a frame"),
    ("fault-break-after-stop", "the connection breaks behind messageStop"),
    ("fault-stall", "nothing more comes between two frames"),
    ("fault-stall-head", "nothing more comes behind the head of the response"),
    ("fault-stall-frame", "nothing more comes inside a frame"),
    ("fault-stall-after-stop", "nothing more comes behind messageStop"),
    ("fault-hang", "no response ever comes"),
    ("fault-close", "the connection is closed instead of a response"),
    ("fault-json", "a frame whose payload is no JSON"),
    ("fault-html", "HTTP 502 with a page of HTML"),
    ("fault-unknown-operation", "HTTP 200 with JSON, as AWS answers a call that it does not understand"),
    ("fault-content-type", "HTTP 200 with text"),
    ("fault-redirect", "HTTP 307"),
];

/// The operation that is called, and the model id: one segment of the path, percent-encoded, and all of it.
pub(crate) fn call(method: &Method, path: &str) -> Option<(Operation, String)> {
    let (prefix, operation) = path.rsplit_once('/')?;
    let (prefix, model_id) = prefix.rsplit_once('/')?;
    let operation = match operation {
        "converse-stream" => Operation::ConverseStream,
        "converse" => Operation::Converse,
        _ => return None,
    };
    let model_id = percent_decode_str(model_id).decode_utf8().ok()?;
    let known = method == Method::POST && prefix.ends_with("/model") && !model_id.is_empty();
    known.then(|| (operation, model_id.into_owned()))
}

/// `before` is how often the model was asked before.
pub(crate) fn answer(
    operation: Operation,
    model_id: &str,
    request: &Value,
    before: usize,
    pace: Duration,
) -> Result<Answer, Refusal> {
    let model = model_id.strip_prefix("newer.").unwrap_or(model_id);
    let scenario = model.strip_prefix("fake.").unwrap_or("text");
    let scenario = scenario.strip_suffix("-v1:0").unwrap_or(scenario);
    let scenario = match scenario.strip_prefix("flaky-").and_then(|rest| rest.split_once('-')) {
        Some((times, fault)) if times.parse().is_ok_and(|times: usize| before < times) => fault,
        Some(_) => "text",
        None => scenario,
    };
    if let Some(name) = scenario.strip_prefix("error-") {
        return Ok(Answer::Refuse(http_error(name, model_id)?));
    }
    let whole = reply::of(scenario, &prompt(request));
    if operation == Operation::Converse {
        return not_streamed(scenario, whole);
    }
    let middle = || [message_start(), block_delta(0, &json!({"text": "It begins"}))].to_vec();
    let in_band = |frame| Answer::paced([middle(), vec![frame]].concat(), pace);
    if let Some(whole) = whole {
        let frames = reply::stream(&whole, reply::words);
        return Ok(match scenario {
            "slow" => Answer::paced(frames, pace.max(Duration::from_millis(100))),
            "gated" => Answer::gated(frames),
            _ => Answer::paced(frames, pace),
        });
    }
    Ok(match scenario {
        "max-tokens" => Answer::paced(max_tokens(), pace),
        "deep" => Answer::paced(deep(), pace),
        "unknown" => Answer::paced(unknown(), pace),
        "stream-internal-server" => in_band(in_stream("internalServerException", "The server had an error.")),
        "stream-model-error" => in_band(exception(
            "modelStreamErrorException",
            &json!({
                "message": "The model produced an error while streaming.",
                "originalMessage": "out of memory",
                "originalStatusCode": 503,
            }),
        )),
        "stream-service-unavailable" => {
            in_band(in_stream("serviceUnavailableException", "The service is unavailable."))
        }
        "stream-throttling" => Answer::Reply(vec![Step::Bytes(in_stream(
            "throttlingException",
            "Too many tokens, please wait before trying again.",
        ))]),
        "stream-validation" => in_band(in_stream("validationException", "The input is too long.")),
        "stream-after-stop" => {
            let mut frames = ended();
            frames.push(in_stream("internalServerException", "The server had an error."));
            Answer::paced(frames, pace)
        }
        "stream-error" => in_band(error("InternalError", "An internal server error occurred.")),
        "fault-checksum" => in_band(flipped(block_delta(0, &json!({"text": "damaged"})), 40)),
        "fault-prelude" => in_band(flipped(block_delta(0, &json!({"text": "damaged"})), 2)),
        "fault-cut" => in_band(half()),
        "fault-no-stop" => Answer::paced(middle(), pace),
        "fault-break" => Answer::ending(middle(), Step::Break),
        "fault-break-after-stop" => Answer::ending(ended(), Step::Break),
        "fault-length" => {
            let mut frame = block_delta(0, &json!({"text": "longer than it says"}));
            frame.extend_from_slice(b"more");
            Answer::paced([middle(), vec![frame, message_start()]].concat(), pace)
        }
        "fault-giant" => {
            // A length of 4 GiB, no headers, and the checksum of that.
            let prelude = [[0xFF; 4], [0; 4], [0xFF; 4]].concat();
            in_band(prelude)
        }
        "fault-deep" => {
            let deep = format!(r#"{{"mood":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
            in_band(event_text("contentBlockStop", deep))
        }
        "fault-drip" => Answer::Reply(in_pieces(&[1])),
        "fault-odd-chunks" => Answer::Reply(in_pieces(&[3, 1, 7, 64, 13, 250, 2])),
        "fault-break-head" => Answer::ending(Vec::new(), Step::Break),
        "fault-break-frame" => Answer::ending([middle(), vec![half()]].concat(), Step::Break),
        "fault-stall" => Answer::ending(middle(), Step::Stall),
        "fault-stall-head" => Answer::ending(Vec::new(), Step::Stall),
        "fault-stall-frame" => Answer::ending([middle(), vec![half()]].concat(), Step::Stall),
        "fault-stall-after-stop" => Answer::ending(ended(), Step::Stall),
        "fault-json" => in_band(event("contentBlockStop", json!("no object"))),
        _ => return at_the_door(scenario),
    })
}

/// What is answered when there is no stream to be.
fn not_streamed(scenario: &str, whole: Option<Value>) -> Result<Answer, Refusal> {
    if let Some(whole) = whole {
        return Ok(Answer::Reply(vec![Step::Bytes(whole.to_string().into_bytes())]));
    }
    let half = br#"{"output":{"message":{"role":"assistant","content":[{"text":"It beg"#.to_vec();
    Ok(match scenario {
        "fault-cut" | "fault-json" => Answer::Reply(vec![Step::Bytes(half)]),
        "fault-break" => Answer::ending(vec![half], Step::Break),
        "fault-stall" => Answer::ending(vec![half], Step::Stall),
        _ => return at_the_door(scenario),
    })
}

/// What happens instead of a reply.
fn at_the_door(scenario: &str) -> Result<Answer, Refusal> {
    Ok(match scenario {
        "fault-hang" => Answer::Hang,
        "fault-close" => Answer::Close,
        "fault-html" => Answer::document(502, "text/html", "<html><body>Bad Gateway</body></html>"),
        "fault-unknown-operation" => Answer::unknown_operation(),
        "fault-content-type" => Answer::document(200, "text/plain", "hello"),
        "fault-redirect" => Answer::document(307, "text/plain", ""),
        _ => return Err(invalid_model()),
    })
}

/// What `Fake::replay` was given.
pub(crate) fn replay(chunks: Option<&Vec<Vec<u8>>>) -> Result<Answer, Refusal> {
    let chunks = chunks.ok_or_else(invalid_model)?;
    Ok(Answer::Reply(chunks.iter().cloned().map(Step::Bytes).collect()))
}

impl Answer {
    pub(crate) fn unknown_operation() -> Self {
        let body = json!({"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"});
        Self::Document { status: 200, content_type: "application/json", body: body.to_string() }
    }

    fn document(status: u16, content_type: &'static str, body: &str) -> Self {
        Self::Document { status, content_type, body: body.to_owned() }
    }

    fn paced(frames: Vec<Vec<u8>>, pace: Duration) -> Self {
        let pause = |_: &Step| (pace > Duration::ZERO).then_some(Step::Pause(pace));
        let steps = frames.into_iter().map(Step::Bytes);
        Self::Reply(steps.flat_map(|step| [pause(&step), Some(step)]).flatten().collect())
    }

    /// Holds back everything behind the first delta.
    fn gated(frames: Vec<Vec<u8>>) -> Self {
        let mut steps: Vec<_> = frames.into_iter().map(Step::Bytes).collect();
        steps.insert(2, Step::Gate);
        Self::Reply(steps)
    }

    /// Frames, and when they have left the machine, something else.
    fn ending(frames: Vec<Vec<u8>>, end: Step) -> Self {
        let pause = Step::Pause(Duration::from_millis(20));
        Self::Reply(frames.into_iter().map(Step::Bytes).chain([pause, end]).collect())
    }
}

fn http_error(name: &str, model_id: &str) -> Result<Refusal, Refusal> {
    Ok(match name {
        "access-denied" => Refusal::new(
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        ),
        "expired-token" => Refusal::new(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        "internal-server" => Refusal::new(
            500,
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
        "model" => Refusal::new(424, "ModelErrorException", "The model returned an error.")
            .with_member("originalStatusCode", 500)
            .with_member("resourceName", model_id),
        "model-not-ready" => Refusal::new(
            429,
            "ModelNotReadyException",
            "The model is not ready for inference. Try your request again.",
        ),
        "model-timeout" => Refusal::new(
            408,
            "ModelTimeoutException",
            "Model has timed out in processing the request. Try your request again.",
        ),
        "resource-not-found" => Refusal::new(
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
        ),
        "service-unavailable" => {
            Refusal::new(503, "ServiceUnavailableException", "Bedrock is unable to process your request.")
        }
        "throttling" => {
            Refusal::new(429, "ThrottlingException", "Too many requests, please wait before trying again.")
                .with_header("retry-after", "2")
        }
        "throttling-long" => Refusal::new(
            429,
            "ThrottlingException",
            "Too many tokens per day, please wait before trying again.",
        )
        .with_header("retry-after", "60"),
        "throttling-amz" => Refusal::new(429, "ThrottlingException", "Too many requests.")
            .with_header("x-amz-retry-after", "1500"),
        "validation" => Refusal::validation(format!(
            "Invocation of model ID {model_id} with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
        )),
        _ => return Err(invalid_model()),
    })
}

fn invalid_model() -> Refusal {
    Refusal::validation("The provided model identifier is invalid.")
}

/// The last text that the user said.
fn prompt(request: &Value) -> String {
    let blocks = request["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|message| message["content"].as_array());
    let mut texts = blocks.flatten().filter_map(|block| block["text"].as_str());
    texts.next_back().unwrap_or("nothing").to_owned()
}

/// Half of a frame.
fn half() -> Vec<u8> {
    let mut frame = block_delta(0, &json!({"text": "cut off"}));
    frame.truncate(frame.len() / 2);
    frame
}

/// A reply up to its `messageStop`.
fn ended() -> Vec<Vec<u8>> {
    let mut frames = reply_of_text();
    frames.pop();
    frames
}

fn reply_of_text() -> Vec<Vec<u8>> {
    let whole = reply::of("text", "it is whole").expect("there is such a scenario");
    reply::stream(&whole, reply::words)
}

/// A reply in pieces of these sizes, by turns.
fn in_pieces(sizes: &[usize]) -> Vec<Step> {
    let bytes = reply_of_text().concat();
    let mut rest = bytes.as_slice();
    let mut steps = Vec::new();
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        steps.push(Step::Bytes(piece.to_vec()));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    steps
}

fn max_tokens() -> Vec<Vec<u8>> {
    vec![
        message_start(),
        block_start(0, &json!({"toolUse": {"name": "weather", "toolUseId": "tooluse_1"}})),
        block_delta(0, &json!({"toolUse": {"input": "{\"city\": \"Par"}})),
        block_stop(0),
        event("messageStop", json!({"stopReason": "max_tokens"})),
        event(
            "metadata",
            json!({"metrics": {"latencyMs": 5}, "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
        ),
    ]
}

fn deep() -> Vec<Vec<u8>> {
    const LEVELS: usize = 1_000;
    let stop = format!(
        r#"{{"additionalModelResponseFields":{}{},"stopReason":"end_turn"}}"#,
        "[".repeat(LEVELS),
        "]".repeat(LEVELS)
    );
    vec![message_start(), block_delta(0, &json!({"text": "deep"})), event_text("messageStop", stop)]
}

fn unknown() -> Vec<Vec<u8>> {
    vec![
        event("messageStart", json!({"role": "narrator", "mood": {"calm": 1}})),
        event("heartbeat", json!({"count": 1})),
        block_start(0, &json!({})),
        block_delta(0, &json!({"hologram": {"depth": 3}})),
        block_delta(0, &json!({"text": "half", "text2": "whole"})),
        block_stop(0),
        event("messageStop", json!({"stopReason": "tired", "since": 7})),
        event(
            "metadata",
            json!({
                "carbon": {"grams": 0.25},
                "metrics": {"latencyMs": 5, "timeToFirstByteMs": 2},
                "usage": {"cacheReadInputTokenCount": 9, "inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
            }),
        ),
    ]
}

fn in_stream(name: &str, message: &str) -> Vec<u8> {
    exception(name, &json!({"message": message}))
}

fn flipped(mut frame: Vec<u8>, byte: usize) -> Vec<u8> {
    frame[byte] ^= 1;
    frame
}
