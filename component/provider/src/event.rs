//! The reply: what a frame says.

pub(crate) mod response;

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::str;

use crate::bindings::types::{
    CacheDetail, Citation, CitationLocation, ContentBlockDelta, ContentBlockDeltaEvent, ContentBlockStart,
    ContentBlockStartEvent, ErrorBlock, ImageBlockDelta, MediaSource, MessageStopEvent, MetadataEvent,
    ReasoningContentBlockDelta, S3Location, SourceRange, StreamEvent, TokenUsage, ToolResultBlockDelta,
    ToolResultBlockStart, ToolUseBlockStart, UnknownMember, WebLocation,
};
use crate::json::{Json, Object, Path, Problem, Writer};
use crate::names::Named;

/// Appends what an event says to `events`: the event, and behind it the members that have no place in it.
///
/// `name` is the frame's `:event-type`. Fails only if a known event is no JSON object.
pub(crate) fn decode(name: &str, payload: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Problem> {
    let read = match name {
        "messageStart" => Reader::message_start,
        "contentBlockStart" => Reader::content_block_start,
        "contentBlockDelta" => Reader::content_block_delta,
        "contentBlockStop" => Reader::content_block_stop,
        "messageStop" => Reader::message_stop,
        "metadata" => Reader::metadata,
        _ => {
            events.push(StreamEvent::Unknown(UnknownMember { name: name.to_string(), value: any(payload) }));
            return Ok(());
        }
    };
    let value = object(name, payload)?;
    let Some(mut object) = value.object() else {
        // It has too many members to be taken apart.
        events.push(StreamEvent::Unknown(unknown(name, value)));
        return Ok(());
    };
    // The padding.
    object.take("p", Json::string);
    let mut reader = Reader::default();
    let event = read(&mut reader, &Path::Root.member(name), object);
    reader.tell(event, events);
    Ok(())
}

/// The payload of a known event.
fn object<'a>(name: &str, payload: &'a [u8]) -> Result<Json<'a>, Problem> {
    let problem = |text: &str| {
        let mut problem = String::from(name);
        problem.push(' ');
        problem.push_str(text);
        problem
    };
    let text = str::from_utf8(payload).map_err(|_| problem("is not UTF-8"))?;
    let value = Json::parse(text).map_err(|not_json| problem(&not_json))?;
    if value.is_object() { Ok(value) } else { Err(problem("is not a JSON object")) }
}

/// A payload of which nothing is known: as it is if it is JSON, else as a string, in base64 if need be.
fn any(payload: &[u8]) -> String {
    let text = str::from_utf8(payload).ok();
    if let Some(text) = text
        && Json::parse(text).is_ok()
    {
        return text.to_string();
    }
    let mut json = Writer::default();
    match text {
        Some(text) => json.string(text),
        None => json.base64(payload),
    }
    json.into_string()
}

/// Reads the parts of an event and collects what has no place in them.
#[derive(Default)]
struct Reader {
    unknown: Vec<UnknownMember>,
    /// How many items of lists were read.
    items: usize,
}

impl Reader {
    /// Appends an event, and behind it what was collected since the one before.
    fn tell(&mut self, event: StreamEvent, events: &mut Vec<StreamEvent>) {
        events.push(event);
        events.extend(self.unknown.drain(..).map(StreamEvent::Unknown));
    }

    fn message_start(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let role = event.take("role", named).unwrap_or_default();
        self.leave(at, event);
        StreamEvent::MessageStart(role)
    }

    fn content_block_start(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let content_block_index = index(&mut event);
        let start =
            event.take("start", Json::object).and_then(|start| self.start(&at.member("start"), start));
        self.leave(at, event);
        StreamEvent::ContentBlockStart(ContentBlockStartEvent { content_block_index, start })
    }

    fn start(&mut self, at: &Path<'_>, start: Object<'_>) -> Option<ContentBlockStart> {
        let (name, value) = self.union(at, start, &["toolUse", "toolResult", "image"])?;
        let at = at.member(&name);
        let case = match (&*name, value.object()) {
            ("toolUse", Some(start)) => ContentBlockStart::ToolUse(self.tool_use_start(&at, start)),
            ("toolResult", Some(start)) => ContentBlockStart::ToolResult(self.tool_result_start(&at, start)),
            ("image", Some(mut start)) => {
                let format = start.take("format", named).unwrap_or_default();
                self.leave(&at, start);
                ContentBlockStart::Image(format)
            }
            _ => ContentBlockStart::Unknown(unknown(&name, value)),
        };
        Some(case)
    }

    fn tool_use_start(&mut self, at: &Path<'_>, mut start: Object<'_>) -> ToolUseBlockStart {
        let read = ToolUseBlockStart {
            tool_use_id: start.take("toolUseId", text).unwrap_or_default(),
            name: start.take("name", text).unwrap_or_default(),
            type_: start.take("type", named),
        };
        self.leave(at, start);
        read
    }

    fn tool_result_start(&mut self, at: &Path<'_>, mut start: Object<'_>) -> ToolResultBlockStart {
        let read = ToolResultBlockStart {
            tool_use_id: start.take("toolUseId", text).unwrap_or_default(),
            type_: start.take("type", text),
            status: start.take("status", named),
        };
        self.leave(at, start);
        read
    }

    fn content_block_delta(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let content_block_index = index(&mut event);
        let delta =
            event.take("delta", Json::object).and_then(|delta| self.delta(&at.member("delta"), delta));
        self.leave(at, event);
        StreamEvent::ContentBlockDelta(ContentBlockDeltaEvent { content_block_index, delta })
    }

    fn delta(&mut self, at: &Path<'_>, delta: Object<'_>) -> Option<ContentBlockDelta> {
        let known = ["text", "toolUse", "toolResult", "reasoningContent", "citation", "image"];
        let (name, value) = self.union(at, delta, &known)?;
        let at = at.member(&name);
        let case = match &*name {
            "text" => text(value).map(ContentBlockDelta::Text),
            "toolUse" => {
                value.object().map(|delta| ContentBlockDelta::ToolUse(self.tool_use_delta(&at, delta)))
            }
            "toolResult" => self.tool_result_delta(&at, value).map(ContentBlockDelta::ToolResult),
            "reasoningContent" => value
                .object()
                .and_then(|delta| self.reasoning_delta(&at, delta))
                .map(ContentBlockDelta::ReasoningContent),
            "citation" => {
                value.object().map(|citation| ContentBlockDelta::Citation(self.citation(&at, citation)))
            }
            "image" => value.object().map(|delta| ContentBlockDelta::Image(self.image_delta(&at, delta))),
            _ => None,
        };
        Some(case.unwrap_or_else(|| ContentBlockDelta::Unknown(unknown(&name, value))))
    }

    fn tool_use_delta(&mut self, at: &Path<'_>, mut delta: Object<'_>) -> String {
        let input = delta.take("input", text).unwrap_or_default();
        self.leave(at, delta);
        input
    }

    /// `None` unless every item is an object. Empty ones say nothing.
    fn tool_result_delta(&mut self, at: &Path<'_>, value: Json<'_>) -> Option<Vec<ToolResultBlockDelta>> {
        let items: Vec<_> = value.array()?.into_iter().map(Json::object).collect::<Option<_>>()?;
        self.items += items.len();
        let mut deltas = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let Some((name, value)) = self.union(&at.item(index), item, &["text", "json"]) else { continue };
            let case = match &*name {
                "text" => text(value).map(ToolResultBlockDelta::Text),
                "json" => document(value).map(ToolResultBlockDelta::Json),
                _ => None,
            };
            deltas.push(case.unwrap_or_else(|| ToolResultBlockDelta::Unknown(unknown(&name, value))));
        }
        Some(deltas)
    }

    fn reasoning_delta(&mut self, at: &Path<'_>, delta: Object<'_>) -> Option<ReasoningContentBlockDelta> {
        let (name, value) = self.union(at, delta, &["text", "redactedContent", "signature"])?;
        let case = match &*name {
            "text" => text(value).map(ReasoningContentBlockDelta::Text),
            "redactedContent" => value.bytes().map(ReasoningContentBlockDelta::RedactedContent),
            "signature" => text(value).map(ReasoningContentBlockDelta::Signature),
            _ => None,
        };
        Some(case.unwrap_or_else(|| ReasoningContentBlockDelta::Unknown(unknown(&name, value))))
    }

    fn image_delta(&mut self, at: &Path<'_>, mut delta: Object<'_>) -> ImageBlockDelta {
        let source = delta
            .take("source", Json::object)
            .and_then(|source| self.media_source(&at.member("source"), source));
        let error = delta.take("error", Json::object).map(|mut error| {
            let message = error.take("message", text);
            self.leave(&at.member("error"), error);
            ErrorBlock { message }
        });
        self.leave(at, delta);
        ImageBlockDelta { source, error }
    }

    fn media_source(&mut self, at: &Path<'_>, source: Object<'_>) -> Option<MediaSource> {
        let (name, value) = self.union(at, source, &["bytes", "s3Location"])?;
        let case = match &*name {
            "bytes" => value.bytes().map(MediaSource::Bytes),
            "s3Location" => value.object().map(|mut location| {
                let uri = location.take("uri", text).unwrap_or_default();
                let bucket_owner = location.take("bucketOwner", text);
                self.leave(&at.member("s3Location"), location);
                MediaSource::S3Location(S3Location { uri, bucket_owner })
            }),
            _ => None,
        };
        Some(case.unwrap_or_else(|| MediaSource::Unknown(unknown(&name, value))))
    }

    fn citation(&mut self, at: &Path<'_>, mut citation: Object<'_>) -> Citation {
        let read = Citation {
            title: citation.take("title", text),
            source: citation.take("source", text),
            source_content: citation
                .take("sourceContent", |value| self.texts(&at.member("sourceContent"), value))
                .unwrap_or_default(),
            location: citation
                .take("location", Json::object)
                .and_then(|location| self.citation_location(&at.member("location"), location)),
        };
        self.leave(at, citation);
        read
    }

    /// The texts of a list of structures, or unions, that have nothing else; `None` if there is one without.
    fn texts(&mut self, at: &Path<'_>, value: Json<'_>) -> Option<Vec<String>> {
        let mut items: Vec<_> = value.array()?.into_iter().map(Json::object).collect::<Option<_>>()?;
        self.items += items.len();
        let texts = items.iter_mut().map(|item| item.take("text", text)).collect::<Option<_>>()?;
        for (index, item) in items.into_iter().enumerate() {
            self.leave(&at.item(index), item);
        }
        Some(texts)
    }

    fn citation_location(&mut self, at: &Path<'_>, location: Object<'_>) -> Option<CitationLocation> {
        let known = ["web", "documentChar", "documentPage", "documentChunk", "searchResultLocation"];
        let (name, value) = self.union(at, location, &known)?;
        let Some(mut object) = value.object() else {
            return Some(CitationLocation::Unknown(unknown(&name, value)));
        };
        let mut range = |index: &str| SourceRange {
            index: object.take(index, Json::number),
            start: object.take("start", Json::number),
            end: object.take("end", Json::number),
        };
        let case = match &*name {
            "web" => CitationLocation::Web(WebLocation {
                url: object.take("url", text),
                domain: object.take("domain", text),
            }),
            "documentChar" => CitationLocation::DocumentChar(range("documentIndex")),
            "documentPage" => CitationLocation::DocumentPage(range("documentIndex")),
            "documentChunk" => CitationLocation::DocumentChunk(range("documentIndex")),
            "searchResultLocation" => CitationLocation::SearchResult(range("searchResultIndex")),
            _ => return Some(CitationLocation::Unknown(unknown(&name, value))),
        };
        self.leave(&at.member(&name), object);
        Some(case)
    }

    fn content_block_stop(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let content_block_index = index(&mut event);
        self.leave(at, event);
        StreamEvent::ContentBlockStop(content_block_index)
    }

    fn message_stop(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let stop_reason = event.take("stopReason", named).unwrap_or_default();
        let additional_model_response_fields = event.take("additionalModelResponseFields", document);
        self.leave(at, event);
        StreamEvent::MessageStop(MessageStopEvent { stop_reason, additional_model_response_fields })
    }

    fn metadata(&mut self, at: &Path<'_>, mut event: Object<'_>) -> StreamEvent {
        let usage =
            event.take("usage", Json::object).map(|usage| self.token_usage(&at.member("usage"), usage));
        let mut metadata = MetadataEvent {
            usage,
            latency_ms: self.only(at, &mut event, "metrics", "latencyMs", Json::number),
            trace: event.take("trace", document),
            performance_latency: self.only(at, &mut event, "performanceConfig", "latency", named),
            service_tier: self.only(at, &mut event, "serviceTier", "type", named),
            extra: None,
        };
        metadata.extra = event.into_rest();
        StreamEvent::Metadata(metadata)
    }

    /// The one known member of a structure in `event`.
    fn only<'a, T>(
        &mut self,
        at: &Path<'_>,
        event: &mut Object<'a>,
        structure: &str,
        member: &str,
        read: impl FnOnce(Json<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut object = event.take(structure, Json::object)?;
        let value = object.take(member, read);
        self.leave(&at.member(structure), object);
        value
    }

    fn token_usage(&mut self, at: &Path<'_>, mut usage: Object<'_>) -> TokenUsage {
        TokenUsage {
            input_tokens: usage.take("inputTokens", Json::number).unwrap_or_default(),
            output_tokens: usage.take("outputTokens", Json::number).unwrap_or_default(),
            total_tokens: usage.take("totalTokens", Json::number).unwrap_or_default(),
            cache_read_input_tokens: usage.take("cacheReadInputTokens", Json::number),
            cache_write_input_tokens: usage.take("cacheWriteInputTokens", Json::number),
            cache_details: usage
                .take("cacheDetails", |value| self.cache_details(&at.member("cacheDetails"), value))
                .unwrap_or_default(),
            extra: usage.into_rest(),
        }
    }

    fn cache_details(&mut self, at: &Path<'_>, value: Json<'_>) -> Option<Vec<CacheDetail>> {
        let items: Vec<_> = value.array()?.into_iter().map(Json::object).collect::<Option<_>>()?;
        let read = |(index, mut detail): (usize, Object<'_>)| {
            let read = CacheDetail {
                ttl: detail.take("ttl", named).unwrap_or_default(),
                input_tokens: detail.take("inputTokens", Json::number).unwrap_or_default(),
            };
            self.leave(&at.item(index), detail);
            read
        };
        Some(items.into_iter().enumerate().map(read).collect())
    }

    /// The one member of a union that is not `null`; if AWS sends more than one, which it forbids, the first that
    /// is known. Collects the others. `__type`, which Smithy's protocols allow besides, is never the one.
    fn union<'a>(
        &mut self,
        at: &Path<'_>,
        mut union: Object<'a>,
        known: &[&str],
    ) -> Option<(Cow<'a, str>, Json<'a>)> {
        union.drop_nulls();
        let found = union
            .take_first(|name| known.contains(&name))
            .or_else(|| union.take_first(|name| name != "__type"));
        self.leave(at, union);
        found
    }

    /// Collects what is left of `object`.
    fn leave(&mut self, at: &Path<'_>, object: Object<'_>) {
        object.leave(at, |name, value| self.unknown.push(UnknownMember { name, value }));
    }
}

fn unknown(name: &str, value: Json<'_>) -> UnknownMember {
    UnknownMember { name: name.to_string(), value: value.text().to_string() }
}

fn index(event: &mut Object<'_>) -> u32 {
    event.take("contentBlockIndex", Json::number).unwrap_or_default()
}

fn text(value: Json<'_>) -> Option<String> {
    value.string().map(Cow::into_owned)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a reader that may fail does")]
fn document(value: Json<'_>) -> Option<String> {
    Some(value.text().to_string())
}

fn named<T: Named>(value: Json<'_>) -> Option<T> {
    value.string().map(|name| T::of(&name))
}

#[cfg(test)]
mod tests;
