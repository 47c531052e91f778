use super::*;
use crate::bindings::converse::Rule;
use crate::bindings::types::{
    AudioBlock, AudioFormat, CachePointBlock, CachePointType, CacheTtl, Citation, CitationLocation,
    CitationsContentBlock, DocumentFormat, ErrorBlock, GuardContentBlock, GuardContentQualifier, GuardImage,
    GuardText, GuardrailStreamProcessingMode, GuardrailTrace, ImageFormat, IncompleteToolUseBlock,
    JsonSchemaDefinition, MetadataEntry, PerformanceLatency, PromptVariable, ReasoningContentBlock,
    ReasoningTextBlock, Role, S3Location, SearchResultBlock, ServiceTier, SourceRange, SystemContentBlock,
    ToolReference, ToolResultBlock, ToolUseBlock, ToolUseType, UnknownMember, VideoFormat, WebLocation,
};

fn with(change: impl FnOnce(&mut ConverseRequest)) -> ConverseRequest {
    let mut request = empty();
    change(&mut request);
    request
}

/// A request whose only message has these blocks.
fn saying(content: Vec<ContentBlock>) -> ConverseRequest {
    with(|request| request.messages = vec![Message { role: Role::User, content }])
}

fn inference(change: impl FnOnce(&mut InferenceConfiguration)) -> ConverseRequest {
    let mut config =
        InferenceConfiguration { max_tokens: None, temperature: None, top_p: None, stop_sequences: vec![] };
    change(&mut config);
    with(|request| request.inference_config = Some(config))
}

fn tools(tools: Vec<Tool>, tool_choice: Option<ToolChoice>) -> ConverseRequest {
    with(|request| request.tool_config = Some(ToolConfiguration { tools, tool_choice }))
}

fn tool_specification(change: impl FnOnce(&mut ToolSpecification)) -> Tool {
    let mut tool =
        ToolSpecification { name: "t".into(), description: None, input_schema: "{}".into(), strict: None };
    change(&mut tool);
    Tool::ToolSpec(tool)
}

fn tool_use(change: impl FnOnce(&mut ToolUseBlock)) -> ToolUseBlock {
    let mut block = ToolUseBlock {
        tool_use_id: "i".into(),
        name: "t".into(),
        input: "{}".into(),
        type_: None,
        extra: None,
    };
    change(&mut block);
    block
}

fn tool_result(content: Vec<ToolResultContentBlock>) -> ContentBlock {
    let tool_use_id = "i".into();
    ContentBlock::ToolResult(ToolResultBlock { tool_use_id, content, status: None, type_: None, extra: None })
}

fn unknown(value: &str) -> UnknownMember {
    UnknownMember { name: "hologram".into(), value: value.into() }
}

#[track_caller]
fn writes(request: &ConverseRequest, json: &str) {
    let written = body(request, Operation::ConverseStream).expect("the request can be written");
    assert_eq!(String::from_utf8(written).expect("JSON is UTF-8"), json);
    serde_json::from_str::<serde::de::IgnoredAny>(json).expect("it is JSON");
}

#[track_caller]
fn refuses(request: &ConverseRequest, path: &str, reason: &str) {
    let error = body(request, Operation::ConverseStream).expect_err("the request is refused");
    assert_eq!((error.path.as_str(), error.reason.as_str()), (path, reason));
}

#[test]
fn the_model_id_is_one_segment_of_the_path() {
    for (id, segment) in [
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1%3A0"),
        ("arn:aws:bedrock:eu-west-1:1:prompt/X~_", "arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Aprompt%2FX~_"),
        ("a b?c#d%e/../é", "a%20b%3Fc%23d%25e%2F..%2F%C3%A9"),
        ("...", "..."),
    ] {
        let path = |operation| path(id, operation).expect("it is an id");
        assert_eq!(path(Operation::ConverseStream), format!("/model/{segment}/converse-stream"));
        assert_eq!(path(Operation::Converse), format!("/model/{segment}/converse"));
    }
    let path = |id: &str| path(id, Operation::Converse);
    assert!(path(&"x".repeat(2_048)).is_ok());
    for (id, reason) in [
        ("", "must not be empty"),
        (&*"x".repeat(2_049), "must not be longer than 2048 bytes"),
        ("a\nb", "must not hold control characters"),
        ("a\u{85}", "must not hold control characters"),
        (".", "must not be a dot segment"),
        ("..", "must not be a dot segment"),
    ] {
        let error = path(id).expect_err("it is refused");
        assert_eq!((error.path.as_str(), error.reason.as_str()), ("modelId", reason));
    }
}

#[test]
fn what_is_absent_is_left_out() {
    writes(&empty(), "{}");
    writes(&inference(|_| {}), r#"{"inferenceConfig":{}}"#);
    writes(&saying(vec![]), r#"{"messages":[{"role":"user","content":[]}]}"#);
    writes(
        &saying(vec![tool_result(vec![])]),
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"i","content":[]}}]}]}"#,
    );
}

#[test]
fn each_content_block() {
    let reasoning = |text: &str, signature: Option<&str>| {
        let signature = signature.map(Into::into);
        let block = ReasoningTextBlock { text: text.into(), signature, extra: None };
        ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(block))
    };
    let redacted = ReasoningContentBlock::RedactedContent(vec![0, 1, 255]);
    let cache_point = |ttl| CachePointBlock { type_: CachePointType::Default, ttl };
    for (block, json) in [
        (ContentBlock::Text(String::new()), r#"{"text":""}"#),
        (
            ContentBlock::ToolUse(tool_use(|block| block.type_ = Some(ToolUseType::ServerToolUse))),
            r#"{"toolUse":{"toolUseId":"i","name":"t","input":{},"type":"server_tool_use"}}"#,
        ),
        (
            tool_result(vec![
                ToolResultContentBlock::Json(" [1e400] ".into()),
                ToolResultContentBlock::Text("x".into()),
                ToolResultContentBlock::Unknown(unknown("7")),
            ]),
            r#"{"toolResult":{"toolUseId":"i","content":[{"json":[1e400]},{"text":"x"},{"hologram":7}]}}"#,
        ),
        (reasoning("", Some("s")), r#"{"reasoningContent":{"reasoningText":{"text":"","signature":"s"}}}"#),
        (reasoning("r", None), r#"{"reasoningContent":{"reasoningText":{"text":"r"}}}"#),
        (ContentBlock::ReasoningContent(redacted), r#"{"reasoningContent":{"redactedContent":"AAH/"}}"#),
        (ContentBlock::CachePoint(cache_point(None)), r#"{"cachePoint":{"type":"default"}}"#),
        (
            ContentBlock::CachePoint(cache_point(Some(CacheTtl::OneHour))),
            r#"{"cachePoint":{"type":"default","ttl":"1h"}}"#,
        ),
        (ContentBlock::Unknown(unknown(r#"{"depth":3}"#)), r#"{"hologram":{"depth":3}}"#),
    ] {
        writes(&saying(vec![block]), &format!(r#"{{"messages":[{{"role":"user","content":[{json}]}}]}}"#));
    }
}

#[test]
fn each_other_member() {
    let name = |name: &str| ToolChoice::Tool(name.into());
    for (request, json) in [
        (
            with(|request| request.system = vec![SystemContentBlock::Text("s".into())]),
            r#"{"system":[{"text":"s"}]}"#,
        ),
        (
            inference(|config| {
                *config = InferenceConfiguration {
                    max_tokens: Some(u32::MAX),
                    temperature: Some(0.7),
                    top_p: Some(0.0),
                    stop_sequences: vec!["\u{1}".into()],
                };
            }),
            r#"{"inferenceConfig":{"maxTokens":4294967295,"temperature":0.7,"topP":0.0,"stopSequences":["\u0001"]}}"#,
        ),
        (
            tools(vec![Tool::SystemTool("s".into()), Tool::Unknown(unknown("{}"))], Some(name("t"))),
            r#"{"toolConfig":{"tools":[{"systemTool":{"name":"s"}},{"hologram":{}}],"toolChoice":{"tool":{"name":"t"}}}}"#,
        ),
        (
            tools(vec![tool_specification(|tool| tool.strict = Some(false))], Some(ToolChoice::Any)),
            r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{}},"strict":false}}],"toolChoice":{"any":{}}}}"#,
        ),
        (
            with(|request| {
                request.prompt_variables = vec![PromptVariable { name: "n".into(), text: "v".into() }];
            }),
            r#"{"promptVariables":{"n":{"text":"v"}}}"#,
        ),
        (
            with(|request| request.additional_model_response_field_paths = vec!["/a".into()]),
            r#"{"additionalModelResponseFieldPaths":["/a"]}"#,
        ),
        (
            with(|request| {
                request.request_metadata = vec![MetadataEntry { key: "k".into(), value: "v".into() }];
            }),
            r#"{"requestMetadata":{"k":"v"}}"#,
        ),
        (
            with(|request| request.performance_latency = Some(PerformanceLatency::Optimized)),
            r#"{"performanceConfig":{"latency":"optimized"}}"#,
        ),
        (
            with(|request| request.service_tier = Some(ServiceTier::Other("gold".into()))),
            r#"{"serviceTier":{"type":"gold"}}"#,
        ),
        (
            with(|request| {
                request.output_config = Some(OutputConfiguration {
                    json_schema: Some(JsonSchemaDefinition {
                        schema: "{}".into(),
                        name: Some("n".into()),
                        description: None,
                    }),
                    effort: Some("high".into()),
                });
            }),
            r#"{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{}","name":"n"}}},"effort":"high"}}"#,
        ),
    ] {
        writes(&request, json);
    }
}

#[test]
fn what_aws_adds_tomorrow_can_be_sent_today() {
    let extra = |members: &str| with(|request| request.extra = Some(members.into()));
    writes(&extra(r#" {"mood" : {"calm":1e0}, "system":[]} "#), r#"{"mood":{"calm":1e0},"system":[]}"#);
    writes(&extra("{}"), "{}");
    refuses(&extra("[]"), "extra", "must be a JSON object");
    refuses(&extra("{"), "extra", "is not JSON: EOF while parsing an object at line 1 column 1");
    let mut clash = inference(|_| {});
    clash.extra = Some(r#"{"inference\u0043onfig":{}}"#.into());
    let twice = "is given as a member of its own too";
    refuses(&clash, "extra.inferenceConfig", twice);
    refuses(&extra(r#"{"modelId":"m"}"#), "extra.modelId", twice);
    refuses(&extra(r#"{"a":1,"b":2,"\u0061":3}"#), "extra.a", "is given twice");
    refuses(
        &extra(&format!("{{{}}}", vec![r#""a":0"#; 1_001].join(","))),
        "extra",
        "must not have more than 1000 members",
    );

    let tool_use =
        |extra: &str| saying(vec![ContentBlock::ToolUse(tool_use(|block| block.extra = Some(extra.into())))]);
    writes(
        &tool_use(r#"{"mood":1e0,"type":"x"}"#),
        r#"{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"i","name":"t","input":{},"mood":1e0,"type":"x"}}]}]}"#,
    );
    writes(
        &tool_use(r#"{"":7}"#),
        r#"{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"i","name":"t","input":{},"":7}}]}]}"#,
    );
    refuses(&tool_use(r#"{"input":{}}"#), "messages[0].content[0].toolUse.extra.input", twice);

    let tool_result = |extra: &str| {
        let mut block = tool_result(vec![]);
        if let ContentBlock::ToolResult(block) = &mut block {
            block.extra = Some(extra.into());
        }
        saying(vec![block])
    };
    writes(
        &tool_result(r#"{"mood":1}"#),
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"i","content":[],"mood":1}}]}]}"#,
    );
    refuses(&tool_result(r#"{"content":[]}"#), "messages[0].content[0].toolResult.extra.content", twice);

    let reasoning = |extra: &str| {
        let block = ReasoningTextBlock { text: "r".into(), signature: None, extra: Some(extra.into()) };
        saying(vec![ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(block))])
    };
    writes(
        &reasoning(r#"{"mood":1}"#),
        r#"{"messages":[{"role":"user","content":[{"reasoningContent":{"reasoningText":{"text":"r","mood":1}}}]}]}"#,
    );
    let path = "messages[0].content[0].reasoningContent.reasoningText.extra.text";
    refuses(&reasoning(r#"{"text":""}"#), path, twice);
}

#[test]
fn what_cannot_be_sent_is_refused_by_its_path() {
    let block = "messages[0].content[0]";
    let empty = "must not be empty";
    let not_json = "is not JSON: expected value at line 1 column 1";
    for (request, path, reason) in [
        (
            saying(vec![ContentBlock::ToolUse(tool_use(|block| block.tool_use_id.clear()))]),
            format!("{block}.toolUse.toolUseId"),
            empty,
        ),
        (
            saying(vec![ContentBlock::ToolUse(tool_use(|block| block.input = "nonsense".into()))]),
            format!("{block}.toolUse.input"),
            "is not JSON: expected ident at line 1 column 2",
        ),
        (
            saying(vec![ContentBlock::IncompleteToolUse(IncompleteToolUseBlock {
                tool_use_id: "i".into(),
                name: "t".into(),
                input: "{\"a".into(),
                type_: None,
                extra: None,
            })]),
            format!("{block}.toolUse.input"),
            "is incomplete: it broke off before it was a JSON object",
        ),
        (
            saying(vec![tool_result(vec![ToolResultContentBlock::Json("x".into())])]),
            format!("{block}.toolResult.content[0].json"),
            not_json,
        ),
        (
            saying(vec![ContentBlock::Text("x".into()), ContentBlock::Unknown(unknown("x"))]),
            "messages[0].content[1].hologram".into(),
            not_json,
        ),
        (
            with(|request| request.system = vec![SystemContentBlock::Text(String::new())]),
            "system[0].text".into(),
            empty,
        ),
        (
            inference(|config| config.max_tokens = Some(0)),
            "inferenceConfig.maxTokens".into(),
            "must be at least 1",
        ),
        (
            inference(|config| config.temperature = Some(f32::NAN)),
            "inferenceConfig.temperature".into(),
            "must be a number of at least 0",
        ),
        (
            inference(|config| config.top_p = Some(-0.1)),
            "inferenceConfig.topP".into(),
            "must be a number of at least 0",
        ),
        (
            inference(|config| config.stop_sequences = vec!["a".into(), String::new()]),
            "inferenceConfig.stopSequences[1]".into(),
            empty,
        ),
        (tools(vec![], None), "toolConfig.tools".into(), "must hold at least one tool"),
        (
            tools(vec![tool_specification(|tool| tool.description = Some(String::new()))], None),
            "toolConfig.tools[0].toolSpec.description".into(),
            empty,
        ),
        (
            tools(vec![tool_specification(|tool| tool.input_schema.clear())], None),
            "toolConfig.tools[0].toolSpec.inputSchema.json".into(),
            "is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            tools(vec![tool_specification(|_| {})], Some(ToolChoice::Tool(String::new()))),
            "toolConfig.toolChoice.tool.name".into(),
            empty,
        ),
        (
            with(|request| {
                let variable = PromptVariable { name: "n".into(), text: "v".into() };
                request.prompt_variables = vec![variable.clone(), variable];
            }),
            "promptVariables.n".into(),
            "is given twice",
        ),
        (
            with(|request| {
                let entry = MetadataEntry { key: "k".into(), value: "v".into() };
                request.request_metadata = vec![entry.clone(), entry];
            }),
            "requestMetadata.k".into(),
            "is given twice",
        ),
    ] {
        refuses(&request, &path, reason);
    }
}

#[test]
fn media() {
    let bytes = || MediaSource::Bytes(vec![0, 1, 255]);
    let s3 = |owner: Option<&str>| {
        let bucket_owner = owner.map(Into::into);
        MediaSource::S3Location(S3Location { uri: "s3://bucket/key".into(), bucket_owner })
    };
    let error = |message: Option<&str>| Some(ErrorBlock { message: message.map(Into::into) });
    let image = |source, error| ImageBlock { format: ImageFormat::Png, source, error };
    let video = |source| VideoBlock { format: VideoFormat::ThreeGp, source };
    let document =
        |source| DocumentBlock { format: None, name: "d".into(), source, context: None, citations: None };
    for (block, json) in [
        (
            ContentBlock::Image(image(bytes(), None)),
            r#"{"image":{"format":"png","source":{"bytes":"AAH/"}}}"#,
        ),
        (
            ContentBlock::Image(image(MediaSource::Unknown(unknown("7")), error(None))),
            r#"{"image":{"format":"png","source":{"hologram":7},"error":{}}}"#,
        ),
        (
            ContentBlock::Video(video(s3(Some("123456789012")))),
            r#"{"video":{"format":"three_gp","source":{"s3Location":{"uri":"s3://bucket/key","bucketOwner":"123456789012"}}}}"#,
        ),
        (
            ContentBlock::Audio(AudioBlock {
                format: AudioFormat::XAac,
                source: s3(None),
                error: error(Some("m")),
            }),
            r#"{"audio":{"format":"x-aac","source":{"s3Location":{"uri":"s3://bucket/key"}},"error":{"message":"m"}}}"#,
        ),
        (
            ContentBlock::Document(DocumentBlock {
                format: Some(DocumentFormat::Md),
                name: "d".into(),
                source: DocumentSource::Bytes(vec![0, 1, 255]),
                context: Some("c".into()),
                citations: Some(true),
            }),
            r#"{"document":{"format":"md","name":"d","source":{"bytes":"AAH/"},"context":"c","citations":{"enabled":true}}}"#,
        ),
        (
            ContentBlock::Document(document(DocumentSource::Text(String::new()))),
            r#"{"document":{"name":"d","source":{"text":""}}}"#,
        ),
        (
            ContentBlock::Document(document(DocumentSource::Content(vec!["a".into(), "b".into()]))),
            r#"{"document":{"name":"d","source":{"content":[{"text":"a"},{"text":"b"}]}}}"#,
        ),
        (
            tool_result(vec![
                ToolResultContentBlock::Image(image(bytes(), None)),
                ToolResultContentBlock::Video(video(bytes())),
                ToolResultContentBlock::Document(document(DocumentSource::Unknown(unknown("{}")))),
                ToolResultContentBlock::SearchResult(SearchResultBlock {
                    source: String::new(),
                    title: "t".into(),
                    content: vec!["c".into()],
                    citations: Some(false),
                }),
            ]),
            concat!(
                r#"{"toolResult":{"toolUseId":"i","content":[{"image":{"format":"png","source":{"bytes":"AAH/"}}},"#,
                r#"{"video":{"format":"three_gp","source":{"bytes":"AAH/"}}},"#,
                r#"{"document":{"name":"d","source":{"hologram":{}}}},"#,
                r#"{"searchResult":{"source":"","title":"t","content":[{"text":"c"}],"citations":{"enabled":false}}}]}}"#,
            ),
        ),
    ] {
        writes(&saying(vec![block]), &format!(r#"{{"messages":[{{"role":"user","content":[{json}]}}]}}"#));
    }
    let nothing = || MediaSource::Bytes(Vec::new());
    for (block, path) in [
        (ContentBlock::Image(image(nothing(), None)), "image.source.bytes"),
        (ContentBlock::Document(document(DocumentSource::Bytes(Vec::new()))), "document.source.bytes"),
        (
            ContentBlock::Image(image(
                MediaSource::S3Location(S3Location { uri: String::new(), bucket_owner: None }),
                None,
            )),
            "image.source.s3Location.uri",
        ),
    ] {
        refuses(&saying(vec![block]), &format!("messages[0].content[0].{path}"), "must not be empty");
    }
}

#[test]
fn guardrails_citations_and_tools_that_come_and_go() {
    let text = |qualifiers| {
        ContentBlock::GuardContent(GuardContentBlock::Text(GuardText { text: "t".into(), qualifiers }))
    };
    let range = || SourceRange { index: Some(1), start: None, end: Some(3) };
    let citation = |location| Citation {
        title: Some("t".into()),
        source: Some("s".into()),
        source_content: vec!["c".into()],
        location,
    };
    let citations = |citations| {
        let content = vec!["x".into()];
        ContentBlock::CitationsContent(CitationsContentBlock { content, citations, extra: Some("{}".into()) })
    };
    let reference =
        || ToolReference { type_: Some("mcp".into()), name: Some("n".into()), server_name: Some("s".into()) };
    let located = |location: &str| {
        format!(
            r#"{{"citationsContent":{{"content":[{{"text":"x"}}],"citations":[{{"title":"t","source":"s","sourceContent":[{{"text":"c"}}],"location":{location}}}]}}}}"#
        )
    };
    for (block, json) in [
        (text(vec![]), r#"{"guardContent":{"text":{"text":"t"}}}"#.into()),
        (
            text(vec![GuardContentQualifier::GroundingSource, GuardContentQualifier::Other("o".into())]),
            r#"{"guardContent":{"text":{"text":"t","qualifiers":["grounding_source","o"]}}}"#.into(),
        ),
        (
            ContentBlock::GuardContent(GuardContentBlock::Image(GuardImage {
                format: ImageFormat::Jpeg,
                source: MediaSource::Bytes(vec![0, 1, 255]),
            })),
            r#"{"guardContent":{"image":{"format":"jpeg","source":{"bytes":"AAH/"}}}}"#.into(),
        ),
        (
            citations(vec![citation(Some(CitationLocation::Web(WebLocation {
                url: Some("u".into()),
                domain: Some("d".into()),
            })))]),
            located(r#"{"web":{"url":"u","domain":"d"}}"#),
        ),
        (
            citations(vec![citation(Some(CitationLocation::DocumentChar(range())))]),
            located(r#"{"documentChar":{"documentIndex":1,"end":3}}"#),
        ),
        (
            citations(vec![citation(Some(CitationLocation::DocumentPage(range())))]),
            located(r#"{"documentPage":{"documentIndex":1,"end":3}}"#),
        ),
        (
            citations(vec![citation(Some(CitationLocation::DocumentChunk(range())))]),
            located(r#"{"documentChunk":{"documentIndex":1,"end":3}}"#),
        ),
        (
            citations(vec![citation(Some(CitationLocation::SearchResult(range())))]),
            located(r#"{"searchResultLocation":{"searchResultIndex":1,"end":3}}"#),
        ),
        (
            citations(vec![citation(Some(CitationLocation::Unknown(unknown("[]"))))]),
            located(r#"{"hologram":[]}"#),
        ),
        (
            ContentBlock::ToolAddition(reference()),
            r#"{"toolAddition":{"tool":{"type":"mcp","name":"n","serverName":"s"}}}"#.into(),
        ),
        (
            ContentBlock::ToolRemoval(ToolReference { type_: None, name: None, server_name: None }),
            r#"{"toolRemoval":{"tool":{}}}"#.into(),
        ),
    ] {
        writes(&saying(vec![block]), &format!(r#"{{"messages":[{{"role":"user","content":[{json}]}}]}}"#));
    }

    let guarded = with(|request| {
        request.guardrail_config = Some(GuardrailConfiguration {
            guardrail_identifier: Some("g".into()),
            guardrail_version: Some("DRAFT".into()),
            trace: Some(GuardrailTrace::EnabledFull),
            stream_processing_mode: Some(GuardrailStreamProcessingMode::Asynchronous),
        });
    });
    let common = r#""guardrailIdentifier":"g","guardrailVersion":"DRAFT","trace":"enabled_full""#;
    writes(&guarded, &format!(r#"{{"guardrailConfig":{{{common},"streamProcessingMode":"async"}}}}"#));
    // What only a stream knows is left out of the other operation.
    let whole = body(&guarded, Operation::Converse).expect("it can be written");
    assert_eq!(
        String::from_utf8(whole).expect("JSON is UTF-8"),
        format!(r#"{{"guardrailConfig":{{{common}}}}}"#)
    );
}

/// The rows of each constraint are in `constraints`; this is what a finding looks like.
#[test]
fn a_check_finds_all_that_aws_would_have_against_it() {
    let found = |request: &ConverseRequest| -> Vec<_> {
        check(request).into_iter().map(|it| (it.path, it.rule, it.reason, it.value)).collect()
    };
    let sound = with(|request| request.model_id = "amazon.nova-lite-v1:0".into());
    assert_eq!(found(&sound), []);

    let mut request = saying(vec![
        ContentBlock::ToolUse(tool_use(|block| {
            block.name = "no spaces, please".into();
            block.tool_use_id = "\u{1F980}".repeat(65);
        })),
        ContentBlock::Document(DocumentBlock {
            format: Some(DocumentFormat::Other("odt".into())),
            name: "d".into(),
            source: DocumentSource::Bytes(Vec::new()),
            context: None,
            citations: None,
        }),
    ]);
    request.model_id = "m\n".into();
    request.inference_config = Some(InferenceConfiguration {
        max_tokens: Some(0),
        temperature: Some(1.5),
        top_p: Some(f32::NAN),
        stop_sequences: vec!["x".into(); 2501],
    });
    let tool_use = "messages[0].content[0].toolUse";
    let document = "messages[0].content[1].document";
    let row =
        |path: String, rule, reason: &str, value: &str| (path, rule, reason.to_owned(), value.to_owned());
    assert_eq!(
        found(&request),
        [
            row("modelId".into(), Rule::Sendable, "must not hold control characters", ""),
            row(
                format!("{tool_use}.toolUseId"),
                Rule::Maximum,
                "must not be longer than 64 characters",
                &"\u{1F980}".repeat(64)
            ),
            row(
                format!("{tool_use}.toolUseId"),
                Rule::Pattern,
                "must match [a-zA-Z0-9_.:-]+",
                &"\u{1F980}".repeat(64)
            ),
            row(format!("{tool_use}.name"), Rule::Pattern, "must match [a-zA-Z0-9_-]+", "no spaces, please"),
            row(
                format!("{document}.format"),
                Rule::Enumeration,
                "must be one of: pdf csv doc docx xls xlsx html txt md",
                "odt"
            ),
            row(format!("{document}.source.bytes"), Rule::Sendable, "must not be empty", ""),
            row("inferenceConfig.maxTokens".into(), Rule::Sendable, "must be at least 1", ""),
            row("inferenceConfig.temperature".into(), Rule::Maximum, "must not be more than 1", ""),
            row("inferenceConfig.topP".into(), Rule::Sendable, "must be a number of at least 0", ""),
            row(
                "inferenceConfig.stopSequences".into(),
                Rule::Maximum,
                "must not hold more than 2500",
                "2501"
            ),
        ]
    );

    let many = saying(vec![ContentBlock::ToolUse(self::tool_use(|block| block.input.clear())); 500]);
    assert_eq!(check(&many).len(), 100);
}
