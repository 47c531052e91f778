use serde_json::json;

use super::*;
use crate::json;
use crate::types::{
    CachePointBlock, CachePointType, CacheTtl, ContentBlock, GuardContentBlock, GuardText,
    GuardrailStreamProcessingMode, GuardrailTrace, PerformanceLatency, Role, ServiceTier, UnknownMember,
};

/// What is read from a body that has only these members.
#[track_caller]
fn reads(body: &Value, change: impl FnOnce(&mut ConverseRequest)) {
    let mut wanted = ConverseRequest::new("m");
    change(&mut wanted);
    assert_eq!(request("m", body).expect("it is a request"), wanted);
}

fn unknown(name: &str, value: &str) -> UnknownMember {
    UnknownMember { name: name.into(), value: value.into() }
}

#[test]
fn messages_and_system() {
    let body = json!({
        "messages": [{"role": "user", "content": [{"text": "a"}]}, {"role": "narrator", "content": []}],
        "system": [
            {"text": "s"},
            {"guardContent": {"text": {"text": "t"}}},
            {"cachePoint": {"type": "default", "ttl": "5m"}},
            {"hologram": 1},
        ],
    });
    let messages = [
        Message { role: Role::User, content: vec![ContentBlock::Text("a".into())] },
        Message { role: Role::Other("narrator".into()), content: vec![] },
    ];
    let written: Vec<_> = messages.iter().map(json::message).collect();
    assert_eq!(Value::from(written), body["messages"]);
    reads(&body, |request| {
        request.messages = messages.into();
        request.system = vec![
            SystemContentBlock::Text("s".into()),
            SystemContentBlock::GuardContent(GuardContentBlock::Text(GuardText {
                text: "t".into(),
                qualifiers: vec![],
            })),
            SystemContentBlock::CachePoint(CachePointBlock {
                type_: CachePointType::Default,
                ttl: Some(CacheTtl::FiveMinutes),
            }),
            SystemContentBlock::Unknown(unknown("hologram", "1")),
        ];
    });
}

#[test]
fn tools() {
    let specification = |input_schema: &str| ToolSpecification {
        name: "n".into(),
        description: None,
        input_schema: input_schema.into(),
        strict: None,
    };
    for (json, tool) in [
        (
            json!({"toolSpec": {
                "name": "n",
                "description": "d",
                "inputSchema": {"json": {"type": "object"}},
                "strict": true,
            }}),
            Tool::ToolSpec(ToolSpecification {
                description: Some("d".into()),
                strict: Some(true),
                ..specification(r#"{"type":"object"}"#)
            }),
        ),
        (
            json!({"toolSpec": {"name": "n", "inputSchema": {"json": null}}}),
            Tool::ToolSpec(specification("null")),
        ),
        (
            json!({"toolSpec": {"name": "n", "inputSchema": {"xml": ""}}}),
            Tool::Unknown(unknown("toolSpec", r#"{"name":"n","inputSchema":{"xml":""}}"#)),
        ),
        (json!({"systemTool": {"name": "n"}}), Tool::SystemTool("n".into())),
        (
            json!({"cachePoint": {"type": "default"}}),
            Tool::CachePoint(CachePointBlock { type_: CachePointType::Default, ttl: None }),
        ),
        (json!({"hologram": {}}), Tool::Unknown(unknown("hologram", "{}"))),
    ] {
        reads(&json!({"toolConfig": {"tools": [json]}}), |request| {
            request.tool_config = Some(ToolConfiguration { tools: vec![tool], tool_choice: None });
        });
    }
    for (json, choice) in [
        (json!({"auto": {}}), ToolChoice::Auto),
        (json!({"any": {}}), ToolChoice::Any),
        (json!({"tool": {"name": "n"}}), ToolChoice::Tool("n".into())),
        (json!({"any": {"mood": 1}}), ToolChoice::Unknown(unknown("any", r#"{"mood":1}"#))),
        (json!({"none": {}}), ToolChoice::Unknown(unknown("none", "{}"))),
    ] {
        reads(&json!({"toolConfig": {"tools": [], "toolChoice": json}}), |request| {
            request.tool_config = Some(ToolConfiguration { tools: vec![], tool_choice: Some(choice) });
        });
    }
}

#[test]
fn the_other_members() {
    let body = json!({
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.7, "topP": 1, "stopSequences": ["x", "y"]},
        "guardrailConfig": {
            "guardrailIdentifier": "g",
            "guardrailVersion": "DRAFT",
            "trace": "enabled_full",
            "streamProcessingMode": "async",
        },
        "additionalModelRequestFields": {"top_k": 200},
        "promptVariables": {"b": {"text": "1"}, "a": {"text": ""}},
        "additionalModelResponseFieldPaths": ["/a"],
        "requestMetadata": {"k": "v", "": ""},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": "{}", "name": "n", "description": "d"}},
            },
            "effort": "low",
        },
        "hologram": {"x": 1},
        "mood": null,
    });
    reads(&body, |request| {
        request.inference_config = Some(InferenceConfiguration {
            max_tokens: Some(5),
            temperature: Some(0.7),
            top_p: Some(1.0),
            stop_sequences: vec!["x".into(), "y".into()],
        });
        request.guardrail_config = Some(GuardrailConfiguration {
            guardrail_identifier: Some("g".into()),
            guardrail_version: Some("DRAFT".into()),
            trace: Some(GuardrailTrace::EnabledFull),
            stream_processing_mode: Some(GuardrailStreamProcessingMode::Asynchronous),
        });
        request.additional_model_request_fields = Some(r#"{"top_k":200}"#.into());
        request.prompt_variables = vec![
            PromptVariable { name: "b".into(), text: "1".into() },
            PromptVariable { name: "a".into(), text: String::new() },
        ];
        request.additional_model_response_field_paths = vec!["/a".into()];
        request.request_metadata = vec![
            MetadataEntry { key: "k".into(), value: "v".into() },
            MetadataEntry { key: String::new(), value: String::new() },
        ];
        request.performance_latency = Some(PerformanceLatency::Optimized);
        request.service_tier = Some(ServiceTier::Flex);
        request.output_config = Some(OutputConfiguration {
            json_schema: Some(JsonSchemaDefinition {
                schema: "{}".into(),
                name: Some("n".into()),
                description: Some("d".into()),
            }),
            effort: Some("low".into()),
        });
        request.extra = Some(r#"{"hologram":{"x":1},"mood":null}"#.into());
    });
}

#[test]
fn members_that_need_not_say_anything() {
    for body in [
        json!({}),
        json!({"messages": null, "inferenceConfig": null, "performanceConfig": null}),
        json!({"messages": [], "system": [], "requestMetadata": {}, "performanceConfig": {}}),
    ] {
        reads(&body, |_| {});
    }
    reads(&json!({"inferenceConfig": {}}), |request| {
        request.inference_config = Some(InferenceConfiguration {
            max_tokens: None,
            temperature: None,
            top_p: None,
            stop_sequences: vec![],
        });
    });
    reads(&json!({"guardrailConfig": {}}), |request| {
        request.guardrail_config = Some(GuardrailConfiguration {
            guardrail_identifier: None,
            guardrail_version: None,
            trace: None,
            stream_processing_mode: None,
        });
    });
    reads(&json!({"outputConfig": {}}), |request| {
        request.output_config = Some(OutputConfiguration { json_schema: None, effort: None });
    });
    reads(&json!({"additionalModelRequestFields": null}), |request| {
        request.additional_model_request_fields = Some("null".into());
    });
}

#[test]
fn numbers_keep_their_digits() {
    let fields = r#"{"z":1e400,"a":12345678901234567890123,"b":1.50,"c":-0.0}"#;
    let body = format!(r#"{{"additionalModelRequestFields":{fields},"extra":1.10}}"#);
    let body = serde_json::from_str(&body).expect("it is JSON");
    reads(&body, |request| {
        // `serde_json` spells an exponent its own way.
        request.additional_model_request_fields = Some(fields.replace("1e400", "1e+400"));
        request.extra = Some(r#"{"extra":1.10}"#.into());
    });
    // By way of 64 bits this would be 1.0.
    let body = r#"{"inferenceConfig":{"topP":1.00000005960464477540}}"#;
    let body = serde_json::from_str(body).expect("it is JSON");
    let config = request("m", &body).expect("it is a request").inference_config;
    assert_eq!(config.and_then(|config| config.top_p), Some(1.000_000_1));
}

#[test]
fn other_bodies_are_refused() {
    let message = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    for (body, problem) in [
        (json!([]), "the body must be an object"),
        (json!({"messages": "hello"}), "messages must be an array"),
        (json!({"messages": [5]}), "messages[0] must be an object"),
        (json!({"messages": [{"content": []}]}), "messages[0].role is required"),
        (json!({"messages": [{"role": 5, "content": []}]}), "messages[0].role must be a string"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content is required"),
        (
            json!({"messages": [{"role": "user", "content": [], "mood": 1}]}),
            "messages[0].mood is unknown to this version",
        ),
        (message(json!({})), "messages[0].content must be an array"),
        (message(json!(["hello"])), "messages[0].content[0] must be an object"),
        (message(json!([{"text": "a"}, {}])), "messages[0].content[1] must have exactly one member"),
        (message(json!([{"text": "a", "image": {}}])), "messages[0].content[0] must have exactly one member"),
        (json!({"system": [null]}), "system[0] must be an object"),
        (json!({"inferenceConfig": 5}), "inferenceConfig must be an object"),
        (json!({"inferenceConfig": {"topK": 5}}), "inferenceConfig.topK is unknown to this version"),
        (
            json!({"inferenceConfig": {"maxTokens": 1.0}}),
            "inferenceConfig.maxTokens must be a whole number from 0 to 4294967295",
        ),
        (
            json!({"inferenceConfig": {"maxTokens": 4_294_967_296_u64}}),
            "inferenceConfig.maxTokens must be a whole number from 0 to 4294967295",
        ),
        (
            json!({"inferenceConfig": {"temperature": "0.5"}}),
            "inferenceConfig.temperature must be a number that 32 bits can hold",
        ),
        (
            json!({"inferenceConfig": {"topP": 1e39}}),
            "inferenceConfig.topP must be a number that 32 bits can hold",
        ),
        (
            json!({"inferenceConfig": {"stopSequences": [1]}}),
            "inferenceConfig.stopSequences[0] must be a string",
        ),
        (json!({"toolConfig": {}}), "toolConfig.tools is required"),
        (
            json!({"toolConfig": {"tools": [], "toolChoice": "auto"}}),
            "toolConfig.toolChoice must be an object",
        ),
        (json!({"guardrailConfig": {"trace": true}}), "guardrailConfig.trace must be a string"),
        (json!({"promptVariables": {"x": "y"}}), "promptVariables.x must be an object"),
        (json!({"promptVariables": {"x": {"json": 1}}}), "promptVariables.x.text is required"),
        (json!({"requestMetadata": {"k": null}}), "requestMetadata.k must be a string"),
        (json!({"performanceConfig": {"mood": 1}}), "performanceConfig.mood is unknown to this version"),
        (json!({"serviceTier": {}}), "serviceTier.type is required"),
        (
            json!({"outputConfig": {"textFormat": {"type": "regex"}}}),
            "outputConfig.textFormat.type must be \"json_schema\"",
        ),
        (
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {}}}}}),
            "outputConfig.textFormat.structure.jsonSchema.schema is required",
        ),
    ] {
        let error = request("m", &body).expect_err("it is refused");
        assert_eq!(error.to_string(), problem);
    }
}

/// AWS's model is the judge: it has nothing that the contract has no place for.
#[test]
fn all_that_is_in_the_model_is_typed() {
    let model: Value =
        serde_json::from_str(include_str!("../../../model/bedrock-runtime.json")).expect("the model is JSON");
    for mut body in samples(&model["shapes"], "ConverseStreamRequest") {
        body.as_object_mut().expect("it is an object").remove("modelId");
        let request = request("m", &body).expect("it is a request");
        let debug = format!("{request:?}");
        for lost in ["Unknown(", "Other(", "extra: Some"] {
            assert!(!debug.contains(lost), "{lost} in {debug}");
        }
        let messages: Vec<_> = request.messages.iter().map(json::message).collect();
        assert_eq!(Value::from(messages), body["messages"]);
    }
}

/// So many values of a shape that each of its members, and of what they are made of, occurs.
fn samples(shapes: &Value, shape: &str) -> Vec<Value> {
    let of = |shape: &Value| samples(shapes, shape.as_str().expect("a shape is named"));
    let shape = &shapes[shape];
    let (kind, parts) = shape.as_object().and_then(|shape| shape.iter().next()).expect("a shape has a kind");
    let parts = || parts.as_object().expect("it has members").iter();
    match kind.as_str() {
        "structure" => {
            let members: Vec<_> = parts().map(|(name, shape)| (name, of(shape))).collect();
            let most = members.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
            let nth = |n: usize| {
                let member = |(name, values): &(&String, Vec<Value>)| {
                    ((*name).clone(), values[n % values.len()].clone())
                };
                Value::Object(members.iter().map(member).collect())
            };
            (0..most).map(nth).collect()
        }
        "union" => parts()
            .flat_map(|(name, shape)| of(shape).into_iter().map(move |value| json!({name: value})))
            .collect(),
        "list" => vec![of(&shape["list"]).into()],
        "map" => {
            let value = |(n, value)| (format!("k{n}"), value);
            vec![of(&shape["map"][1]).into_iter().enumerate().map(value).collect()]
        }
        "string" => shape["enum"].as_array().cloned().unwrap_or_else(|| vec!["s".into()]),
        "document" => vec![json!({"a": [null, 1.50, "b"]})],
        "boolean" => vec![true.into(), false.into()],
        "integer" => vec![7.into()],
        "float" => vec![json!(0.25)],
        "blob" => vec!["AP8=".into()],
        other => panic!("the model has a new kind of shape: {other}"),
    }
}
