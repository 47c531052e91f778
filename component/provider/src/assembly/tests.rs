use super::*;
use crate::bindings::converse::Operation;
use crate::bindings::types::ConverseRequest;
use crate::event;
use crate::request;

/// What these events come to.
fn assembled(events: &[(&str, &str)]) -> Reply {
    let mut decoded = Vec::new();
    for (name, payload) in events {
        event::decode(name, payload.as_bytes(), &mut decoded).expect("the event can be read");
    }
    finished(&decoded)
}

fn finished(events: &[StreamEvent]) -> Reply {
    let mut assembly = Assembly::default();
    for event in events {
        assembly.add(event);
    }
    assembly.finish().expect("something came")
}

/// What a reply that is not streamed comes to.
fn whole(response: &str) -> Reply {
    let mut events = Vec::new();
    response::decode(response.as_bytes(), &mut events).expect("it is an object");
    finished(&events)
}

/// A message as it is sent back.
fn sent_back(message: &Message) -> String {
    let request = ConverseRequest { messages: Vec::from([message.clone()]), ..request::empty() };
    let body = request::body(&request, Operation::Converse).expect("it can be sent back");
    let body = String::from_utf8(body).expect("JSON is UTF-8");
    let message = body.strip_prefix(r#"{"messages":["#).and_then(|rest| rest.strip_suffix("]}"));
    message.expect("there is one message").into()
}

fn delta(index: u32, delta: &str) -> (&'static str, String) {
    ("contentBlockDelta", format!(r#"{{"contentBlockIndex":{index},"delta":{delta}}}"#))
}

/// The content that deltas come to, after `messageStart` and before `messageStop`.
fn content(events: &[(&'static str, String)], stop_reason: &str) -> Vec<ContentBlock> {
    let stop = format!(r#"{{"stopReason":"{stop_reason}"}}"#);
    let mut all = Vec::from([("messageStart", r#"{"role":"assistant"}"#)]);
    all.extend(events.iter().map(|(name, payload)| (*name, payload.as_str())));
    all.push(("messageStop", &stop));
    assembled(&all).message.content
}

#[test]
fn a_reply_is_sent_back_as_it_came() {
    for block in [
        r#"{"text":"Hi \"there\""}"#,
        r#"{"toolUse":{"toolUseId":"t","name":"n","input":{"b":1e400,"a":[-0.0]},"type":"tool_use"}}"#,
        r#"{"toolUse":{"toolUseId":"t","name":"n","input":{},"thoughtSignature":"abc","x":{"y":1}}}"#,
        r#"{"toolResult":{"toolUseId":"t","content":[{"text":"a"},{"text":"b"},{"json":{"n":1}},{"image":{"format":"png","source":{"bytes":"AAH/"}}}],"status":"success","type":"web","x":1}}"#,
        r#"{"image":{"format":"png","source":{"bytes":"AAH/"}}}"#,
        r#"{"image":{"format":"gif","source":{"s3Location":{"uri":"s3://b/k","bucketOwner":"1"}},"error":{"message":"m"}}}"#,
        r#"{"audio":{"format":"wav","source":{"bytes":"AAH/"}}}"#,
        r#"{"audio":{"format":"wav","source":{"bytes":"AAH/"},"pitch":440}}"#,
        r#"{"reasoningContent":{"reasoningText":{"text":"r","signature":"s"}}}"#,
        r#"{"reasoningContent":{"reasoningText":{"text":"","signature":"s","mood":1}}}"#,
        r#"{"reasoningContent":{"redactedContent":"AAH/"}}"#,
        r#"{"reasoningContent":{"hunch":{"x":1}}}"#,
        r#"{"citationsContent":{"content":[{"text":"c"}],"citations":[{"title":"t","source":"s","sourceContent":[{"text":"a"}],"location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}},{"location":{"web":{"url":"u","domain":"d"}}}],"mood":1}}"#,
        r#"{"citationsContent":{"content":[{"text":"c"}],"mood":1}}"#,
        r#"{"image":{"format":"png","source":{},"error":{"message":"m"}}}"#,
        r#"{"hologram":{"depth":3}}"#,
        r#"{"document":{"format":"pdf","name":"d","source":{"text":"t"}}}"#,
        r#"{"text":5}"#,
    ] {
        let message = format!(r#"{{"role":"assistant","content":[{block}]}}"#);
        let reply = whole(&format!(r#"{{"output":{{"message":{message}}},"stopReason":"end_turn"}}"#));
        assert_eq!(sent_back(&reply.message), message);
        assert_eq!(reply.unknown, [], "{block}");
    }
    let audio =
        r#"{"output":{"message":{"content":[{"audio":{"format":"wav","source":{"bytes":"AAH/"}}}]}}}"#;
    assert!(matches!(whole(audio).message.content[..], [ContentBlock::Audio(_)]));
}

#[test]
fn all_of_a_response_is_kept() {
    let reply = whole(
        r#"{"output":{"message":{"role":"user","content":[{"text":"x","text2":1},{},7,{"text":" \n"}],"mood":2},"y":3},"stopReason":"tired",
            "additionalModelResponseFields":{"a":1e0},"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3,"new":4},
            "metrics":{"latencyMs":5},"trace":{"t":1},"carbon":6}"#,
    );
    assert_eq!(reply.message.role, Role::User);
    let foreign = |name: &str, value: &str| UnknownMember { name: name.into(), value: value.into() };
    assert_eq!(reply.message.content, [ContentBlock::Text("x".into())]);
    assert_eq!(reply.stop_reason, Some(StopReason::Other("tired".into())));
    assert_eq!(reply.additional_model_response_fields.as_deref(), Some(r#"{"a":1e0}"#));
    let metadata = reply.metadata.expect("there is some");
    assert_eq!(metadata.usage.and_then(|usage| usage.extra).as_deref(), Some(r#"{"new":4}"#));
    assert_eq!((metadata.latency_ms, metadata.trace.as_deref()), (Some(5), Some(r#"{"t":1}"#)));
    assert_eq!(metadata.extra.as_deref(), Some(r#"{"carbon":6}"#));
    assert_eq!(
        reply.unknown,
        [
            foreign("output.y", "3"),
            foreign("output.message.mood", "2"),
            foreign("output.message.content[0].text2", "1"),
            foreign("output.message.content[2]", "7"),
        ]
    );
    let reply = whole(r#"{"output":{}}"#);
    assert_eq!(reply.message, Message { role: Role::Assistant, content: vec![] });
    assert_eq!(reply.stop_reason, Some(StopReason::Other(String::new())));
    let twice = whole(r#"{"output":{},"stopReason":"a","stopReason":"end_turn"}"#);
    assert_eq!((twice.stop_reason, twice.unknown), (Some(StopReason::EndTurn), vec![]));
}

#[test]
fn what_is_no_reply_is_refused() {
    let mut events = Vec::new();
    let mut refused =
        |body: &str| response::decode(body.as_bytes(), &mut events).expect_err("it is no reply");
    for body in ["{}", r#"{"error":"upstream is down"}"#] {
        assert_eq!(refused(body), "the response has neither output nor stopReason");
    }
    assert_eq!(refused("[]"), "the response is not a JSON object");
    // Each part needs many times its size.
    let citations = vec!["{}"; 1_000].join(",");
    let blocks = vec![format!(r#"{{"citationsContent":{{"citations":[{citations}]}}}}"#); 1_000].join(",");
    let results = vec![r#"{"text":""}"#; 1_000].join(",");
    let results = vec![format!(r#"{{"toolResult":{{"content":[{results}]}}}}"#); 1_000].join(",");
    for blocks in [blocks, results] {
        let body = format!(r#"{{"output":{{"message":{{"content":[{blocks}]}}}}}}"#);
        assert_eq!(refused(&body), "the response has more than 10000 parts");
    }
    assert!(events.len() < 30_000, "{}", events.len());
}

/// Nothing vanishes, whatever it is that has no place.
#[test]
fn what_has_no_place_in_a_block_is_kept_beside_it() {
    for (block, path, value) in [
        (r#"{"reasoningContent":{"redactedContent":"AAH/","mood":1}}"#, "reasoningContent.mood", "1"),
        (r#"{"reasoningContent":{"reasoningText":{"text":"r"},"mood":1}}"#, "reasoningContent.mood", "1"),
        (r#"{"toolResult":{"toolUseId":"t","content":[{"text":"a","mood":1}]}}"#, "toolResult[0].mood", "1"),
        (r#"{"toolResult":{"toolUseId":"t","content":5}}"#, "toolResult.content", "5"),
        (r#"{"citationsContent":{"citations":[{"title":"t","mood":1}]}}"#, "citation.mood", "1"),
    ] {
        let message = format!(r#"{{"role":"assistant","content":[{block}]}}"#);
        let reply = whole(&format!(r#"{{"output":{{"message":{message}}},"stopReason":"end_turn"}}"#));
        let unknown: Vec<_> = reply.unknown.iter().map(|member| (&*member.name, &*member.value)).collect();
        assert_eq!(unknown, [(&*format!("output.message.content[0].{path}"), value)], "{block}");
        sent_back(&reply.message);
    }
    // What is known is not lost with its beginning.
    let blocks = content(
        &[
            ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"mcpToolUse":{"x":1}}}"#.into()),
            delta(0, r#"{"toolUse":{"input":"{}"}}"#),
            delta(1, r#"{"toolResult":[{"text":"a"}]}"#),
            delta(2, r#"{"image":{"source":{"bytes":"AA=="}}}"#),
        ],
        "end_turn",
    );
    assert!(matches!(
        &blocks[..],
        [
            ContentBlock::Unknown(start),
            ContentBlock::ToolUse(call),
            ContentBlock::ToolResult(result),
            ContentBlock::Image(_)
        ] if start.name == "mcpToolUse" && call.input == "{}" && result.content.len() == 1
    ));
    let start = |id: &str| {
        let start =
            format!(r#"{{"contentBlockIndex":0,"start":{{"toolUse":{{"toolUseId":"{id}","name":"n"}}}}}}"#);
        ("contentBlockStart", start)
    };
    assert_eq!(content(&[start("a"), start("b")], "tool_use").len(), 2);
}

#[test]
fn deltas_are_joined() {
    let blocks = content(
        &[
            // Interleaved, and the second begins first.
            delta(1, r#"{"text":"wor"}"#),
            delta(0, r#"{"reasoningContent":{"text":"thi"}}"#),
            delta(1, r#"{"text":"ld"}"#),
            delta(0, r#"{"reasoningContent":{"text":"nk"}}"#),
            delta(0, r#"{"reasoningContent":{"signature":"si"}}"#),
            delta(0, r#"{"reasoningContent":{"signature":"gn"}}"#),
            ("contentBlockStop", r#"{"contentBlockIndex":0}"#.into()),
            // The same index once more is a block of its own.
            delta(0, r#"{"reasoningContent":{"redactedContent":"AAE="}}"#),
            delta(0, r#"{"reasoningContent":{"redactedContent":"/w=="}}"#),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"image":{"format":"png"}}}"#.into()),
            delta(2, r#"{"image":{"source":{"bytes":"AAE="}}}"#),
            delta(2, r#"{"image":{"source":{"bytes":"/w=="}}}"#),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":3,"start":{"toolResult":{"toolUseId":"t"}}}"#.into(),
            ),
            delta(3, r#"{"toolResult":[{"text":"a"}]}"#),
            delta(3, r#"{"toolResult":[{"text":"b"},{"text":"c"},{"json":1}]}"#),
            delta(3, r#"{"toolResult":[{"text":"d"}]}"#),
            delta(4, r#"{"citation":{"title":"1"}}"#),
            delta(4, r#"{"text":"cited"}"#),
            delta(4, r#"{"citation":{"title":"2"}}"#),
            delta(5, r#"{"text":" \n"}"#),
            delta(6, r#"{"reasoningContent":{"text":""}}"#),
        ],
        "end_turn",
    );
    let message = Message { role: Role::Assistant, content: blocks };
    assert_eq!(
        sent_back(&message),
        concat!(
            r#"{"role":"assistant","content":["#,
            r#"{"reasoningContent":{"reasoningText":{"text":"think","signature":"sign"}}},"#,
            r#"{"reasoningContent":{"redactedContent":"AAH/"}},"#,
            r#"{"text":"world"},"#,
            r#"{"image":{"format":"png","source":{"bytes":"AAH/"}}},"#,
            r#"{"toolResult":{"toolUseId":"t","content":[{"text":"ab"},{"text":"c"},{"json":1},{"text":"d"}]}},"#,
            r#"{"citationsContent":{"content":[{"text":"cited"}],"citations":[{"title":"1"},{"title":"2"}]}}"#,
            "]}",
        )
    );
}

#[test]
fn tool_uses_are_complete_or_said_not_to_be() {
    let start = |index: u32| {
        let start = r#"{"toolUse":{"toolUseId":"t","name":"n","type":"tool_use","x":1}}"#;
        ("contentBlockStart", format!(r#"{{"contentBlockIndex":{index},"start":{start}}}"#))
    };
    let input = |text: &str| {
        let text = text.replace('"', r#"\""#);
        delta(0, &format!(r#"{{"toolUse":{{"input":"{text}"}}}}"#))
    };
    let complete = |input: &str| {
        ContentBlock::ToolUse(ToolUseBlock {
            tool_use_id: "t".into(),
            name: "n".into(),
            input: input.into(),
            type_: Some(crate::bindings::types::ToolUseType::Other("tool_use".into())),
            extra: Some(r#"{"x":1}"#.into()),
        })
    };
    let incomplete = |input: &str| {
        ContentBlock::IncompleteToolUse(IncompleteToolUseBlock {
            tool_use_id: "t".into(),
            name: "n".into(),
            input: input.into(),
            type_: Some(crate::bindings::types::ToolUseType::Other("tool_use".into())),
            extra: Some(r#"{"x":1}"#.into()),
        })
    };
    for (pieces, stop_reason, wanted) in [
        (&["", "{\"a\"", ":1}"][..], "tool_use", complete(r#"{"a":1}"#)),
        (&[], "tool_use", complete("{}")),
        (&["", " "], "end_turn", complete("{}")),
        (&["{\"a\":1}"], "max_tokens", complete(r#"{"a":1}"#)),
        (&["{\"a\":"], "max_tokens", incomplete("{\"a\":")),
        (&["{\"a\":"], "tool_use", incomplete("{\"a\":")),
        // It may have been about to begin.
        (&[], "max_tokens", incomplete("")),
        (&[], "model_context_window_exceeded", incomplete("")),
        (&["[1]"], "tool_use", incomplete("[1]")),
    ] {
        let events: Vec<_> = [start(0)].into_iter().chain(pieces.iter().map(|piece| input(piece))).collect();
        assert_eq!(content(&events, stop_reason), [wanted], "{pieces:?} {stop_reason}");
    }
    // Only the last can have been cut off.
    let events = [start(0), start(1)];
    assert_eq!(content(&events, "max_tokens"), [complete("{}"), incomplete("")]);
}

#[test]
fn a_broken_reply_is_kept_as_far_as_it_came() {
    assert_eq!(Assembly::default().finish(), None);
    let reply = assembled(&[
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"half"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"n"}}}"#),
    ]);
    assert_eq!(reply.message.role, Role::Assistant);
    assert!(matches!(
        &reply.message.content[..],
        [ContentBlock::Text(text), ContentBlock::IncompleteToolUse(_)] if text == "half"
    ));
    assert_eq!((reply.stop_reason, reply.metadata), (None, None));
}

#[test]
fn what_has_no_place_has_a_path() {
    let reply = assembled(&[
        ("messageStart", r#"{"role":"assistant","mood":1}"#),
        ("heartbeat", r#"{"count":1}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":2,"start":{"image":{"format":"png","mood":2}},"since":3}"#,
        ),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":2,"delta":{"image":{"source":{"bytes":"AA=="},"mood":4}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"hologram":5}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":2,"until":6}"#),
        ("contentBlockStarted", r#"{"count":2}"#),
        ("messageStop", r#"{"stopReason":"end_turn","since":7}"#),
        ("metadata", r#"{"metrics":{"latencyMs":5,"timeToFirstByteMs":2}}"#),
    ]);
    let names: Vec<_> = reply.unknown.iter().map(|member| (&*member.name, &*member.value)).collect();
    assert_eq!(
        names,
        [
            ("output.message.mood", "1"),
            ("heartbeat", r#"{"count":1}"#),
            ("output.message.content[2].image.mood", "2"),
            ("output.message.content[2].since", "3"),
            ("output.message.content[2].image.mood", "4"),
            ("output.message.content[2].hologram", "5"),
            ("output.message.content[2].until", "6"),
            ("contentBlockStarted", r#"{"count":2}"#),
            ("since", "7"),
            ("metrics.timeToFirstByteMs", "2"),
        ]
    );
}

/// What a block has of its own, or has no place in what it came to, does not go back with it.
#[test]
fn members_go_back_with_their_own_part() {
    let unknown = |reply: &Reply| -> Vec<_> {
        reply.unknown.iter().map(|member| (member.name.clone(), member.value.clone())).collect()
    };
    let row = |name: &str, value: &str| (format!("output.message.content[0].{name}"), value.to_owned());
    for (block, sent, left) in [
        (
            r#"{"toolUse":{"toolUseId":"t","name":"n","input":{},"type":5,"":6},"toolUse":7}"#,
            r#"{"toolUse":{"toolUseId":"t","name":"n","input":{},"type":5,"":6}}"#,
            row("toolUse", "7"),
        ),
        (
            r#"{"toolResult":{"toolUseId":"t","content":5,"x":6}}"#,
            r#"{"toolResult":{"toolUseId":"t","content":[],"x":6}}"#,
            row("toolResult.content", "5"),
        ),
        (
            r#"{"reasoningContent":{"reasoningText":{"text":5,"signature":"s","x":6}}}"#,
            r#"{"reasoningContent":{"reasoningText":{"text":"","signature":"s","x":6}}}"#,
            row("reasoningContent.reasoningText.text", "5"),
        ),
        (
            r#"{"reasoningContent":{"redactedContent":"AAH/","x":6}}"#,
            r#"{"reasoningContent":{"redactedContent":"AAH/"}}"#,
            row("reasoningContent.x", "6"),
        ),
        (
            r#"{"citationsContent":{"content":[{"text":"c"}],"citations":5}}"#,
            r#"{"text":"c"}"#,
            row("citationsContent.citations", "5"),
        ),
    ] {
        let reply =
            whole(&format!(r#"{{"output":{{"message":{{"role":"assistant","content":[{block}]}}}}}}"#));
        assert_eq!(sent_back(&reply.message), format!(r#"{{"role":"assistant","content":[{sent}]}}"#));
        assert_eq!(unknown(&reply), [left]);
    }
    // Nor does what came for another block, though that did not say that it ended.
    let tool = |name: &str, member: &str| {
        let start = format!(r#"{{"start":{{"toolUse":{{"toolUseId":"t","name":"{name}",{member}}}}}}}"#);
        ("contentBlockStart", start)
    };
    let content = content(&[tool("a", r#""x":1"#), tool("b", r#""y":2"#)], "tool_use");
    assert_eq!(
        sent_back(&Message { role: Role::Assistant, content }),
        concat!(
            r#"{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"a","input":{},"x":1}},"#,
            r#"{"toolUse":{"toolUseId":"t","name":"b","input":{},"y":2}}]}"#,
        )
    );
}

#[test]
fn there_is_an_end_of_parts() {
    let mut assembly = Assembly::default();
    for index in (0..=4_096).rev() {
        assert!(!assembly.is_too_large());
        assembly.add(&StreamEvent::ContentBlockStop(index));
    }
    assert!(assembly.is_too_large());
    // Of names too.
    let mut assembly = Assembly::default();
    for number in 0..=4_096 {
        let name = format!("contentBlockDelta.delta.reasoningContent.{number}");
        assembly.add(&StreamEvent::Unknown(UnknownMember { name, value: "0".into() }));
    }
    assert!(assembly.is_too_large());
}
