//! Replies as `Converse` gives them, and as `ConverseStream` cuts them.

use serde_json::{Map, Value, json};

use super::events::{block_delta, block_start, block_stop, event};

/// A reply in frames, as the service streams it. `split` cuts texts, and the input of tools, into the pieces that
/// become deltas; what it returns must join to what it was given.
pub fn stream(reply: &Value, mut split: impl FnMut(&str) -> Vec<String>) -> Vec<Vec<u8>> {
    let message = &reply["output"]["message"];
    let mut frames = vec![event("messageStart", json!({"role": message["role"]}))];
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let (start, deltas) = cut(block, &mut split);
        frames.extend(start.map(|start| block_start(index, &start)));
        frames.extend(deltas.iter().map(|delta| block_delta(index, delta)));
        frames.push(block_stop(index));
    }
    let mut rest = reply.as_object().cloned().unwrap_or_default();
    rest.remove("output");
    let stop = ["stopReason", "additionalModelResponseFields"];
    let stop: Map<_, _> = stop.iter().filter_map(|name| rest.shift_remove_entry(*name)).collect();
    frames.push(event("messageStop", stop.into()));
    frames.push(event("metadata", rest.into()));
    frames
}

/// The beginning of a block, if its kind has one, and its deltas.
fn cut(block: &Value, split: &mut impl FnMut(&str) -> Vec<String>) -> (Option<Value>, Vec<Value>) {
    let texts = |pieces: Vec<String>| pieces.into_iter().map(|text| json!({"text": text}));
    let (name, value) =
        block.as_object().and_then(|members| members.iter().next()).expect("a block has a member");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match name.as_str() {
        "text" => (None, texts(split(&text(value))).collect()),
        "toolUse" => {
            let mut start = value.clone();
            let input =
                start.as_object_mut().and_then(|start| start.shift_remove("input")).unwrap_or_default();
            let pieces = if input == json!({}) {
                split("")
            } else {
                [vec![String::new()], split(&input.to_string())].concat()
            };
            let deltas = pieces.iter().map(|piece| json!({"toolUse": {"input": piece}})).collect();
            (Some(json!({"toolUse": start})), deltas)
        }
        "toolResult" => {
            let mut start = value.clone();
            let content =
                start.as_object_mut().and_then(|start| start.shift_remove("content")).unwrap_or_default();
            let mut deltas = Vec::new();
            for item in content.as_array().into_iter().flatten() {
                deltas.push(json!({"toolResult": [item]}));
            }
            (Some(json!({"toolResult": start})), deltas)
        }
        "reasoningContent" => match value.get("reasoningText") {
            Some(block) => {
                let deltas = texts(split(&text(&block["text"])))
                    .chain(block.get("signature").map(|signature| json!({"signature": signature})));
                (None, deltas.map(|delta| json!({"reasoningContent": delta})).collect())
            }
            None => (None, vec![block.clone()]),
        },
        "citationsContent" => {
            let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
            let content = list("content");
            let content = content.iter().flat_map(|item| split(&text(&item["text"])));
            let citations = list("citations").into_iter().map(|citation| json!({"citation": citation}));
            (None, texts(content.collect()).chain(citations).collect())
        }
        "image" => {
            let mut delta = value.clone();
            let format = delta.as_object_mut().and_then(|image| image.shift_remove("format"));
            (Some(json!({"image": {"format": format}})), vec![json!({"image": delta})])
        }
        _ => (Some(block.clone()), Vec::new()),
    }
}

/// After each word, or in JSON after each name.
pub(super) fn words(text: &str) -> Vec<String> {
    let end = if text.starts_with('{') { ':' } else { ' ' };
    text.split_inclusive(end).map(str::to_owned).collect()
}

fn reply(content: &Value, stop_reason: &str, usage: [usize; 2]) -> Value {
    let [input, output] = usage;
    json!({
        "metrics": {"latencyMs": 467},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": stop_reason,
        "usage": {
            "inputTokens": input,
            "outputTokens": output,
            "serverToolUsage": {},
            "totalTokens": input + output,
        },
    })
}

/// The whole reply of a scenario that has one.
pub(super) fn of(scenario: &str, prompt: &str) -> Option<Value> {
    Some(match scenario {
        "demo" => demo(),
        "text" | "slow" | "gated" => text(match scenario {
            "slow" => "a slow reply",
            "gated" => "a held reply",
            _ => prompt,
        }),
        "tool-use" => reply(
            &json!([
                {"text": "Let me look."},
                {"toolUse": {"input": {"city": "Paris"}, "name": "weather", "toolUseId": "tooluse_1", "type": "tool_use"}},
                {"toolUse": {"input": {}, "name": "clock", "toolUseId": "tooluse_2", "type": "tool_use"}},
            ]),
            "tool_use",
            [402, 41],
        ),
        "reasoning" => reply(
            &json!([
                {"reasoningContent": {"reasoningText": {"signature": "c2lnbmF0dXJl", "text": "The user wants a number."}}},
                {"reasoningContent": {"redactedContent": "AAH/"}},
                {"text": "42"},
            ]),
            "end_turn",
            [20, 30],
        ),
        "citations" => citations(),
        "image" => reply(
            &json!([
                {"text": "Here it is."},
                {"image": {"format": "png", "source": {"bytes": PIXEL}}},
            ]),
            "end_turn",
            [9, 260],
        ),
        "server-tool" => server_tool(),
        "guardrail" => guardrail(),
        "cached" => cached(),
        _ => return None,
    })
}

/// A picture of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

fn text(prompt: &str) -> Value {
    let text = format!("You said: {prompt}. Every word of this is a frame of its own: ☃, 東京, 🦀.");
    let words = text.split(' ').count();
    reply(&json!([{"text": text}]), "end_turn", [12, words])
}

fn demo() -> Value {
    let thought = "They ask about the weather, and I have a tool for that.";
    let speech = "Hello from a fake Amazon Bedrock! These words arrive one frame at a time, through a WebAssembly \
        component that signed its request and can reach nothing but this server. Let me look up the weather.";
    reply(
        &json!([
            {"reasoningContent": {"reasoningText": {"signature": "c2lnbmF0dXJl", "text": thought}}},
            {"text": speech},
            {"toolUse": {"input": {"city": "Paris", "unit": "celsius"}, "name": "weather", "toolUseId": "tooluse_demo"}},
        ]),
        "tool_use",
        [87, 64],
    )
}

fn citations() -> Value {
    let page = json!({
        "location": {"documentPage": {"documentIndex": 0, "end": 3, "start": 2}},
        "sourceContent": [{"text": "Water boils at 100 °C."}],
        "title": "Physics",
    });
    let web = json!({
        "location": {"web": {"domain": "weather.example", "url": "https://weather.example/paris"}},
        "source": "https://weather.example/paris",
        "title": "Paris",
    });
    reply(
        &json!([
            {"text": "As the sources say: "},
            {"citationsContent": {"citations": [page, web], "content": [{"text": "it boils at 100 °C in Paris."}]}},
        ]),
        "end_turn",
        [50, 12],
    )
}

fn server_tool() -> Value {
    let found = json!({"results": [{"title": "Paris", "url": "https://weather.example/paris"}]});
    reply(
        &json!([
            {"toolUse": {"input": {"query": "weather in Paris"}, "name": "nova_grounding", "toolUseId": "tooluse_s", "type": "server_tool_use"}},
            {"toolResult": {
                "content": [{"text": "one result"}, {"json": found}],
                "status": "success",
                "toolUseId": "tooluse_s",
                "type": "nova_grounding_result",
            }},
            {"text": "It is sunny."},
        ]),
        "end_turn",
        [30, 25],
    )
}

fn guardrail() -> Value {
    let mut reply =
        reply(&json!([{"text": "Sorry, I cannot talk about that."}]), "guardrail_intervened", [20, 0]);
    let topic = json!({"action": "BLOCKED", "detected": true, "name": "weather", "type": "DENY"});
    reply["trace"] = json!({"guardrail": {
        "actionReason": "Guardrail blocked.",
        "inputAssessment": {"abc123": {"topicPolicy": {"topics": [topic]}}},
    }});
    reply
}

fn cached() -> Value {
    let mut reply = reply(&json!([{"text": "As before."}]), "end_turn", [3, 2]);
    reply["usage"]["cacheReadInputTokens"] = 1_000.into();
    reply["usage"]["cacheWriteInputTokens"] = 500.into();
    reply["usage"]["cacheDetails"] =
        json!([{"inputTokens": 300, "ttl": "5m"}, {"inputTokens": 200, "ttl": "1h"}]);
    reply["performanceConfig"] = json!({"latency": "optimized"});
    reply["serviceTier"] = json!({"type": "flex"});
    reply["additionalModelResponseFields"] = json!({"stop_sequence": null});
    reply
}
