//! Content blocks, read.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::structure::{
    InvalidBody, Result, boolean, bytes, integer, list, name, only, structure, text, union,
};
use crate::types::{
    AudioBlock, CachePointBlock, Citation, CitationLocation, CitationsContentBlock, ContentBlock,
    DocumentBlock, DocumentSource, ErrorBlock, GuardContentBlock, GuardImage, GuardText, ImageBlock,
    MediaSource, ReasoningContentBlock, ReasoningTextBlock, S3Location, SearchResultBlock, SourceRange,
    ToolReference, ToolResultBlock, ToolResultContentBlock, ToolUseBlock, VideoBlock, WebLocation,
};

pub(super) fn content_block(value: &Value) -> Result<ContentBlock> {
    union(value, ContentBlock::Unknown, |name, value| {
        Ok(match name {
            "text" => ContentBlock::Text(text(value)?),
            "image" => ContentBlock::Image(image(value)?),
            "document" => ContentBlock::Document(document(value)?),
            "video" => ContentBlock::Video(video(value)?),
            "audio" => ContentBlock::Audio(audio(value)?),
            "toolUse" => ContentBlock::ToolUse(tool_use(value)?),
            "toolResult" => ContentBlock::ToolResult(tool_result(value)?),
            "guardContent" => ContentBlock::GuardContent(guard_content(value)?),
            "cachePoint" => ContentBlock::CachePoint(cache_point(value)?),
            "reasoningContent" => ContentBlock::ReasoningContent(reasoning_content(value)?),
            "citationsContent" => ContentBlock::CitationsContent(citations_content(value)?),
            "searchResult" => ContentBlock::SearchResult(search_result(value)?),
            "toolAddition" => ContentBlock::ToolAddition(only("tool", tool_reference)(value)?),
            "toolRemoval" => ContentBlock::ToolRemoval(only("tool", tool_reference)(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn image(value: &Value) -> Result<ImageBlock> {
    structure(value, |it| {
        Ok(ImageBlock {
            format: it.required("format", name)?,
            source: it.required("source", media_source)?,
            error: it.optional("error", error_block)?,
        })
    })
}

fn audio(value: &Value) -> Result<AudioBlock> {
    structure(value, |it| {
        Ok(AudioBlock {
            format: it.required("format", name)?,
            source: it.required("source", media_source)?,
            error: it.optional("error", error_block)?,
        })
    })
}

fn video(value: &Value) -> Result<VideoBlock> {
    structure(value, |it| {
        Ok(VideoBlock { format: it.required("format", name)?, source: it.required("source", media_source)? })
    })
}

fn media_source(value: &Value) -> Result<MediaSource> {
    union(value, MediaSource::Unknown, |name, value| {
        Ok(match name {
            "bytes" => MediaSource::Bytes(bytes(value)?),
            "s3Location" => MediaSource::S3Location(s3_location(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn s3_location(value: &Value) -> Result<S3Location> {
    structure(value, |it| {
        Ok(S3Location { uri: it.required("uri", text)?, bucket_owner: it.optional("bucketOwner", text)? })
    })
}

fn error_block(value: &Value) -> Result<ErrorBlock> {
    structure(value, |it| Ok(ErrorBlock { message: it.optional("message", text)? }))
}

fn document(value: &Value) -> Result<DocumentBlock> {
    structure(value, |it| {
        Ok(DocumentBlock {
            format: it.optional("format", name)?,
            name: it.required("name", text)?,
            source: it.required("source", document_source)?,
            context: it.optional("context", text)?,
            citations: it.optional("citations", only("enabled", boolean))?,
        })
    })
}

fn document_source(value: &Value) -> Result<DocumentSource> {
    union(value, DocumentSource::Unknown, |name, value| {
        Ok(match name {
            "bytes" => DocumentSource::Bytes(bytes(value)?),
            "s3Location" => DocumentSource::S3Location(s3_location(value)?),
            "text" => DocumentSource::Text(text(value)?),
            "content" => DocumentSource::Content(list(only("text", text))(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn tool_use(value: &Value) -> Result<ToolUseBlock> {
    structure(value, |it| {
        Ok(ToolUseBlock {
            tool_use_id: it.required("toolUseId", text)?,
            name: it.required("name", text)?,
            input: it.required_document("input")?,
            type_: it.optional("type", name)?,
            extra: it.extra(),
        })
    })
}

fn tool_result(value: &Value) -> Result<ToolResultBlock> {
    structure(value, |it| {
        Ok(ToolResultBlock {
            tool_use_id: it.required("toolUseId", text)?,
            content: it.required("content", list(tool_result_content_block))?,
            status: it.optional("status", name)?,
            type_: it.optional("type", text)?,
            extra: it.extra(),
        })
    })
}

fn tool_result_content_block(value: &Value) -> Result<ToolResultContentBlock> {
    union(value, ToolResultContentBlock::Unknown, |name, value| {
        Ok(match name {
            "json" => ToolResultContentBlock::Json(value.to_string()),
            "text" => ToolResultContentBlock::Text(text(value)?),
            "image" => ToolResultContentBlock::Image(image(value)?),
            "document" => ToolResultContentBlock::Document(document(value)?),
            "video" => ToolResultContentBlock::Video(video(value)?),
            "searchResult" => ToolResultContentBlock::SearchResult(search_result(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

pub(super) fn guard_content(value: &Value) -> Result<GuardContentBlock> {
    union(value, GuardContentBlock::Unknown, |name, value| {
        Ok(match name {
            "text" => GuardContentBlock::Text(guard_text(value)?),
            "image" => GuardContentBlock::Image(guard_image(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn guard_text(value: &Value) -> Result<GuardText> {
    structure(value, |it| {
        Ok(GuardText { text: it.required("text", text)?, qualifiers: it.list("qualifiers", name)? })
    })
}

fn guard_image(value: &Value) -> Result<GuardImage> {
    structure(value, |it| {
        Ok(GuardImage { format: it.required("format", name)?, source: it.required("source", media_source)? })
    })
}

pub(super) fn cache_point(value: &Value) -> Result<CachePointBlock> {
    structure(value, |it| {
        Ok(CachePointBlock { type_: it.required("type", name)?, ttl: it.optional("ttl", name)? })
    })
}

fn reasoning_content(value: &Value) -> Result<ReasoningContentBlock> {
    union(value, ReasoningContentBlock::Unknown, |name, value| {
        Ok(match name {
            "reasoningText" => ReasoningContentBlock::ReasoningText(reasoning_text(value)?),
            "redactedContent" => ReasoningContentBlock::RedactedContent(bytes(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn reasoning_text(value: &Value) -> Result<ReasoningTextBlock> {
    structure(value, |it| {
        Ok(ReasoningTextBlock {
            text: it.required("text", text)?,
            signature: it.optional("signature", text)?,
            extra: it.extra(),
        })
    })
}

fn citations_content(value: &Value) -> Result<CitationsContentBlock> {
    structure(value, |it| {
        Ok(CitationsContentBlock {
            content: it.list("content", only("text", text))?,
            citations: it.list("citations", citation)?,
            extra: it.extra(),
        })
    })
}

fn citation(value: &Value) -> Result<Citation> {
    structure(value, |it| {
        Ok(Citation {
            title: it.optional("title", text)?,
            source: it.optional("source", text)?,
            source_content: it.list("sourceContent", only("text", text))?,
            location: it.optional("location", citation_location)?,
        })
    })
}

fn citation_location(value: &Value) -> Result<CitationLocation> {
    union(value, CitationLocation::Unknown, |name, value| {
        Ok(match name {
            "web" => CitationLocation::Web(web_location(value)?),
            "documentChar" => CitationLocation::DocumentChar(source_range("documentIndex", value)?),
            "documentPage" => CitationLocation::DocumentPage(source_range("documentIndex", value)?),
            "documentChunk" => CitationLocation::DocumentChunk(source_range("documentIndex", value)?),
            "searchResultLocation" => {
                CitationLocation::SearchResult(source_range("searchResultIndex", value)?)
            }
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn web_location(value: &Value) -> Result<WebLocation> {
    structure(value, |it| {
        Ok(WebLocation { url: it.optional("url", text)?, domain: it.optional("domain", text)? })
    })
}

fn source_range(index: &str, value: &Value) -> Result<SourceRange> {
    structure(value, |it| {
        Ok(SourceRange {
            index: it.optional(index, integer)?,
            start: it.optional("start", integer)?,
            end: it.optional("end", integer)?,
        })
    })
}

fn search_result(value: &Value) -> Result<SearchResultBlock> {
    structure(value, |it| {
        Ok(SearchResultBlock {
            source: it.required("source", text)?,
            title: it.required("title", text)?,
            content: it.required("content", list(only("text", text)))?,
            citations: it.optional("citations", only("enabled", boolean))?,
        })
    })
}

fn tool_reference(value: &Value) -> Result<ToolReference> {
    structure(value, |it| {
        Ok(ToolReference {
            type_: it.optional("type", text)?,
            name: it.optional("name", text)?,
            server_name: it.optional("serverName", text)?,
        })
    })
}
