use serde_json::{Value, json};

use super::content_block as read;
use crate::json;
use crate::types::{
    AudioBlock, AudioFormat, CachePointBlock, CachePointType, CacheTtl, Citation, CitationLocation,
    CitationsContentBlock, ContentBlock, DocumentBlock, DocumentFormat, DocumentSource, ErrorBlock,
    GuardContentBlock, GuardContentQualifier, GuardImage, GuardText, ImageBlock, ImageFormat,
    IncompleteToolUseBlock, MediaSource, ReasoningContentBlock, ReasoningTextBlock, S3Location,
    SearchResultBlock, SourceRange, ToolReference, ToolResultBlock, ToolResultContentBlock, ToolResultStatus,
    ToolUseBlock, ToolUseType, UnknownMember, VideoBlock, VideoFormat, WebLocation,
};

/// In both directions.
#[track_caller]
fn block(json: &Value, block: &ContentBlock) {
    assert_eq!(read(json).as_ref(), Ok(block));
    assert_eq!(json::content_block(block), *json);
}

fn unknown(name: &str, value: &str) -> UnknownMember {
    UnknownMember { name: name.into(), value: value.into() }
}

fn s3_location(bucket_owner: Option<&str>) -> S3Location {
    S3Location { uri: "s3://bucket/key".into(), bucket_owner: bucket_owner.map(Into::into) }
}

fn search_result(citations: Option<bool>) -> SearchResultBlock {
    let content = vec!["a".into(), "b".into()];
    SearchResultBlock { source: "s".into(), title: "t".into(), content, citations }
}

fn document(format: Option<DocumentFormat>, source: DocumentSource) -> DocumentBlock {
    DocumentBlock { format, name: "d".into(), source, context: None, citations: None }
}

fn video() -> VideoBlock {
    VideoBlock { format: VideoFormat::ThreeGp, source: MediaSource::S3Location(s3_location(None)) }
}

fn image(source: MediaSource) -> ImageBlock {
    ImageBlock { format: ImageFormat::Png, source, error: None }
}

#[test]
fn texts_and_media() {
    block(&json!({"text": "\"é\"\n☃"}), &ContentBlock::Text("\"é\"\n☃".into()));
    block(
        &json!({"image": {"format": "png", "source": {"bytes": "AP8hPw=="}}}),
        &ContentBlock::Image(image(MediaSource::Bytes(b"\0\xFF!?".into()))),
    );
    block(
        &json!({"image": {"format": "jpeg", "source": {"bytes": ""}, "error": {"message": "e"}}}),
        &ContentBlock::Image(ImageBlock {
            format: ImageFormat::Jpeg,
            source: MediaSource::Bytes(vec![]),
            error: Some(ErrorBlock { message: Some("e".into()) }),
        }),
    );
    block(
        &json!({"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://bucket/key"}}}}),
        &ContentBlock::Video(video()),
    );
    block(
        &json!({"audio": {
            "format": "x-aac",
            "source": {"s3Location": {"uri": "s3://bucket/key", "bucketOwner": "1"}},
            "error": {},
        }}),
        &ContentBlock::Audio(AudioBlock {
            format: AudioFormat::XAac,
            source: MediaSource::S3Location(s3_location(Some("1"))),
            error: Some(ErrorBlock { message: None }),
        }),
    );
}

#[test]
fn documents() {
    for (json, source) in [
        (json!({"bytes": "AA=="}), DocumentSource::Bytes(vec![0])),
        (json!({"s3Location": {"uri": "s3://bucket/key"}}), DocumentSource::S3Location(s3_location(None))),
        (json!({"text": "t"}), DocumentSource::Text("t".into())),
        (
            json!({"content": [{"text": "a"}, {"text": ""}]}),
            DocumentSource::Content(vec!["a".into(), String::new()]),
        ),
        (json!({"content": []}), DocumentSource::Content(vec![])),
    ] {
        block(
            &json!({"document": {"name": "d", "source": json}}),
            &ContentBlock::Document(document(None, source)),
        );
    }
    block(
        &json!({"document": {
            "format": "pdf",
            "name": "d",
            "source": {"text": "t"},
            "context": "c",
            "citations": {"enabled": false},
        }}),
        &ContentBlock::Document(DocumentBlock {
            context: Some("c".into()),
            citations: Some(false),
            ..document(Some(DocumentFormat::Pdf), DocumentSource::Text("t".into()))
        }),
    );
}

#[test]
fn tools() {
    block(
        &json!({"toolUse": {"toolUseId": "i", "name": "n", "input": {"b": 1, "a": []}}}),
        &ContentBlock::ToolUse(ToolUseBlock {
            tool_use_id: "i".into(),
            name: "n".into(),
            input: r#"{"b":1,"a":[]}"#.into(),
            type_: None,
            extra: None,
        }),
    );
    block(
        &json!({"toolUse": {"toolUseId": "i", "name": "n", "input": null, "type": "server_tool_use", "mood": 1}}),
        &ContentBlock::ToolUse(ToolUseBlock {
            tool_use_id: "i".into(),
            name: "n".into(),
            input: "null".into(),
            type_: Some(ToolUseType::ServerToolUse),
            extra: Some(r#"{"mood":1}"#.into()),
        }),
    );
    block(
        &json!({"toolResult": {"toolUseId": "i", "content": []}}),
        &ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: "i".into(),
            content: vec![],
            status: None,
            type_: None,
            extra: None,
        }),
    );
    block(
        &json!({"toolResult": {
            "toolUseId": "i",
            "content": [
                {"json": {"a": null}},
                {"json": null},
                {"text": ""},
                {"image": {"format": "png", "source": {"bytes": "AA=="}}},
                {"document": {"format": "md", "name": "d", "source": {"text": "t"}}},
                {"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://bucket/key"}}}},
                {"searchResult": {"source": "s", "title": "t", "content": [{"text": "a"}, {"text": "b"}]}},
                {"hologram": {}},
                {"text": 5},
            ],
            "status": "error",
            "type": "web_search",
            "mood": {"x": null},
        }}),
        &ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: "i".into(),
            content: vec![
                ToolResultContentBlock::Json(r#"{"a":null}"#.into()),
                ToolResultContentBlock::Json("null".into()),
                ToolResultContentBlock::Text(String::new()),
                ToolResultContentBlock::Image(image(MediaSource::Bytes(vec![0]))),
                ToolResultContentBlock::Document(document(
                    Some(DocumentFormat::Md),
                    DocumentSource::Text("t".into()),
                )),
                ToolResultContentBlock::Video(video()),
                ToolResultContentBlock::SearchResult(search_result(None)),
                ToolResultContentBlock::Unknown(unknown("hologram", "{}")),
                ToolResultContentBlock::Unknown(unknown("text", "5")),
            ],
            status: Some(ToolResultStatus::Error),
            type_: Some("web_search".into()),
            extra: Some(r#"{"mood":{"x":null}}"#.into()),
        }),
    );
    block(
        &json!({"toolAddition": {"tool": {"type": "t", "name": "n", "serverName": "s"}}}),
        &ContentBlock::ToolAddition(ToolReference {
            type_: Some("t".into()),
            name: Some("n".into()),
            server_name: Some("s".into()),
        }),
    );
    block(
        &json!({"toolRemoval": {"tool": {}}}),
        &ContentBlock::ToolRemoval(ToolReference { type_: None, name: None, server_name: None }),
    );
}

#[test]
fn an_incomplete_tool_use_is_written_as_far_as_it_came() {
    let mut incomplete = IncompleteToolUseBlock {
        tool_use_id: "i".into(),
        name: "n".into(),
        input: "{\"a".into(),
        type_: None,
        extra: None,
    };
    assert_eq!(
        json::content_block(&ContentBlock::IncompleteToolUse(incomplete.clone())),
        json!({"toolUse": {"toolUseId": "i", "name": "n", "input": "{\"a"}}),
    );
    incomplete.type_ = Some(ToolUseType::Other("tool_use".into()));
    incomplete.extra = Some(r#"{"x":1}"#.into());
    assert_eq!(
        json::content_block(&ContentBlock::IncompleteToolUse(incomplete)),
        json!({"toolUse": {"toolUseId": "i", "name": "n", "input": "{\"a", "type": "tool_use", "x": 1}}),
    );
}

#[test]
fn guard_content() {
    block(
        &json!({"guardContent": {"text": {"text": "t"}}}),
        &ContentBlock::GuardContent(GuardContentBlock::Text(GuardText {
            text: "t".into(),
            qualifiers: vec![],
        })),
    );
    block(
        &json!({"guardContent": {"text": {"text": "t", "qualifiers": ["grounding_source", "query", "other"]}}}),
        &ContentBlock::GuardContent(GuardContentBlock::Text(GuardText {
            text: "t".into(),
            qualifiers: vec![
                GuardContentQualifier::GroundingSource,
                GuardContentQualifier::Query,
                GuardContentQualifier::Other("other".into()),
            ],
        })),
    );
    block(
        &json!({"guardContent": {"image": {"format": "jpeg", "source": {"bytes": "AA=="}}}}),
        &ContentBlock::GuardContent(GuardContentBlock::Image(GuardImage {
            format: ImageFormat::Jpeg,
            source: MediaSource::Bytes(vec![0]),
        })),
    );
    block(
        &json!({"guardContent": {"sound": {}}}),
        &ContentBlock::GuardContent(GuardContentBlock::Unknown(unknown("sound", "{}"))),
    );
}

#[test]
fn cache_points_and_reasoning() {
    block(
        &json!({"cachePoint": {"type": "default"}}),
        &ContentBlock::CachePoint(CachePointBlock { type_: CachePointType::Default, ttl: None }),
    );
    block(
        &json!({"cachePoint": {"type": "special", "ttl": "1h"}}),
        &ContentBlock::CachePoint(CachePointBlock {
            type_: CachePointType::Other("special".into()),
            ttl: Some(CacheTtl::OneHour),
        }),
    );
    for (json, reasoning) in [
        (
            json!({"reasoningText": {"text": ""}}),
            ReasoningContentBlock::ReasoningText(ReasoningTextBlock {
                text: String::new(),
                signature: None,
                extra: None,
            }),
        ),
        (
            json!({"reasoningText": {"text": "t", "signature": "s", "mood": [1.50]}}),
            ReasoningContentBlock::ReasoningText(ReasoningTextBlock {
                text: "t".into(),
                signature: Some("s".into()),
                extra: Some(r#"{"mood":[1.5]}"#.into()),
            }),
        ),
        (json!({"redactedContent": "AAH/"}), ReasoningContentBlock::RedactedContent(vec![0, 1, 255])),
        (
            json!({"redactedContent": "AA"}),
            ReasoningContentBlock::Unknown(unknown("redactedContent", "\"AA\"")),
        ),
        (json!({"summary": "s"}), ReasoningContentBlock::Unknown(unknown("summary", "\"s\""))),
    ] {
        block(&json!({"reasoningContent": json}), &ContentBlock::ReasoningContent(reasoning));
    }
}

#[test]
fn citations_and_search_results() {
    block(
        &json!({"citationsContent": {}}),
        &ContentBlock::CitationsContent(CitationsContentBlock {
            content: vec![],
            citations: vec![],
            extra: None,
        }),
    );
    let range = SourceRange { index: Some(0), start: Some(1), end: Some(u32::MAX) };
    for (json, location) in [
        (
            json!({"web": {"url": "u", "domain": "d"}}),
            CitationLocation::Web(WebLocation { url: Some("u".into()), domain: Some("d".into()) }),
        ),
        (json!({"web": {}}), CitationLocation::Web(WebLocation { url: None, domain: None })),
        (
            json!({"documentChar": {"documentIndex": 0, "start": 1, "end": 4_294_967_295_u32}}),
            CitationLocation::DocumentChar(range),
        ),
        (
            json!({"documentPage": {"documentIndex": 0, "start": 1, "end": 4_294_967_295_u32}}),
            CitationLocation::DocumentPage(range),
        ),
        (
            json!({"documentChunk": {}}),
            CitationLocation::DocumentChunk(SourceRange { index: None, start: None, end: None }),
        ),
        (
            json!({"searchResultLocation": {"searchResultIndex": 0, "start": 1, "end": 4_294_967_295_u32}}),
            CitationLocation::SearchResult(range),
        ),
        (
            json!({"searchResultLocation": {"documentIndex": 0}}),
            CitationLocation::Unknown(unknown("searchResultLocation", r#"{"documentIndex":0}"#)),
        ),
        (
            json!({"documentChar": {"start": -1}}),
            CitationLocation::Unknown(unknown("documentChar", r#"{"start":-1}"#)),
        ),
        (json!({"video": {}}), CitationLocation::Unknown(unknown("video", "{}"))),
    ] {
        block(
            &json!({"citationsContent": {
                "content": [{"text": "a"}, {"text": "b"}],
                "citations": [
                    {"title": "t", "source": "s", "sourceContent": [{"text": "c"}], "location": json},
                    {},
                ],
                "mood": 1,
            }}),
            &ContentBlock::CitationsContent(CitationsContentBlock {
                content: vec!["a".into(), "b".into()],
                citations: vec![
                    Citation {
                        title: Some("t".into()),
                        source: Some("s".into()),
                        source_content: vec!["c".into()],
                        location: Some(location),
                    },
                    Citation { title: None, source: None, source_content: vec![], location: None },
                ],
                extra: Some(r#"{"mood":1}"#.into()),
            }),
        );
    }
    for (json, citations) in [
        (json!({"source": "s", "title": "t", "content": [{"text": "a"}, {"text": "b"}]}), None),
        (
            json!({"source": "s", "title": "t", "content": [{"text": "a"}, {"text": "b"}], "citations": {"enabled": true}}),
            Some(true),
        ),
    ] {
        block(&json!({"searchResult": json}), &ContentBlock::SearchResult(search_result(citations)));
    }
}

/// The smallest union around it is kept as it is.
#[test]
fn what_has_no_place_makes_its_union_unknown() {
    for json in [
        json!({"hologram": {"a": 12_345_678_901_234_567_890_u64}}),
        json!({"hologram": null}),
        json!({"text": null}),
        json!({"text": {}}),
        json!({"image": {"format": "png"}}),
        json!({"image": {"format": "png", "source": {"bytes": "AA=="}, "mood": null}}),
        json!({"image": {"format": 5, "source": {"bytes": "AA=="}}}),
        json!({"image": {"format": "png", "source": {}}}),
        json!({"image": {"format": "png", "source": {"bytes": "", "s3Location": {}}}}),
        json!({"audio": {"format": "mp3", "source": {"bytes": ""}, "error": {"code": 1}}}),
        json!({"video": []}),
        json!({"document": {"name": "d", "source": {"text": "t"}, "citations": {}}}),
        json!({"document": {"name": "d", "source": {"text": "t"}, "citations": {"enabled": "yes"}}}),
        json!({"toolUse": {"toolUseId": "i", "name": "n"}}),
        json!({"toolUse": {"toolUseId": "i", "name": "n", "input": {}, "type": true}}),
        json!({"toolResult": {"toolUseId": "i"}}),
        json!({"toolResult": {"toolUseId": "i", "content": [{}]}}),
        json!({"guardContent": {"text": {"text": "t"}, "image": {}}}),
        json!({"cachePoint": {}}),
        json!({"cachePoint": {"type": "default", "mood": 1}}),
        json!({"reasoningContent": "r"}),
        json!({"citationsContent": {"content": [{"image": {}}]}}),
        json!({"citationsContent": {"citations": [{"mood": 1}]}}),
        json!({"searchResult": {"source": "s", "title": "t", "content": [{"text": "a", "mood": 1}]}}),
        json!({"toolAddition": {}}),
        json!({"toolRemoval": {"tool": {"mood": 1}}}),
    ] {
        let (name, value) = json.as_object().and_then(|members| members.iter().next()).expect("one member");
        block(&json, &ContentBlock::Unknown(unknown(name, &value.to_string())));
    }
    let location = json!({"uri": "s3://bucket/key", "mood": 1});
    block(
        &json!({"image": {"format": "png", "source": {"s3Location": location}}}),
        &ContentBlock::Image(image(MediaSource::Unknown(unknown("s3Location", &location.to_string())))),
    );
    block(
        &json!({"document": {"name": "d", "source": {"content": [{"image": {}}]}}}),
        &ContentBlock::Document(document(
            None,
            DocumentSource::Unknown(unknown("content", r#"[{"image":{}}]"#)),
        )),
    );
}

#[test]
fn unknown_enumeration_values_are_kept() {
    block(
        &json!({"image": {"format": "avif", "source": {"hologram": [1]}}}),
        &ContentBlock::Image(ImageBlock {
            format: ImageFormat::Other("avif".into()),
            source: MediaSource::Unknown(unknown("hologram", "[1]")),
            error: None,
        }),
    );
}

#[test]
fn null_and_empty_lists_are_absent() {
    for (json, written) in [
        (json!({"text": "t", "image": null}), json!({"text": "t"})),
        (
            json!({"toolResult": {"toolUseId": "i", "content": [], "status": null, "mood": null}}),
            json!({"toolResult": {"toolUseId": "i", "content": [], "mood": null}}),
        ),
        (
            json!({"guardContent": {"text": {"text": "t", "qualifiers": []}}}),
            json!({"guardContent": {"text": {"text": "t"}}}),
        ),
        (json!({"citationsContent": {"content": null, "citations": []}}), json!({"citationsContent": {}})),
    ] {
        assert_eq!(json::content_block(&read(&json).expect("it is a content block")), written);
    }
}
