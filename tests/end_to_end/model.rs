//! The whole of AWS's service model, leaf by leaf: what the model has, the contract has a typed place for.

use host_test::fake::{Fake, frame};
use host_test::{Connection, Error, Operation, Rule, json, types};
use serde_json::{Map, Value, json};

use crate::support::{connection, fake, host, question, read};

/// A place that no value of the model has a name for.
const UNTYPED: [&str; 3] = ["Unknown(", "Other(", "extra: Some("];

/// Content that only requests hold: should it come in a reply, it is kept as it is.
const NOT_IN_REPLIES: [&str; 8] = [
    "content[0].document",
    "content[0].video",
    "content[0].guardContent",
    "content[0].cachePoint",
    "content[0].searchResult",
    "content[0].toolAddition",
    "content[0].toolRemoval",
    "toolResult.content[0].image",
];

struct Model(Value);

/// A way from a shape to something in it that has no parts, and what is there.
#[derive(Clone)]
struct Leaf {
    path: Vec<Step>,
    shape: String,
    value: Value,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Member(String),
    Item,
    Entry,
}

impl Model {
    fn load() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../host-test/model/bedrock-runtime.json");
        let text = std::fs::read_to_string(file).expect("the model is there");
        Self(serde_json::from_str(&text).expect("the model is JSON"))
    }

    /// A shape's kind, what it is made of, and its constraints.
    fn shape(&self, name: &str) -> (&str, &Value, &Map<String, Value>) {
        let shape = self.0["shapes"][name].as_object().unwrap_or_else(|| panic!("there is a shape {name}"));
        let (kind, value) = shape.iter().next().expect("a shape has a kind");
        (kind, value, shape)
    }

    /// All leaves of a shape. Each value of an enumeration is one.
    fn leaves(&self, shape: &str) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.walk(shape, &mut Vec::new(), &mut leaves);
        leaves
    }

    fn walk(&self, name: &str, path: &mut Vec<Step>, leaves: &mut Vec<Leaf>) {
        let (kind, value, _) = self.shape(name);
        let mut into = |step: Step, shape: &Value| {
            path.push(step);
            self.walk(shape.as_str().expect("a shape is named"), path, leaves);
            path.pop();
        };
        match kind {
            "structure" | "union" | "events" if !value.as_object().is_some_and(Map::is_empty) => {
                for (member, shape) in value.as_object().expect("it has members") {
                    into(Step::Member(member.clone()), shape);
                }
            }
            "list" => into(Step::Item, value),
            "map" => into(Step::Entry, &value[1]),
            _ => leaves.extend(self.values(name).into_iter().map(|value| {
                let (path, shape) = (path.clone(), name.to_owned());
                Leaf { path, shape, value }
            })),
        }
    }

    /// What a leaf may be.
    fn values(&self, name: &str) -> Vec<Value> {
        let (kind, _, shape) = self.shape(name);
        match kind {
            "string" => match shape.get("enum") {
                Some(values) => values.as_array().expect("it is a list").clone(),
                None => vec![sample_text(name).into()],
            },
            "boolean" => vec![true.into(), false.into()],
            "blob" => vec!["AAH/".into()],
            "integer" | "long" => vec![503.into()],
            "float" | "double" => vec![json!(0.7)],
            "document" => vec![json!({"b": 1, "a": [null, "é", 12_345_678_901_234_567_890_u64]})],
            "structure" => vec![json!({})],
            other => panic!("a new kind of leaf: {other}"),
        }
    }

    /// The least that a shape allows, with `value` at `path`.
    fn build(&self, name: &str, path: &[Step], value: &Value) -> Value {
        let (kind, parts, shape) = self.shape(name);
        let part = |shape: &Value, path| self.build(shape.as_str().expect("it is named"), path, value);
        match (path.split_first(), kind) {
            (Some((Step::Member(member), rest)), _) => {
                let mut object = self.required(parts, shape);
                object.insert(member.clone(), part(&parts[member], rest));
                object.into()
            }
            (Some((Step::Item, rest)), _) => json!([part(parts, rest)]),
            (Some((Step::Entry, rest)), _) => json!({"key": part(&parts[1], rest)}),
            (None, _) => value.clone(),
        }
    }

    fn required(&self, parts: &Value, shape: &Map<String, Value>) -> Map<String, Value> {
        let names = shape.get("required").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| (name.to_owned(), self.least(parts[name].as_str().expect("it is named")))).collect()
    }

    fn least(&self, name: &str) -> Value {
        let (kind, parts, shape) = self.shape(name);
        let least = |shape: &Value| self.least(shape.as_str().expect("it is named"));
        match kind {
            "structure" => self.required(parts, shape).into(),
            "union" => {
                let (member, shape) = parts.as_object().and_then(|it| it.iter().next()).expect("it has some");
                json!({member: least(shape)})
            }
            "list" => json!([least(parts)]),
            "map" => json!({"key": least(&parts[1])}),
            _ => self.values(name).swap_remove(0),
        }
    }
}

/// A text that every constraint of the model likes.
fn sample_text(shape: &str) -> &'static str {
    match shape {
        "S3Uri" => "s3://bucket/key",
        "AccountId" => "123456789012",
        "GuardrailVersion" => "DRAFT",
        _ => "x",
    }
}

/// As the component spells a path, lists counted from 0.
fn spell(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Member(name) => text += &format!(".{name}"),
            Step::Item => text += "[0]",
            Step::Entry => text += ".key",
        }
    }
    text.trim_start_matches('.').to_owned()
}

/// What is at a path.
fn at<'a>(value: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Step::Member(name) => &value[name],
        Step::Item => &value[0],
        Step::Entry => &value["key"],
    })
}

/// The leaves of a request, but for the model id, which is in the path.
fn request_leaves(model: &Model) -> Vec<Leaf> {
    let is_body = |leaf: &Leaf| leaf.path[0] != Step::Member("modelId".into());
    model.leaves("ConverseStreamRequest").into_iter().filter(is_body).collect()
}

fn body(model: &Model, leaf: &Leaf) -> Value {
    let mut body = model.build("ConverseStreamRequest", &leaf.path, &leaf.value);
    body.as_object_mut().expect("it is an object").remove("modelId");
    body
}

fn assert_typed(value: &impl std::fmt::Debug, place: &str) {
    let text = format!("{value:?}");
    assert!(!UNTYPED.iter().any(|untyped| text.contains(untyped)), "{place} has no type: {text}");
}

async fn sent(fake: &Fake, connection: &Connection, request: &host_test::ConverseRequest) -> Value {
    let before = fake.requests().len();
    let mut events = host().stream_converse(connection, request).await.expect("it can be sent");
    // Whether the fake likes it is not asked here.
    read(&mut events).await.1.ok();
    serde_json::from_slice(&fake.requests()[before].body).expect("the body is JSON")
}

/// Each leaf of the request, given through the contract, is on the wire where the model puts it.
#[tokio::test]
async fn every_member_of_a_request_reaches_the_wire() {
    let (model, fake) = (Model::load(), fake().await);
    let streaming = connection(&fake);
    let whole = Connection { operation: Operation::Converse, ..connection(&fake) };
    let leaves = request_leaves(&model);
    for leaf in &leaves {
        let place = spell(&leaf.path);
        let mut wanted = body(&model, leaf);
        let request = json::request("fake.text", &wanted).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_typed(&request, &place);
        assert_eq!(sent(&fake, &streaming, &request).await, wanted, "{place}");
        if let Some(config) = wanted.pointer_mut("/guardrailConfig").and_then(Value::as_object_mut) {
            config.remove("streamProcessingMode");
        }
        assert_eq!(sent(&fake, &whole, &request).await, wanted, "{place}");
    }
    println!("requests: 0 of {} leaves of the model are missing", leaves.len());
    assert!(leaves.len() > 200, "{}", leaves.len());
}

/// Each constraint of the model is found, and nothing where it is kept.
#[tokio::test]
async fn every_constraint_of_a_request_is_checked() {
    let model = Model::load();
    let mut constraints = 0;
    let mut seen = Vec::new();
    for leaf in request_leaves(&model) {
        let place = spell(&leaf.path);
        let request =
            json::request("m", &body(&model, &leaf)).unwrap_or_else(|error| panic!("{place}: {error}"));
        let findings = host().check(&request).await.expect("it can be checked");
        assert_eq!(findings, [], "{place}");
        // Once for each place, not for each of its values.
        if std::mem::replace(&mut seen, leaf.path.clone()) == leaf.path {
            continue;
        }
        for (path, value, rule) in violations(&model, &leaf) {
            let mut violating = leaf.clone();
            violating.path.truncate(path);
            violating.value = value;
            let wanted = spell(&violating.path);
            if wanted == "outputConfig.textFormat.type" {
                // The contract has no way to say another one.
                continue;
            }
            let body = body(&model, &violating);
            let request =
                json::request("m", &body).unwrap_or_else(|error| panic!("{place}: {error}: {body}"));
            let findings = host().check(&request).await.expect("it can be checked");
            let found = findings.iter().any(|finding| {
                finding.rule == rule
                    && (finding.path == wanted || finding.path.starts_with(&format!("{wanted}.")))
            });
            assert!(found, "{wanted} {rule:?}: {findings:?}");
            constraints += 1;
        }
    }
    println!("constraints: {constraints} of the model's are checked");
    assert!(constraints > 80, "{constraints}");
}

/// For each constraint of a leaf, or of the list or map that it is in: how long the way is to what has it, a value
/// that breaks it, and what is to be found.
fn violations(model: &Model, leaf: &Leaf) -> Vec<(usize, Value, Rule)> {
    let mut violations = Vec::new();
    let depth = leaf.path.len();
    let (kind, _, shape) = model.shape(&leaf.shape);
    let limit = |shape: &Map<String, Value>, name: &str| shape.get(name).and_then(Value::as_u64);
    let long = |length: u64| "x".repeat(usize::try_from(length).expect("it is small"));
    match kind {
        "string" => {
            violations.extend(shape.get("enum").map(|_| (depth, "newer".into(), Rule::Enumeration)));
            violations.extend(shape.get("pattern").map(|_| (depth, "\u{0}".into(), Rule::Pattern)));
            violations.extend(limit(shape, "max").map(|max| (depth, long(max + 1).into(), Rule::Maximum)));
            if limit(shape, "min").is_some_and(|min| min > 0) {
                violations.push((depth, "".into(), Rule::Sendable));
            }
        }
        "blob" if limit(shape, "min").is_some() => violations.push((depth, "".into(), Rule::Sendable)),
        "integer" if limit(shape, "min") == Some(1) => violations.push((depth, 0.into(), Rule::Sendable)),
        "float" => {
            violations.push((depth, json!(-0.5), Rule::Sendable));
            violations.push((depth, json!(1.5), Rule::Maximum));
        }
        _ => {}
    }
    // What it is in.
    let mut name = "ConverseStreamRequest".to_owned();
    for (length, step) in leaf.path.iter().enumerate() {
        let (_, parts, shape) = model.shape(&name);
        let max = limit(shape, "max").and_then(|max| usize::try_from(max).ok());
        let next = match step {
            Step::Member(member) => &parts[member],
            Step::Item => {
                let item = model.least(parts.as_str().expect("it is named"));
                violations.extend(max.map(|max| (length, json!(vec![item; max + 1]), Rule::Maximum)));
                if name == "ToolConfigurationToolsList" {
                    violations.push((length, json!([]), Rule::Sendable));
                }
                parts
            }
            Step::Entry => {
                let value = model.least(parts[1].as_str().expect("it is named"));
                let map = |keys: Vec<String>| -> Value {
                    keys.into_iter().map(|key| (key, value.clone())).collect::<Map<_, _>>().into()
                };
                violations.extend(max.map(|max| {
                    let keys = (0..=max).map(|number| number.to_string()).collect();
                    (length, map(keys), Rule::Maximum)
                }));
                let (_, _, key) = model.shape(parts[0].as_str().expect("it is named"));
                violations
                    .extend(limit(key, "max").map(|max| (length, map(vec![long(max + 1)]), Rule::Maximum)));
                violations
                    .extend(key.get("pattern").map(|_| (length, map(vec!["\u{0}".into()]), Rule::Pattern)));
                if limit(key, "min").is_some_and(|min| min > 0) {
                    violations.push((length, map(vec![String::new()]), Rule::Sendable));
                }
                &parts[1]
            }
        };
        name = next.as_str().expect("it is named").to_owned();
    }
    violations
}

/// A reply with this event in its middle.
fn replay(fake: &Fake, event: &str, payload: &Value) -> host_test::ConverseRequest {
    let mut frames = vec![frame("messageStart", r#"{"role":"assistant"}"#)];
    frames.push(frame(event, &payload.to_string()));
    frames.push(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
    fake.replay("leaf", frames);
    question("replay.leaf")
}

/// An event that holds one leaf of the model, and nothing else, comes out of the component with it.
#[tokio::test]
async fn every_member_of_an_event_arrives() {
    let (model, fake) = (Model::load(), fake().await);
    let leaves = model.leaves("ConverseStreamOutput");
    for leaf in &leaves {
        let place = spell(&leaf.path);
        let [Step::Member(event), path @ ..] = &leaf.path[..] else { panic!("{place} is in no event") };
        let payload = only(path, &leaf.value);
        if event.ends_with("Exception") {
            assert_exception(&fake, event, path, &leaf.value).await;
            continue;
        }
        let request = replay(&fake, event, &payload);
        let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it can be sent");
        let mut arrived = false;
        while let Some(event) = futures_util::StreamExt::next(&mut events).await {
            let event = event.unwrap_or_else(|error| panic!("{place}: {error}"));
            arrived |= at(&json::event(&event), &leaf.path) == &leaf.value;
            // Bedrock leaves out what a place requires: that is another thing than what is in it.
            let text = format!("{event:?}").replace("Other(\"\")", "");
            assert_typed(&text, &place);
        }
        assert!(arrived, "{place} does not arrive");
    }
    println!("events: 0 of {} leaves of the model are missing", leaves.len());
    assert!(leaves.len() > 250, "{}", leaves.len());
}

async fn assert_exception(fake: &Fake, exception: &str, path: &[Step], value: &Value) {
    let place = format!("{exception}.{}", spell(path));
    fake.replay("leaf", vec![host_test::fake::exception(exception, &only(path, value))]);
    let mut events =
        host().stream_converse(&connection(fake), &question("replay.leaf")).await.expect("it can be sent");
    let Err(Error::Converse(types::Error::Service(error))) = read(&mut events).await.1 else {
        panic!("{place} is no error")
    };
    assert_eq!(error.code.to_lowercase(), exception.to_lowercase());
    assert_ne!(error.kind, types::ServiceErrorKind::Other, "{place}");
    let arrived = match &*spell(path) {
        "message" => error.message.into(),
        "originalMessage" => json!(error.original_message),
        "originalStatusCode" => json!(error.original_status),
        other => panic!("{other} is new"),
    };
    assert_eq!(&arrived, value, "{place}");
}

/// An object that has nothing but `value` at `path`.
fn only(path: &[Step], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |value, step| match step {
        Step::Member(name) => json!({name: value}),
        Step::Item => json!([value]),
        Step::Entry => json!({"key": value}),
    })
}

/// The same for the operation that is not streamed, and for the whole reply that `finish` gives.
#[tokio::test]
async fn every_member_of_a_whole_reply_arrives() {
    let (model, fake) = (Model::load(), fake().await);
    let connection =
        Connection { operation: Operation::Converse, keep_reply: Some(1 << 20), ..connection(&fake) };
    let leaves = model.leaves("ConverseResponse");
    for leaf in &leaves {
        let place = spell(&leaf.path);
        let mut response = model.build("ConverseResponse", &leaf.path, &leaf.value);
        if place.contains(".citationsContent.content[") {
            // Text that cites nothing is text.
            response["output"]["message"]["content"][0]["citationsContent"]["citations"] =
                json!([{"title": "x"}]);
        }
        fake.replay("leaf", vec![response.to_string().into_bytes()]);
        let events = host().stream_converse(&connection, &question("replay.leaf")).await.expect("it is sent");
        let outcome = events.finish().await.expect("the component finishes");
        assert_eq!(outcome.verdict, Ok(()), "{place}");
        let reply = outcome.reply.expect("it is kept");
        assert_eq!(reply.unknown, [], "{place}");
        assert_eq!(json::reply(&reply), response, "{place}");
        if !NOT_IN_REPLIES.iter().any(|kind| place.contains(kind)) {
            assert_typed(&reply, &place);
        }
    }
    println!("whole replies: 0 of {} leaves of the model are missing", leaves.len());
    assert!(leaves.len() > 300, "{}", leaves.len());
}
