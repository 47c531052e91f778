//! Messages and their content blocks, written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::names::Named as _;
use super::{document, object, unknown, with_extra};
use crate::types::{
    AudioBlock, CachePointBlock, Citation, CitationLocation, CitationsContentBlock, ContentBlock,
    DocumentBlock, DocumentSource, ErrorBlock, GuardContentBlock, GuardImage, GuardText, ImageBlock,
    IncompleteToolUseBlock, MediaSource, Message, ReasoningContentBlock, ReasoningTextBlock, S3Location,
    SearchResultBlock, SourceRange, ToolReference, ToolResultBlock, ToolResultContentBlock, ToolUseBlock,
    VideoBlock, WebLocation,
};

/// A message, as AWS writes it: `{"role":"user","content":[{"text":"Hi"}]}`.
pub fn message(message: &Message) -> Value {
    let content: Vec<_> = message.content.iter().map(content_block).collect();
    json!({"role": message.role.name(), "content": content})
}

/// A content block, as AWS writes it: `{"text":"Hi"}`.
///
/// A [`ContentBlock::IncompleteToolUse`] becomes a `toolUse` whose `input` is a string, the text so far. That is to
/// be looked at: Bedrock takes no such block back.
pub fn content_block(block: &ContentBlock) -> Value {
    match block {
        ContentBlock::Text(text) => json!({"text": text}),
        ContentBlock::Image(block) => json!({"image": image(block)}),
        ContentBlock::Document(block) => json!({"document": document_block(block)}),
        ContentBlock::Video(block) => json!({"video": video(block)}),
        ContentBlock::Audio(block) => json!({"audio": audio(block)}),
        ContentBlock::ToolUse(block) => json!({"toolUse": tool_use(block)}),
        ContentBlock::IncompleteToolUse(block) => json!({"toolUse": incomplete_tool_use(block)}),
        ContentBlock::ToolResult(block) => json!({"toolResult": tool_result(block)}),
        ContentBlock::GuardContent(block) => json!({"guardContent": guard_content(block)}),
        ContentBlock::CachePoint(block) => json!({"cachePoint": cache_point(block)}),
        ContentBlock::ReasoningContent(block) => json!({"reasoningContent": reasoning_content(block)}),
        ContentBlock::CitationsContent(block) => json!({"citationsContent": citations_content(block)}),
        ContentBlock::SearchResult(block) => json!({"searchResult": search_result(block)}),
        ContentBlock::ToolAddition(tool) => json!({"toolAddition": {"tool": tool_reference(tool)}}),
        ContentBlock::ToolRemoval(tool) => json!({"toolRemoval": {"tool": tool_reference(tool)}}),
        ContentBlock::Unknown(member) => unknown(member),
    }
}

fn image(block: &ImageBlock) -> Value {
    object([
        ("format", Some(block.format.name().into())),
        ("source", Some(media_source(&block.source))),
        ("error", block.error.as_ref().map(error_block)),
    ])
}

fn audio(block: &AudioBlock) -> Value {
    object([
        ("format", Some(block.format.name().into())),
        ("source", Some(media_source(&block.source))),
        ("error", block.error.as_ref().map(error_block)),
    ])
}

fn video(block: &VideoBlock) -> Value {
    json!({"format": block.format.name(), "source": media_source(&block.source)})
}

pub(super) fn media_source(source: &MediaSource) -> Value {
    match source {
        MediaSource::Bytes(bytes) => json!({"bytes": STANDARD.encode(bytes)}),
        MediaSource::S3Location(location) => json!({"s3Location": s3_location(location)}),
        MediaSource::Unknown(member) => unknown(member),
    }
}

fn s3_location(location: &S3Location) -> Value {
    object([
        ("uri", Some(location.uri.as_str().into())),
        ("bucketOwner", location.bucket_owner.as_deref().map(Value::from)),
    ])
}

pub(super) fn error_block(error: &ErrorBlock) -> Value {
    object([("message", error.message.as_deref().map(Value::from))])
}

fn document_block(block: &DocumentBlock) -> Value {
    object([
        ("format", block.format.as_ref().map(|format| format.name().into())),
        ("name", Some(block.name.as_str().into())),
        ("source", Some(document_source(&block.source))),
        ("context", block.context.as_deref().map(Value::from)),
        ("citations", block.citations.map(|enabled| json!({"enabled": enabled}))),
    ])
}

fn document_source(source: &DocumentSource) -> Value {
    match source {
        DocumentSource::Bytes(bytes) => json!({"bytes": STANDARD.encode(bytes)}),
        DocumentSource::S3Location(location) => json!({"s3Location": s3_location(location)}),
        DocumentSource::Text(text) => json!({"text": text}),
        DocumentSource::Content(texts) => json!({"content": text_items(texts)}),
        DocumentSource::Unknown(member) => unknown(member),
    }
}

fn tool_use(block: &ToolUseBlock) -> Value {
    let known = object([
        ("toolUseId", Some(block.tool_use_id.as_str().into())),
        ("name", Some(block.name.as_str().into())),
        ("input", Some(document(&block.input))),
        ("type", block.type_.as_ref().map(|kind| kind.name().into())),
    ]);
    with_extra(known, block.extra.as_deref())
}

fn incomplete_tool_use(block: &IncompleteToolUseBlock) -> Value {
    let known = object([
        ("toolUseId", Some(block.tool_use_id.as_str().into())),
        ("name", Some(block.name.as_str().into())),
        ("input", Some(block.input.as_str().into())),
        ("type", block.type_.as_ref().map(|kind| kind.name().into())),
    ]);
    with_extra(known, block.extra.as_deref())
}

fn tool_result(block: &ToolResultBlock) -> Value {
    let content: Vec<_> = block.content.iter().map(tool_result_content_block).collect();
    let known = object([
        ("toolUseId", Some(block.tool_use_id.as_str().into())),
        ("content", Some(content.into())),
        ("status", block.status.as_ref().map(|status| status.name().into())),
        ("type", block.type_.as_deref().map(Value::from)),
    ]);
    with_extra(known, block.extra.as_deref())
}

fn tool_result_content_block(block: &ToolResultContentBlock) -> Value {
    match block {
        ToolResultContentBlock::Json(value) => json!({"json": document(value)}),
        ToolResultContentBlock::Text(text) => json!({"text": text}),
        ToolResultContentBlock::Image(block) => json!({"image": image(block)}),
        ToolResultContentBlock::Document(block) => json!({"document": document_block(block)}),
        ToolResultContentBlock::Video(block) => json!({"video": video(block)}),
        ToolResultContentBlock::SearchResult(block) => json!({"searchResult": search_result(block)}),
        ToolResultContentBlock::Unknown(member) => unknown(member),
    }
}

fn guard_content(block: &GuardContentBlock) -> Value {
    match block {
        GuardContentBlock::Text(block) => json!({"text": guard_text(block)}),
        GuardContentBlock::Image(block) => json!({"image": guard_image(block)}),
        GuardContentBlock::Unknown(member) => unknown(member),
    }
}

fn guard_text(block: &GuardText) -> Value {
    let qualifiers: Vec<_> = block.qualifiers.iter().map(|qualifier| qualifier.name().into()).collect();
    object([("text", Some(block.text.as_str().into())), ("qualifiers", unless_empty(qualifiers))])
}

fn guard_image(block: &GuardImage) -> Value {
    json!({"format": block.format.name(), "source": media_source(&block.source)})
}

fn cache_point(block: &CachePointBlock) -> Value {
    object([
        ("type", Some(block.type_.name().into())),
        ("ttl", block.ttl.as_ref().map(|ttl| ttl.name().into())),
    ])
}

fn reasoning_content(block: &ReasoningContentBlock) -> Value {
    match block {
        ReasoningContentBlock::ReasoningText(block) => json!({"reasoningText": reasoning_text(block)}),
        ReasoningContentBlock::RedactedContent(bytes) => json!({"redactedContent": STANDARD.encode(bytes)}),
        ReasoningContentBlock::Unknown(member) => unknown(member),
    }
}

fn reasoning_text(block: &ReasoningTextBlock) -> Value {
    let known = object([
        ("text", Some(block.text.as_str().into())),
        ("signature", block.signature.as_deref().map(Value::from)),
    ]);
    with_extra(known, block.extra.as_deref())
}

fn citations_content(block: &CitationsContentBlock) -> Value {
    let known = object([
        ("content", unless_empty(text_items(&block.content))),
        ("citations", unless_empty(block.citations.iter().map(citation).collect())),
    ]);
    with_extra(known, block.extra.as_deref())
}

pub(super) fn citation(citation: &Citation) -> Value {
    object([
        ("title", citation.title.as_deref().map(Value::from)),
        ("source", citation.source.as_deref().map(Value::from)),
        ("sourceContent", unless_empty(text_items(&citation.source_content))),
        ("location", citation.location.as_ref().map(citation_location)),
    ])
}

fn citation_location(location: &CitationLocation) -> Value {
    match location {
        CitationLocation::Web(location) => json!({"web": web_location(location)}),
        CitationLocation::DocumentChar(range) => {
            json!({"documentChar": source_range("documentIndex", range)})
        }
        CitationLocation::DocumentPage(range) => {
            json!({"documentPage": source_range("documentIndex", range)})
        }
        CitationLocation::DocumentChunk(range) => {
            json!({"documentChunk": source_range("documentIndex", range)})
        }
        CitationLocation::SearchResult(range) => {
            json!({"searchResultLocation": source_range("searchResultIndex", range)})
        }
        CitationLocation::Unknown(member) => unknown(member),
    }
}

fn web_location(location: &WebLocation) -> Value {
    object([
        ("url", location.url.as_deref().map(Value::from)),
        ("domain", location.domain.as_deref().map(Value::from)),
    ])
}

fn source_range(index: &str, range: &SourceRange) -> Value {
    object([
        (index, range.index.map(Value::from)),
        ("start", range.start.map(Value::from)),
        ("end", range.end.map(Value::from)),
    ])
}

fn search_result(block: &SearchResultBlock) -> Value {
    object([
        ("source", Some(block.source.as_str().into())),
        ("title", Some(block.title.as_str().into())),
        ("content", Some(text_items(&block.content).into())),
        ("citations", block.citations.map(|enabled| json!({"enabled": enabled}))),
    ])
}

fn tool_reference(tool: &ToolReference) -> Value {
    object([
        ("type", tool.type_.as_deref().map(Value::from)),
        ("name", tool.name.as_deref().map(Value::from)),
        ("serverName", tool.server_name.as_deref().map(Value::from)),
    ])
}

fn text_items(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| json!({"text": text})).collect()
}

/// To the contract an empty list is an absent one.
fn unless_empty(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then(|| items.into())
}
