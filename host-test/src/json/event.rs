//! Events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::content_block::{citation, error_block, media_source, message};
use super::names::Named as _;
use super::{document, object, unknown, with_extra};
use crate::Reply;
use crate::types::{
    ContentBlockDelta, ContentBlockStart, ImageFormat, MetadataEvent, ReasoningContentBlockDelta, StopReason,
    StreamEvent, TokenUsage, ToolResultBlockDelta,
};

/// An event, named as AWS names it: `{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Hi"}}}`.
pub fn event(event: &StreamEvent) -> Value {
    match event {
        StreamEvent::MessageStart(role) => json!({"messageStart": {"role": role.name()}}),
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
                ("stopReason", Some(event.stop_reason.name().into())),
                ("additionalModelResponseFields", fields),
            ])})
        }
        StreamEvent::Metadata(event) => json!({"metadata": metadata(event)}),
        StreamEvent::Unknown(member) => unknown(member),
    }
}

/// A whole reply, as the operation that is not streamed gives it; what has no place is left out.
pub fn reply(reply: &Reply) -> Value {
    let fields = reply.additional_model_response_fields.as_deref().map(document);
    let mut whole = object([
        ("output", Some(json!({"message": message(&reply.message)}))),
        ("stopReason", reply.stop_reason.as_ref().map(|reason| reason.name().into())),
        ("additionalModelResponseFields", fields),
    ]);
    if let (Some(members), Some(Value::Object(rest))) =
        (whole.as_object_mut(), reply.metadata.as_ref().map(metadata))
    {
        members.extend(rest);
    }
    whole
}

/// A reason, as AWS writes it.
pub fn stop_reason(reason: &StopReason) -> &str {
    reason.name()
}

/// A format, as AWS writes it.
pub fn image_format(format: &ImageFormat) -> &str {
    format.name()
}

fn start(start: &ContentBlockStart) -> Value {
    match start {
        ContentBlockStart::ToolUse(start) => json!({"toolUse": object([
            ("toolUseId", Some(start.tool_use_id.as_str().into())),
            ("name", Some(start.name.as_str().into())),
            ("type", start.type_.as_ref().map(|kind| kind.name().into())),
        ])}),
        ContentBlockStart::ToolResult(start) => json!({"toolResult": object([
            ("toolUseId", Some(start.tool_use_id.as_str().into())),
            ("type", start.type_.as_deref().map(Value::from)),
            ("status", start.status.as_ref().map(|status| status.name().into())),
        ])}),
        ContentBlockStart::Image(format) => json!({"image": {"format": format.name()}}),
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

fn metadata(event: &MetadataEvent) -> Value {
    let latency = event.performance_latency.as_ref();
    let metadata = object([
        ("usage", event.usage.as_ref().map(usage)),
        ("metrics", event.latency_ms.map(|latency| json!({"latencyMs": latency}))),
        ("trace", event.trace.as_deref().map(document)),
        ("performanceConfig", latency.map(|latency| json!({"latency": latency.name()}))),
        ("serviceTier", event.service_tier.as_ref().map(|tier| json!({"type": tier.name()}))),
    ]);
    with_extra(metadata, event.extra.as_deref())
}

fn usage(usage: &TokenUsage) -> Value {
    let details: Vec<_> = usage
        .cache_details
        .iter()
        .map(|detail| json!({"ttl": detail.ttl.name(), "inputTokens": detail.input_tokens}))
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
