use super::*;
use crate::bindings::types::{
    CacheTtl, ImageFormat, PerformanceLatency, Role, ServiceTier, StopReason, ToolResultStatus, ToolUseType,
};

fn decoded(name: &str, payload: &str) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    decode(name, payload.as_bytes(), &mut events).expect("the event can be read");
    events
}

fn foreign(name: &str, value: &str) -> StreamEvent {
    StreamEvent::Unknown(UnknownMember { name: name.into(), value: value.into() })
}

fn member(name: &str, value: &str) -> UnknownMember {
    UnknownMember { name: name.into(), value: value.into() }
}

fn delta(delta: Option<ContentBlockDelta>) -> StreamEvent {
    StreamEvent::ContentBlockDelta(ContentBlockDeltaEvent { content_block_index: 3, delta })
}

fn start(start: Option<ContentBlockStart>) -> StreamEvent {
    StreamEvent::ContentBlockStart(ContentBlockStartEvent { content_block_index: 3, start })
}

#[test]
fn each_delta() {
    use ContentBlockDelta as Delta;
    use ReasoningContentBlockDelta as Reasoning;

    let reasoning = |delta| Some(Delta::ReasoningContent(delta));
    for (json, wanted) in [
        (r#"{"text":"Hi \ud83e\udd80"}"#, Some(Delta::Text("Hi 🦀".into()))),
        (r#"{"toolUse":{"input":"{\"a"}}"#, Some(Delta::ToolUse("{\"a".into()))),
        (r#"{"toolUse":{}}"#, Some(Delta::ToolUse(String::new()))),
        (
            r#"{"toolResult":[{"text":"t"},{"json":{"n":1e400}},{"image":7}]}"#,
            Some(Delta::ToolResult(vec![
                ToolResultBlockDelta::Text("t".into()),
                ToolResultBlockDelta::Json(r#"{"n":1e400}"#.into()),
                ToolResultBlockDelta::Unknown(member("image", "7")),
            ])),
        ),
        (r#"{"reasoningContent":{"text":"r"}}"#, reasoning(Reasoning::Text("r".into()))),
        (r#"{"reasoningContent":{"signature":"s"}}"#, reasoning(Reasoning::Signature("s".into()))),
        (
            r#"{"reasoningContent":{"redactedContent":"AAH/"}}"#,
            reasoning(Reasoning::RedactedContent(vec![0, 1, 255])),
        ),
        (r#"{"reasoningContent":{"mood":1}}"#, reasoning(Reasoning::Unknown(member("mood", "1")))),
        // What the model does not know, or knows in another form, is no less than the rest.
        (r#"{"hologram":{"x":1}}"#, Some(Delta::Unknown(member("hologram", r#"{"x":1}"#)))),
        (r#"{"text":5}"#, Some(Delta::Unknown(member("text", "5")))),
        (r#"{"toolResult":{}}"#, Some(Delta::Unknown(member("toolResult", "{}")))),
        (r#"{"reasoningContent":{}}"#, Some(Delta::Unknown(member("reasoningContent", "{}")))),
        (
            r#"{"reasoningContent":{"redactedContent":"?"}}"#,
            reasoning(Reasoning::Unknown(member("redactedContent", r#""?""#))),
        ),
        // To AWS, what is null is absent.
        (r#"{"text":null,"toolUse":{"input":"i"}}"#, Some(Delta::ToolUse("i".into()))),
        (
            r#"{"reasoningContent":{"text":null,"signature":"s"}}"#,
            reasoning(Reasoning::Signature("s".into())),
        ),
        (r#"{"text":null}"#, None),
        (
            r#"{"toolResult":[{},{"text":null},{"text":"t"}]}"#,
            Some(Delta::ToolResult(vec![ToolResultBlockDelta::Text("t".into())])),
        ),
        // All or nothing: no part of it is told twice.
        (
            r#"{"toolResult":[{"text":"t","x":1},7]}"#,
            Some(Delta::Unknown(member("toolResult", r#"[{"text":"t","x":1},7]"#))),
        ),
        ("{}", None),
        ("null", None),
    ] {
        let payload = format!(r#"{{"contentBlockIndex":3,"delta":{json},"p":"abc"}}"#);
        assert_eq!(decoded("contentBlockDelta", &payload), [delta(wanted)], "{json}");
    }
}

#[test]
fn each_start() {
    use ContentBlockStart as Start;

    let tool_use =
        |type_| Some(Start::ToolUse(ToolUseBlockStart { tool_use_id: "i".into(), name: "n".into(), type_ }));
    for (json, wanted) in [
        (r#"{"toolUse":{"toolUseId":"i","name":"n"}}"#, tool_use(None)),
        (
            r#"{"toolUse":{"toolUseId":"i","name":"n","type":"server_tool_use"}}"#,
            tool_use(Some(ToolUseType::ServerToolUse)),
        ),
        (
            r#"{"toolUse":{"toolUseId":"i","name":"n","type":"tool_use"}}"#,
            tool_use(Some(ToolUseType::Other("tool_use".into()))),
        ),
        (
            r#"{"toolResult":{"toolUseId":"i","status":"error","type":"x"}}"#,
            Some(Start::ToolResult(ToolResultBlockStart {
                tool_use_id: "i".into(),
                type_: Some("x".into()),
                status: Some(ToolResultStatus::Error),
            })),
        ),
        (r#"{"image":{"format":"png"}}"#, Some(Start::Image(ImageFormat::Png))),
        (r#"{"image":{}}"#, Some(Start::Image(ImageFormat::Other(String::new())))),
        (r#"{"image":7}"#, Some(Start::Unknown(member("image", "7")))),
        (r#"{"audio":{"format":"wav"}}"#, Some(Start::Unknown(member("audio", r#"{"format":"wav"}"#)))),
        ("{}", None),
    ] {
        let payload = format!(r#"{{"contentBlockIndex":3,"start":{json}}}"#);
        assert_eq!(decoded("contentBlockStart", &payload), [start(wanted)], "{json}");
    }
}

#[test]
fn each_other_event() {
    assert_eq!(decoded("messageStart", r#"{"role":"user"}"#), [StreamEvent::MessageStart(Role::User)]);
    assert_eq!(decoded("contentBlockStop", r#"{"contentBlockIndex":7}"#), [StreamEvent::ContentBlockStop(7)]);
    for (text, stop_reason) in [
        ("end_turn", StopReason::EndTurn),
        ("tool_use", StopReason::ToolUse),
        ("max_tokens", StopReason::MaxTokens),
        ("stop_sequence", StopReason::StopSequence),
        ("guardrail_intervened", StopReason::GuardrailIntervened),
        ("content_filtered", StopReason::ContentFiltered),
        ("malformed_model_output", StopReason::MalformedModelOutput),
        ("malformed_tool_use", StopReason::MalformedToolUse),
        ("model_context_window_exceeded", StopReason::ModelContextWindowExceeded),
        ("tired", StopReason::Other("tired".into())),
    ] {
        let payload = format!(r#"{{"stopReason":"{text}","additionalModelResponseFields":{{"a":[-0.0]}}}}"#);
        let additional_model_response_fields = Some(r#"{"a":[-0.0]}"#.into());
        let stop = MessageStopEvent { stop_reason, additional_model_response_fields };
        assert_eq!(decoded("messageStop", &payload), [StreamEvent::MessageStop(stop)]);
    }
    let payload = r#"{
        "usage": {
            "inputTokens": 1, "outputTokens": 2, "totalTokens": 3,
            "cacheReadInputTokens": 4, "cacheWriteInputTokens": 5,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 6}, {"ttl": "5m", "inputTokens": 7}]
        },
        "metrics": {"latencyMs": 8},
        "trace": {"promptRouter": {"invokedModelId": "m"}},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"}
    }"#;
    let usage = TokenUsage {
        input_tokens: 1,
        output_tokens: 2,
        total_tokens: 3,
        cache_read_input_tokens: Some(4),
        cache_write_input_tokens: Some(5),
        cache_details: vec![
            CacheDetail { ttl: CacheTtl::OneHour, input_tokens: 6 },
            CacheDetail { ttl: CacheTtl::FiveMinutes, input_tokens: 7 },
        ],
        extra: None,
    };
    let metadata = MetadataEvent {
        usage: Some(usage),
        latency_ms: Some(8),
        trace: Some(r#"{"promptRouter": {"invokedModelId": "m"}}"#.into()),
        performance_latency: Some(PerformanceLatency::Optimized),
        service_tier: Some(ServiceTier::Flex),
        extra: None,
    };
    assert_eq!(decoded("metadata", payload), [StreamEvent::Metadata(metadata)]);
}

/// Smithy's client error correction.
#[test]
fn missing_members_have_their_zero_value() {
    assert_eq!(decoded("messageStart", "{}"), [StreamEvent::MessageStart(Role::Other(String::new()))]);
    assert_eq!(decoded("contentBlockStop", "{}"), [StreamEvent::ContentBlockStop(0)]);
    let [StreamEvent::MessageStop(stop)] = &decoded("messageStop", "{}")[..] else { panic!("no stop") };
    assert_eq!(stop.stop_reason, StopReason::Other(String::new()));
    let [StreamEvent::Metadata(metadata)] = &decoded("metadata", r#"{"usage":{}}"#)[..] else {
        panic!("no metadata")
    };
    assert_eq!(metadata.usage.as_ref().map(|usage| usage.input_tokens), Some(0));
    assert_eq!(metadata.latency_ms, None);
}

#[test]
fn foreign_members_follow_their_event() {
    assert_eq!(
        decoded(
            "contentBlockDelta",
            r#"{"mood":[1e0],"contentBlockIndex":3,"delta":{"text":"a","text2":"b"},"p":"x"}"#
        ),
        [
            delta(Some(ContentBlockDelta::Text("a".into()))),
            foreign("contentBlockDelta.delta.text2", r#""b""#),
            foreign("contentBlockDelta.mood", "[1e0]"),
        ]
    );
    assert_eq!(
        decoded("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":"","x":1}}}"#),
        [
            delta(Some(ContentBlockDelta::ToolUse(String::new()))),
            foreign("contentBlockDelta.delta.toolUse.x", "1"),
        ]
    );
    assert_eq!(
        decoded("contentBlockStop", r#"{"contentBlockIndex":"one"}"#),
        [StreamEvent::ContentBlockStop(0), foreign("contentBlockStop.contentBlockIndex", r#""one""#)]
    );
    let events = decoded(
        "metadata",
        r#"{"usage":{"inputTokens":-1,"fee":2},"metrics":{"latencyMs":1.5},"serviceTier":{"type":"flex","x":1},"carbon":{}}"#,
    );
    let StreamEvent::Metadata(metadata) = &events[0] else { panic!("no metadata") };
    assert_eq!(metadata.extra.as_deref(), Some(r#"{"carbon":{}}"#));
    let usage = metadata.usage.as_ref().and_then(|usage| usage.extra.as_deref());
    assert_eq!(usage, Some(r#"{"inputTokens":-1,"fee":2}"#));
    assert_eq!(
        events[1..],
        [foreign("metadata.metrics.latencyMs", "1.5"), foreign("metadata.serviceTier.x", "1")]
    );
}

/// The marker of a type, which Smithy's protocols allow in a union, is not its member.
#[test]
fn a_type_marker_is_no_delta() {
    assert_eq!(
        decoded("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"__type":"a#B","hologram":1}}"#),
        [
            delta(Some(ContentBlockDelta::Unknown(member("hologram", "1")))),
            foreign("contentBlockDelta.delta.__type", r#""a#B""#),
        ]
    );
    assert_eq!(
        decoded("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"__type":"a#B"}}"#),
        [delta(None), foreign("contentBlockDelta.delta.__type", r#""a#B""#)]
    );
}

/// What is sent to exhaust us arrives as it is, and no bigger.
#[test]
fn floods_of_members_stay_together() {
    let flood = |count: usize| (0..count).map(|n| format!(r#""x{n}":0"#)).collect::<Vec<_>>().join(",");
    let some = flood(40);
    assert_eq!(
        decoded("contentBlockDelta", &format!(r#"{{"contentBlockIndex":3,"delta":{{"text":"a",{some}}}}}"#)),
        [
            delta(Some(ContentBlockDelta::Text("a".into()))),
            foreign("contentBlockDelta.delta", &format!("{{{some}}}")),
        ]
    );
    let many = flood(2_000);
    let payload = format!("{{{many}}}");
    assert_eq!(decoded("messageStop", &payload), [foreign("messageStop", &payload)]);
    assert_eq!(
        decoded(
            "contentBlockDelta",
            &format!(r#"{{"contentBlockIndex":3,"delta":{{"toolUse":{payload}}}}}"#)
        ),
        [delta(Some(ContentBlockDelta::Unknown(member("toolUse", &payload))))]
    );
}

#[test]
fn unknown_events_arrive_whatever_they_hold() {
    assert_eq!(decoded("heartbeat", r#" {"n": 1} "#), [foreign("heartbeat", r#" {"n": 1} "#)]);
    assert_eq!(decoded("note", "just text"), [foreign("note", r#""just text""#)]);
    let mut events = Vec::new();
    decode("blob", &[0, 255], &mut events).expect("it can be passed on");
    assert_eq!(events, [foreign("blob", r#""AP8=""#)]);
}

#[test]
fn known_events_must_be_objects() {
    for (payload, problem) in [
        (&b"[]"[..], "messageStop is not a JSON object"),
        (b"", "messageStop is not JSON: EOF while parsing a value at line 1 column 0"),
        (b"{\"stopReason\":\"\xFF\"}", "messageStop is not UTF-8"),
    ] {
        let mut events = Vec::new();
        assert_eq!(decode("messageStop", payload, &mut events).expect_err("it is no event"), problem);
        assert!(events.is_empty());
    }
}

#[test]
fn each_image_and_citation() {
    use ContentBlockDelta as Delta;

    let image = |source, error: Option<&str>| {
        let error = error.map(|message| ErrorBlock { message: Some(message.into()) });
        Delta::Image(ImageBlockDelta { source, error })
    };
    let s3 = |owner: Option<&str>| {
        let bucket_owner = owner.map(Into::into);
        Some(MediaSource::S3Location(S3Location { uri: "s3://b/k".into(), bucket_owner }))
    };
    let citation = |location| Citation { title: None, source: None, source_content: vec![], location };
    let range = || SourceRange { index: Some(1), start: Some(2), end: None };
    let web = WebLocation { url: Some("u".into()), domain: None };
    let whole = Citation {
        title: Some("t".into()),
        source: Some("s".into()),
        source_content: vec!["a".into(), "b".into()],
        location: None,
    };
    for (json, wanted) in [
        (r#"{"image":{"source":{"bytes":"AAH/"}}}"#, image(Some(MediaSource::Bytes(vec![0, 1, 255])), None)),
        (r#"{"image":{"source":{"s3Location":{"uri":"s3://b/k"}}}}"#, image(s3(None), None)),
        (
            r#"{"image":{"source":{"s3Location":{"uri":"s3://b/k","bucketOwner":"1"}}}}"#,
            image(s3(Some("1")), None),
        ),
        (r#"{"image":{"source":{"disc":7}}}"#, image(Some(MediaSource::Unknown(member("disc", "7"))), None)),
        (
            r#"{"image":{"source":{"bytes":"?"}}}"#,
            image(Some(MediaSource::Unknown(member("bytes", r#""?""#))), None),
        ),
        (r#"{"image":{"error":{"message":"m"}}}"#, image(None, Some("m"))),
        (r#"{"image":{"source":{},"error":null}}"#, image(None, None)),
        (
            r#"{"citation":{"title":"t","source":"s","sourceContent":[{"text":"a"},{"text":"b"}],"location":{}}}"#,
            Delta::Citation(whole),
        ),
        (
            r#"{"citation":{"location":{"web":{"url":"u"}}}}"#,
            Delta::Citation(citation(Some(CitationLocation::Web(web)))),
        ),
        (
            r#"{"citation":{"location":{"documentChar":{"documentIndex":1,"start":2}}}}"#,
            Delta::Citation(citation(Some(CitationLocation::DocumentChar(range())))),
        ),
        (
            r#"{"citation":{"location":{"documentPage":{"documentIndex":1,"start":2}}}}"#,
            Delta::Citation(citation(Some(CitationLocation::DocumentPage(range())))),
        ),
        (
            r#"{"citation":{"location":{"documentChunk":{"documentIndex":1,"start":2}}}}"#,
            Delta::Citation(citation(Some(CitationLocation::DocumentChunk(range())))),
        ),
        (
            r#"{"citation":{"location":{"searchResultLocation":{"searchResultIndex":1,"start":2}}}}"#,
            Delta::Citation(citation(Some(CitationLocation::SearchResult(range())))),
        ),
        (
            r#"{"citation":{"location":{"star":[]}}}"#,
            Delta::Citation(citation(Some(CitationLocation::Unknown(member("star", "[]"))))),
        ),
        (
            r#"{"citation":{"location":{"web":[]}}}"#,
            Delta::Citation(citation(Some(CitationLocation::Unknown(member("web", "[]"))))),
        ),
    ] {
        let payload = format!(r#"{{"contentBlockIndex":3,"delta":{json}}}"#);
        assert_eq!(decoded("contentBlockDelta", &payload), [delta(Some(wanted))], "{json}");
    }

    // What has no place comes behind.
    let payload = r#"{"contentBlockIndex":3,"delta":{"citation":{"mood":1,"sourceContent":[{"text":"a","x":2}],"location":{"web":{"y":3}}}}}"#;
    let at = "contentBlockDelta.delta.citation";
    assert_eq!(
        decoded("contentBlockDelta", payload)[1..],
        [
            foreign(&format!("{at}.sourceContent[0].x"), "2"),
            foreign(&format!("{at}.location.web.y"), "3"),
            foreign(&format!("{at}.mood"), "1"),
        ]
    );
    let payload = r#"{"delta":{"citation":{"sourceContent":[{"text":"a"},{"image":7}]}}}"#;
    assert_eq!(
        decoded("contentBlockDelta", payload)[1..],
        [foreign(&format!("{at}.sourceContent"), r#"[{"text":"a"},{"image":7}]"#)]
    );
}
