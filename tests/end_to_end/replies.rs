//! Whole replies: what arrives, and what was sent for them.

use host_test::types::{
    ContentBlock, InferenceConfiguration, Role, Tool, ToolChoice, ToolConfiguration, ToolResultBlock,
    ToolResultContentBlock, ToolResultStatus, ToolSpecification, ToolUseBlock,
};
use host_test::{Connection, ConverseRequest};
use serde_json::{Value, json};

use crate::support::{ask, connection, fake, host, question, read};

fn block(index: u32, delta: &Value) -> Value {
    json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}})
}

fn stop(index: u32) -> Value {
    json!({"contentBlockStop": {"contentBlockIndex": index}})
}

fn metadata(input: u32, output: u32) -> Value {
    json!({"metadata": {
        "usage": {
            "inputTokens": input,
            "outputTokens": output,
            "totalTokens": input + output,
            "serverToolUsage": {},
        },
        "metrics": {"latencyMs": 467},
    }})
}

#[tokio::test]
async fn text() {
    let fake = fake().await;
    let (events, end) = ask(&fake, "text").await;
    end.expect("the reply is whole");
    let text: String =
        events.iter().filter_map(|event| event["contentBlockDelta"]["delta"]["text"].as_str()).collect();
    assert_eq!(text, "You said: hello. Every word of this is a frame of its own: ☃, 東京, 🦀.");
    assert_eq!(events[0], json!({"messageStart": {"role": "assistant"}}));
    let tail = [stop(0), json!({"messageStop": {"stopReason": "end_turn"}}), metadata(12, 16)];
    assert_eq!(events[events.len() - 3..], tail);
}

#[tokio::test]
async fn tool_uses() {
    let (events, end) = ask(&fake().await, "tool-use").await;
    end.expect("the reply is whole");
    let start = |index: u32, name: &str, id: &str| {
        let start = json!({"toolUse": {"toolUseId": id, "name": name, "type": "tool_use"}});
        json!({"contentBlockStart": {"start": start, "contentBlockIndex": index}})
    };
    let input = |piece: &str| block(1, &json!({"toolUse": {"input": piece}}));
    assert_eq!(
        events,
        [
            json!({"messageStart": {"role": "assistant"}}),
            block(0, &json!({"text": "Let "})),
            block(0, &json!({"text": "me "})),
            block(0, &json!({"text": "look."})),
            stop(0),
            start(1, "weather", "tooluse_1"),
            input(""),
            input("{\"city\":"),
            input("\"Paris\"}"),
            stop(1),
            start(2, "clock", "tooluse_2"),
            stop(2),
            json!({"messageStop": {"stopReason": "tool_use"}}),
            metadata(402, 41),
        ]
    );
}

#[tokio::test]
async fn reasoning() {
    let (events, end) = ask(&fake().await, "reasoning").await;
    end.expect("the reply is whole");
    let reasoning = |index: u32, delta: Value| block(index, &json!({"reasoningContent": delta}));
    assert_eq!(
        events,
        [
            json!({"messageStart": {"role": "assistant"}}),
            reasoning(0, json!({"text": "The "})),
            reasoning(0, json!({"text": "user "})),
            reasoning(0, json!({"text": "wants "})),
            reasoning(0, json!({"text": "a "})),
            reasoning(0, json!({"text": "number."})),
            reasoning(0, json!({"signature": "c2lnbmF0dXJl"})),
            stop(0),
            reasoning(1, json!({"redactedContent": "AAH/"})),
            stop(1),
            block(2, &json!({"text": "42"})),
            stop(2),
            json!({"messageStop": {"stopReason": "end_turn"}}),
            metadata(20, 30),
        ]
    );
}

#[tokio::test]
async fn what_is_unknown_arrives_too() {
    let (events, end) = ask(&fake().await, "unknown").await;
    end.expect("the reply is whole");
    assert_eq!(
        events,
        [
            json!({"messageStart": {"role": "narrator"}}),
            json!({"messageStart.mood": {"calm": 1}}),
            json!({"heartbeat": {"count": 1, "p": "abcdefghijklmnopqrs"}}),
            json!({"contentBlockStart": {"start": {}, "contentBlockIndex": 0}}),
            block(0, &json!({"hologram": {"depth": 3}})),
            block(0, &json!({"text": "half"})),
            json!({"contentBlockDelta.delta.text2": "whole"}),
            stop(0),
            json!({"messageStop": {"stopReason": "tired"}}),
            json!({"messageStop.since": 7}),
            json!({"metadata": {
                "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3, "cacheReadInputTokenCount": 9},
                "metrics": {"latencyMs": 5},
                "carbon": {"grams": 0.25},
            }}),
            json!({"metadata.metrics.timeToFirstByteMs": 2}),
        ]
    );
}

/// A conversation with all that is mapped, as it reaches the wire.
#[tokio::test]
async fn a_request_reaches_the_wire() {
    let fake = fake().await;
    let tool_use = ToolUseBlock {
        tool_use_id: "t-1".into(),
        name: "weather".into(),
        input: r#"{"b":1e400,"a":-0.0}"#.into(),
        type_: None,
        extra: None,
    };
    let tool_result = ToolResultBlock {
        tool_use_id: "t-1".into(),
        content: vec![
            ToolResultContentBlock::Text("sunny".into()),
            ToolResultContentBlock::Json(r#"{"n":12345678901234567890}"#.into()),
        ],
        status: Some(ToolResultStatus::Success),
        type_: None,
        extra: None,
    };
    let mut request = ConverseRequest::new("fake.text-v1:0")
        .system("Be \"brief\".\n")
        .user("Paris? ☃")
        .message(Role::Assistant, vec![ContentBlock::ToolUse(tool_use)])
        .message(Role::User, vec![ContentBlock::ToolResult(tool_result)]);
    request.inference_config = Some(InferenceConfiguration {
        max_tokens: Some(100),
        temperature: Some(0.7),
        top_p: Some(1.0),
        stop_sequences: vec!["END".into()],
    });
    request.tool_config = Some(ToolConfiguration {
        tools: vec![
            Tool::ToolSpec(ToolSpecification {
                name: "weather".into(),
                description: Some("weather".into()),
                input_schema: r#"{"type":"object"}"#.into(),
                strict: Some(true),
            }),
            Tool::SystemTool("search".into()),
        ],
        tool_choice: Some(ToolChoice::Tool("weather".into())),
    });
    request.additional_model_request_fields = Some(r#"{"top_k": 200}"#.into());
    let connection = Connection {
        endpoint_url: Some(format!("{}/a/prefix", fake.url())),
        headers: vec![("X-Trace".into(), "me".into())],
        ..connection(&fake)
    };
    let mut events = host().stream_converse(&connection, &request).await.expect("the request is well formed");
    let request_id = {
        let (_, end) = read(&mut events).await;
        end.expect("the fake accepts it");
        events.request_id().expect("it was answered").to_owned()
    };
    assert_eq!(request_id, "00000000-0000-4000-8000-000000000000");
    assert_eq!(events.attempts().len(), 1);
    assert_eq!(events.attempts()[0].status, Some(200));
    assert_eq!(events.attempts()[0].failure, None);

    let [sent] = fake.requests().try_into().expect("there was one request");
    assert_eq!(sent.path, "/a/prefix/model/fake.text-v1%3A0/converse-stream");
    assert_eq!(
        String::from_utf8(sent.body.to_vec()).expect("JSON is UTF-8"),
        concat!(
            r#"{"messages":[{"role":"user","content":[{"text":"Paris? ☃"}]},"#,
            r#"{"role":"assistant","content":[{"toolUse":{"toolUseId":"t-1","name":"weather","input":{"b":1e400,"a":-0.0}}}]},"#,
            r#"{"role":"user","content":[{"toolResult":{"toolUseId":"t-1","content":[{"text":"sunny"},"#,
            r#"{"json":{"n":12345678901234567890}}],"status":"success"}}]}],"#,
            r#""system":[{"text":"Be \"brief\".\n"}],"#,
            r#""inferenceConfig":{"maxTokens":100,"temperature":0.7,"topP":1.0,"stopSequences":["END"]},"#,
            r#""toolConfig":{"tools":[{"toolSpec":{"name":"weather","description":"weather","#,
            r#""inputSchema":{"json":{"type":"object"}},"strict":true}},{"systemTool":{"name":"search"}}],"#,
            r#""toolChoice":{"tool":{"name":"weather"}}},"#,
            r#""additionalModelRequestFields":{"top_k": 200}}"#,
        )
    );
    let headers: Vec<_> = sent.headers.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = vec![
        "host",
        "content-type",
        "content-length",
        "x-amz-date",
        "authorization",
        "user-agent",
        "x-trace",
    ];
    let mut sorted = headers.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
}

/// The stack of the component is an eighth of what rustc gives it by default: the deepest documents and the
/// largest request must fit.
#[tokio::test]
async fn deep_documents_and_large_requests_fit() {
    let fake = fake().await;
    let (events, end) = ask(&fake, "deep").await;
    end.expect("the reply is whole");
    assert_eq!(events.len(), 3);
    // Deeper than this library's own reader goes: it shows the text.
    let fields = &events[2]["messageStop"]["additionalModelResponseFields"];
    assert_eq!(fields.as_str().map(str::len), Some(2_000));

    let mut request = question("fake.text");
    let nested = |depth: usize| Some("[".repeat(depth) + &"]".repeat(depth));
    request.additional_model_request_fields = nested(1_000);
    let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it can be sent");
    let (_, end) = read(&mut events).await;
    let error = end.expect_err("the fake does not go that deep").to_string();
    assert!(error.contains("SerializationException"), "{error}");
    request.additional_model_request_fields = nested(100_000);
    let error = host().stream_converse(&connection(&fake), &request).await.err().expect("it is refused");
    let text = "invalid request: additionalModelRequestFields is nested more than 1024 levels deep";
    assert_eq!(error.to_string(), text);

    let text = "a large prompt ".repeat(1_500_000);
    let request = ConverseRequest::new("fake.tool-use").user(text.as_str());
    let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it can be sent");
    let (_, end) = read(&mut events).await;
    end.expect("the fake accepts it");
    assert!(fake.requests()[2].body.len() > text.len());
}
