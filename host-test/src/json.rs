//! Events as JSON, in the form that AWS gives them on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::types::{
    CacheTtl, Citation, CitationLocation, ContentBlockDelta, ContentBlockStart, ErrorBlock, ImageFormat,
    MediaSource, MetadataEvent, PerformanceLatency, ReasoningContentBlockDelta, Role, ServiceTier,
    SourceRange, StopReason, StreamEvent, TokenUsage, ToolResultBlockDelta, ToolResultStatus, ToolUseType,
    UnknownMember,
};

/// An event, named as AWS names it: `{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Hi"}}}`.
pub fn event(event: &StreamEvent) -> Value {
    match event {
        StreamEvent::MessageStart(by) => json!({"messageStart": {"role": role(by)}}),
        StreamEvent::ContentBlockStart(event) => {
            let start = event.start.as_ref().map_or(json!({}), start);
            json!({"contentBlockStart": {"start": start, "contentBlockIndex": event.content_block_index}})
        }
        StreamEvent::ContentBlockDelta(event) => {
            let delta = event.delta.as_ref().map_or(json!({}), delta);
            json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": event.content_block_index}})
        }
        StreamEvent::ContentBlockStop(index) => json!({"contentBlockStop": {"contentBlockIndex": index}}),
        StreamEvent::MessageStop(event) => {
            let fields = event.additional_model_response_fields.as_deref().map(document);
            json!({"messageStop": object([
                ("stopReason", Some(stop_reason(&event.stop_reason).into())),
                ("additionalModelResponseFields", fields),
            ])})
        }
        StreamEvent::Metadata(event) => json!({"metadata": metadata(event)}),
        StreamEvent::Unknown(member) => unknown(member),
    }
}

fn start(start: &ContentBlockStart) -> Value {
    match start {
        ContentBlockStart::ToolUse(start) => json!({"toolUse": object([
            ("toolUseId", Some(start.tool_use_id.as_str().into())),
            ("name", Some(start.name.as_str().into())),
            ("type", start.type_.as_ref().map(|kind| match kind {
                ToolUseType::ServerToolUse => "server_tool_use".into(),
                ToolUseType::Other(other) => other.as_str().into(),
            })),
        ])}),
        ContentBlockStart::ToolResult(start) => json!({"toolResult": object([
            ("toolUseId", Some(start.tool_use_id.as_str().into())),
            ("type", start.type_.as_deref().map(Value::from)),
            ("status", start.status.as_ref().map(|status| match status {
                ToolResultStatus::Success => "success".into(),
                ToolResultStatus::Error => "error".into(),
                ToolResultStatus::Other(other) => other.as_str().into(),
            })),
        ])}),
        ContentBlockStart::Image(format) => json!({"image": {"format": match format {
            ImageFormat::Png => "png",
            ImageFormat::Jpeg => "jpeg",
            ImageFormat::Gif => "gif",
            ImageFormat::Webp => "webp",
            ImageFormat::Other(other) => other,
        }}}),
        ContentBlockStart::Unknown(member) => unknown(member),
    }
}

fn delta(delta: &ContentBlockDelta) -> Value {
    match delta {
        ContentBlockDelta::Text(text) => json!({"text": text}),
        ContentBlockDelta::ToolUse(input) => json!({"toolUse": {"input": input}}),
        ContentBlockDelta::ToolResult(deltas) => {
            let delta = |delta: &ToolResultBlockDelta| match delta {
                ToolResultBlockDelta::Text(text) => json!({"text": text}),
                ToolResultBlockDelta::Json(value) => json!({"json": document(value)}),
                ToolResultBlockDelta::Unknown(member) => unknown(member),
            };
            json!({"toolResult": deltas.iter().map(delta).collect::<Vec<_>>()})
        }
        ContentBlockDelta::ReasoningContent(delta) => json!({"reasoningContent": match delta {
            ReasoningContentBlockDelta::Text(text) => json!({"text": text}),
            ReasoningContentBlockDelta::RedactedContent(bytes) => json!({"redactedContent": STANDARD.encode(bytes)}),
            ReasoningContentBlockDelta::Signature(signature) => json!({"signature": signature}),
            ReasoningContentBlockDelta::Unknown(member) => unknown(member),
        }}),
        ContentBlockDelta::Citation(delta) => json!({"citation": citation(delta)}),
        ContentBlockDelta::Image(delta) => json!({"image": object([
            ("source", delta.source.as_ref().map(media_source)),
            ("error", delta.error.as_ref().map(error_block)),
        ])}),
        ContentBlockDelta::Unknown(member) => unknown(member),
    }
}

fn citation(citation: &Citation) -> Value {
    let content: Vec<_> = citation.source_content.iter().map(|text| json!({"text": text})).collect();
    object([
        ("title", citation.title.as_deref().map(Value::from)),
        ("source", citation.source.as_deref().map(Value::from)),
        ("sourceContent", (!content.is_empty()).then(|| content.into())),
        ("location", citation.location.as_ref().map(citation_location)),
    ])
}

fn citation_location(location: &CitationLocation) -> Value {
    let range = |index: &'static str, range: &SourceRange| {
        object([
            (index, range.index.map(Value::from)),
            ("start", range.start.map(Value::from)),
            ("end", range.end.map(Value::from)),
        ])
    };
    match location {
        CitationLocation::Web(web) => json!({"web": object([
            ("url", web.url.as_deref().map(Value::from)),
            ("domain", web.domain.as_deref().map(Value::from)),
        ])}),
        CitationLocation::DocumentChar(part) => json!({"documentChar": range("documentIndex", part)}),
        CitationLocation::DocumentPage(part) => json!({"documentPage": range("documentIndex", part)}),
        CitationLocation::DocumentChunk(part) => json!({"documentChunk": range("documentIndex", part)}),
        CitationLocation::SearchResult(part) => {
            json!({"searchResultLocation": range("searchResultIndex", part)})
        }
        CitationLocation::Unknown(member) => unknown(member),
    }
}

fn media_source(source: &MediaSource) -> Value {
    match source {
        MediaSource::Bytes(bytes) => json!({"bytes": STANDARD.encode(bytes)}),
        MediaSource::S3Location(location) => json!({"s3Location": object([
            ("uri", Some(location.uri.as_str().into())),
            ("bucketOwner", location.bucket_owner.as_deref().map(Value::from)),
        ])}),
        MediaSource::Unknown(member) => unknown(member),
    }
}

fn error_block(error: &ErrorBlock) -> Value {
    object([("message", error.message.as_deref().map(Value::from))])
}

fn metadata(event: &MetadataEvent) -> Value {
    let metadata = object([
        ("usage", event.usage.as_ref().map(usage)),
        ("metrics", event.latency_ms.map(|latency| json!({"latencyMs": latency}))),
        ("trace", event.trace.as_deref().map(document)),
        (
            "performanceConfig",
            event.performance_latency.as_ref().map(|latency| {
                json!({"latency": match latency {
                    PerformanceLatency::Standard => "standard",
                    PerformanceLatency::Optimized => "optimized",
                    PerformanceLatency::Other(other) => other,
                }})
            }),
        ),
        (
            "serviceTier",
            event.service_tier.as_ref().map(|tier| {
                json!({"type": match tier {
                    ServiceTier::Priority => "priority",
                    ServiceTier::Default => "default",
                    ServiceTier::Flex => "flex",
                    ServiceTier::Reserved => "reserved",
                    ServiceTier::Other(other) => other,
                }})
            }),
        ),
    ]);
    with_extra(metadata, event.extra.as_deref())
}

fn usage(usage: &TokenUsage) -> Value {
    let details: Vec<_> = usage
        .cache_details
        .iter()
        .map(|detail| {
            let ttl = match &detail.ttl {
                CacheTtl::FiveMinutes => "5m",
                CacheTtl::OneHour => "1h",
                CacheTtl::Other(other) => other,
            };
            json!({"ttl": ttl, "inputTokens": detail.input_tokens})
        })
        .collect();
    let known = object([
        ("inputTokens", Some(usage.input_tokens.into())),
        ("outputTokens", Some(usage.output_tokens.into())),
        ("totalTokens", Some(usage.total_tokens.into())),
        ("cacheReadInputTokens", usage.cache_read_input_tokens.map(Value::from)),
        ("cacheWriteInputTokens", usage.cache_write_input_tokens.map(Value::from)),
        ("cacheDetails", (!details.is_empty()).then(|| details.into())),
    ]);
    with_extra(known, usage.extra.as_deref())
}

/// A reason, as AWS writes it.
pub fn stop_reason(reason: &StopReason) -> &str {
    match reason {
        StopReason::EndTurn => "end_turn",
        StopReason::ToolUse => "tool_use",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::GuardrailIntervened => "guardrail_intervened",
        StopReason::ContentFiltered => "content_filtered",
        StopReason::MalformedModelOutput => "malformed_model_output",
        StopReason::MalformedToolUse => "malformed_tool_use",
        StopReason::ModelContextWindowExceeded => "model_context_window_exceeded",
        StopReason::Other(other) => other,
    }
}

fn role(role: &Role) -> &str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Other(other) => other,
    }
}

fn unknown(member: &UnknownMember) -> Value {
    let mut object = Map::new();
    object.insert(member.name.clone(), document(&member.value));
    object.into()
}

/// A document; one that this library cannot hold (it goes 128 levels deep) as the text that it is.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// An object of the members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<Map<_, _>>()
        .into()
}

fn with_extra(mut object: Value, extra: Option<&str>) -> Value {
    if let (Some(members), Some(Value::Object(extra))) = (object.as_object_mut(), extra.map(document)) {
        members.extend(extra);
    }
    object
}
