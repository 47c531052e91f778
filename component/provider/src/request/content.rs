//! The conversation: messages and what is in them.

use super::constraints::{
    ACCOUNT_ID, DOCUMENT_NAME, NON_EMPTY, S3_URI, TOOL_NAME, TOOL_REFERENCE_NAME, TOOL_REFERENCE_TYPE,
    TOOL_USE_ID,
};
use super::writer::BodyWriter;
use crate::bindings::types::{
    AudioBlock, CachePointBlock, Citation, CitationLocation, CitationsContentBlock, ContentBlock,
    DocumentBlock, DocumentSource, ErrorBlock, GuardContentBlock, GuardContentQualifier, ImageBlock,
    MediaSource, Message, ReasoningContentBlock, S3Location, SearchResultBlock, SourceRange,
    SystemContentBlock, ToolReference, ToolResultBlock, ToolResultContentBlock, ToolUseBlock, VideoBlock,
};
use crate::json::Path;
use crate::names::Named;

pub(super) fn message(to: &mut BodyWriter, at: &Path<'_>, message: &Message) {
    to.json.begin_object();
    to.value(at, "role", &message.role);
    to.list(at, "content", &message.content, content_block);
    to.close();
}

pub(super) fn system_content_block(to: &mut BodyWriter, at: &Path<'_>, block: &SystemContentBlock) {
    to.json.begin_object();
    match block {
        SystemContentBlock::Text(text) => to.constrained(at, "text", text, &NON_EMPTY),
        SystemContentBlock::GuardContent(block) => guard_content(to, &at.member("guardContent"), block),
        SystemContentBlock::CachePoint(block) => cache_point(to, at, block),
        SystemContentBlock::Unknown(block) => to.unknown(at, block),
    }
    to.close();
}

fn content_block(to: &mut BodyWriter, at: &Path<'_>, block: &ContentBlock) {
    to.json.begin_object();
    match block {
        ContentBlock::Text(text) => to.text("text", text),
        ContentBlock::Image(block) => image(to, at, block),
        ContentBlock::Document(block) => document(to, at, block),
        ContentBlock::Video(block) => video(to, at, block),
        ContentBlock::Audio(block) => audio(to, &at.member("audio"), block),
        ContentBlock::ToolUse(block) => tool_use(to, &at.member("toolUse"), block),
        ContentBlock::IncompleteToolUse(_) => to.refuse(
            &at.member("toolUse").member("input"),
            "is incomplete: it broke off before it was a JSON object",
        ),
        ContentBlock::ToolResult(block) => tool_result(to, &at.member("toolResult"), block),
        ContentBlock::GuardContent(block) => guard_content(to, &at.member("guardContent"), block),
        ContentBlock::CachePoint(block) => cache_point(to, at, block),
        ContentBlock::ReasoningContent(block) => reasoning_content(to, &at.member("reasoningContent"), block),
        ContentBlock::CitationsContent(block) => citations_content(to, &at.member("citationsContent"), block),
        ContentBlock::SearchResult(block) => search_result(to, block),
        ContentBlock::ToolAddition(tool) => tool_reference(to, at, "toolAddition", tool),
        ContentBlock::ToolRemoval(tool) => tool_reference(to, at, "toolRemoval", tool),
        ContentBlock::Unknown(block) => to.unknown(at, block),
    }
    to.close();
}

fn image(to: &mut BodyWriter, at: &Path<'_>, block: &ImageBlock) {
    let at = at.member("image");
    to.open("image");
    to.value(&at, "format", &block.format);
    media_source(to, &at, &block.source);
    error(to, block.error.as_ref());
    to.close();
}

fn video(to: &mut BodyWriter, at: &Path<'_>, block: &VideoBlock) {
    let at = at.member("video");
    to.open("video");
    to.value(&at, "format", &block.format);
    media_source(to, &at, &block.source);
    to.close();
}

fn audio(to: &mut BodyWriter, at: &Path<'_>, block: &AudioBlock) {
    to.open("audio");
    to.value(at, "format", &block.format);
    media_source(to, at, &block.source);
    error(to, block.error.as_ref());
    to.close();
}

fn document(to: &mut BodyWriter, at: &Path<'_>, block: &DocumentBlock) {
    let at = at.member("document");
    to.open("document");
    to.value_if(&at, "format", block.format.as_ref());
    to.constrained(&at, "name", &block.name, &DOCUMENT_NAME);
    to.open("source");
    let source = at.member("source");
    match &block.source {
        DocumentSource::Bytes(bytes) => to.bytes(&source, "bytes", bytes),
        DocumentSource::S3Location(location) => s3_location(to, &source, location),
        DocumentSource::Text(text) => to.text("text", text),
        DocumentSource::Content(texts) => to.texts("content", texts),
        DocumentSource::Unknown(unknown) => to.unknown(&source, unknown),
    }
    to.close();
    to.text_if("context", block.context.as_deref());
    citations_config(to, block.citations);
    to.close();
}

fn media_source(to: &mut BodyWriter, at: &Path<'_>, source: &MediaSource) {
    let at = at.member("source");
    to.open("source");
    match source {
        MediaSource::Bytes(bytes) => to.bytes(&at, "bytes", bytes),
        MediaSource::S3Location(location) => s3_location(to, &at, location),
        MediaSource::Unknown(unknown) => to.unknown(&at, unknown),
    }
    to.close();
}

fn s3_location(to: &mut BodyWriter, at: &Path<'_>, location: &S3Location) {
    let at = at.member("s3Location");
    to.open("s3Location");
    to.constrained(&at, "uri", &location.uri, &S3_URI);
    to.constrained_if(&at, "bucketOwner", location.bucket_owner.as_deref(), &ACCOUNT_ID);
    to.close();
}

fn error(to: &mut BodyWriter, error: Option<&ErrorBlock>) {
    if let Some(error) = error {
        to.open("error");
        to.text_if("message", error.message.as_deref());
        to.close();
    }
}

fn citations_config(to: &mut BodyWriter, enabled: Option<bool>) {
    if enabled.is_some() {
        to.open("citations");
        to.boolean_if("enabled", enabled);
        to.close();
    }
}

fn tool_use(to: &mut BodyWriter, at: &Path<'_>, block: &ToolUseBlock) {
    let begin = to.open("toolUse");
    to.constrained(at, "toolUseId", &block.tool_use_id, &TOOL_USE_ID);
    to.constrained(at, "name", &block.name, &TOOL_NAME);
    to.document(at, "input", &block.input);
    to.value_if(at, "type", block.type_.as_ref());
    to.extra(at, begin, block.extra.as_deref(), None);
    to.close();
}

fn tool_result(to: &mut BodyWriter, at: &Path<'_>, block: &ToolResultBlock) {
    let begin = to.open("toolResult");
    to.constrained(at, "toolUseId", &block.tool_use_id, &TOOL_USE_ID);
    to.list(at, "content", &block.content, tool_result_content_block);
    to.value_if(at, "status", block.status.as_ref());
    to.text_if("type", block.type_.as_deref());
    to.extra(at, begin, block.extra.as_deref(), None);
    to.close();
}

fn tool_result_content_block(to: &mut BodyWriter, at: &Path<'_>, block: &ToolResultContentBlock) {
    to.json.begin_object();
    match block {
        ToolResultContentBlock::Json(value) => to.document(at, "json", value),
        ToolResultContentBlock::Text(text) => to.text("text", text),
        ToolResultContentBlock::Image(block) => image(to, at, block),
        ToolResultContentBlock::Document(block) => document(to, at, block),
        ToolResultContentBlock::Video(block) => video(to, at, block),
        ToolResultContentBlock::SearchResult(block) => search_result(to, block),
        ToolResultContentBlock::Unknown(block) => to.unknown(at, block),
    }
    to.close();
}

fn guard_content(to: &mut BodyWriter, at: &Path<'_>, block: &GuardContentBlock) {
    to.open("guardContent");
    match block {
        GuardContentBlock::Text(block) => {
            to.open("text");
            to.text("text", &block.text);
            if !block.qualifiers.is_empty() {
                to.list(&at.member("text"), "qualifiers", &block.qualifiers, |to, at, qualifier| {
                    to.one_of(at, qualifier.name(), GuardContentQualifier::KNOWN);
                    to.json.string(qualifier.name());
                });
            }
            to.close();
        }
        GuardContentBlock::Image(block) => {
            let at = at.member("image");
            to.open("image");
            to.one_of(&at.member("format"), block.format.name(), &["png", "jpeg"]);
            to.text("format", block.format.name());
            media_source(to, &at, &block.source);
            to.close();
        }
        GuardContentBlock::Unknown(block) => to.unknown(at, block),
    }
    to.close();
}

pub(super) fn cache_point(to: &mut BodyWriter, at: &Path<'_>, block: &CachePointBlock) {
    let at = at.member("cachePoint");
    to.open("cachePoint");
    to.value(&at, "type", &block.type_);
    to.value_if(&at, "ttl", block.ttl.as_ref());
    to.close();
}

fn reasoning_content(to: &mut BodyWriter, at: &Path<'_>, block: &ReasoningContentBlock) {
    to.open("reasoningContent");
    match block {
        ReasoningContentBlock::ReasoningText(block) => {
            let begin = to.open("reasoningText");
            to.text("text", &block.text);
            to.text_if("signature", block.signature.as_deref());
            to.extra(&at.member("reasoningText"), begin, block.extra.as_deref(), None);
            to.close();
        }
        // AWS's model has no minimum here.
        ReasoningContentBlock::RedactedContent(bytes) => {
            to.json.name("redactedContent");
            to.json.base64(bytes);
        }
        ReasoningContentBlock::Unknown(block) => to.unknown(at, block),
    }
    to.close();
}

fn citations_content(to: &mut BodyWriter, at: &Path<'_>, block: &CitationsContentBlock) {
    let begin = to.open("citationsContent");
    if !block.content.is_empty() {
        to.texts("content", &block.content);
    }
    if !block.citations.is_empty() {
        to.list(at, "citations", &block.citations, citation);
    }
    to.extra(at, begin, block.extra.as_deref(), None);
    to.close();
}

fn citation(to: &mut BodyWriter, at: &Path<'_>, citation: &Citation) {
    to.json.begin_object();
    to.text_if("title", citation.title.as_deref());
    to.text_if("source", citation.source.as_deref());
    if !citation.source_content.is_empty() {
        to.texts("sourceContent", &citation.source_content);
    }
    if let Some(location) = &citation.location {
        to.open("location");
        citation_location(to, &at.member("location"), location);
        to.close();
    }
    to.close();
}

fn citation_location(to: &mut BodyWriter, at: &Path<'_>, location: &CitationLocation) {
    match location {
        CitationLocation::Web(location) => {
            to.open("web");
            to.text_if("url", location.url.as_deref());
            to.text_if("domain", location.domain.as_deref());
            to.close();
        }
        CitationLocation::DocumentChar(range) => source_range(to, "documentChar", "documentIndex", range),
        CitationLocation::DocumentPage(range) => source_range(to, "documentPage", "documentIndex", range),
        CitationLocation::DocumentChunk(range) => source_range(to, "documentChunk", "documentIndex", range),
        CitationLocation::SearchResult(range) => {
            source_range(to, "searchResultLocation", "searchResultIndex", range);
        }
        CitationLocation::Unknown(location) => to.unknown(at, location),
    }
}

fn source_range(to: &mut BodyWriter, name: &str, index: &str, range: &SourceRange) {
    to.open(name);
    to.unsigned_if(index, range.index);
    to.unsigned_if("start", range.start);
    to.unsigned_if("end", range.end);
    to.close();
}

fn search_result(to: &mut BodyWriter, block: &SearchResultBlock) {
    to.open("searchResult");
    to.text("source", &block.source);
    to.text("title", &block.title);
    to.texts("content", &block.content);
    citations_config(to, block.citations);
    to.close();
}

fn tool_reference(to: &mut BodyWriter, at: &Path<'_>, name: &str, tool: &ToolReference) {
    let at = at.member(name);
    let at = at.member("tool");
    to.open(name);
    to.open("tool");
    to.constrained_if(&at, "type", tool.type_.as_deref(), &TOOL_REFERENCE_TYPE);
    to.constrained_if(&at, "name", tool.name.as_deref(), &TOOL_REFERENCE_NAME);
    to.constrained_if(&at, "serverName", tool.server_name.as_deref(), &TOOL_REFERENCE_NAME);
    to.close();
    to.close();
}
