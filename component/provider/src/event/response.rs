//! The reply of the operation `Converse`, as the events that a stream would have had.

use alloc::vec::Vec;

use super::{Reader, document, named, object, text, unknown};
use crate::bindings::types::{
    AudioBlock, ContentBlockDelta, ContentBlockDeltaEvent, ContentBlockStart, ContentBlockStartEvent,
    ImageBlockDelta, ReasoningContentBlockDelta, StreamEvent,
};
use crate::json::{Json, Object, Path, Problem};

/// Appends what a `ConverseResponse` says to `events`. Fails only if it is no JSON object.
pub(crate) fn decode(body: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Problem> {
    let value = object("the response", body)?;
    let mut reader = Reader::default();
    let Some(mut response) = value.object() else {
        events.push(StreamEvent::Unknown(unknown("response", value)));
        return Ok(());
    };
    // What is left of it is the metadata.
    let mut stop = Object::default();
    for name in ["stopReason", "additionalModelResponseFields"] {
        stop.extend(response.take_first(|other| other == name));
    }
    if let Some(mut output) = response.take("output", Json::object) {
        let message = output.take("message", Json::object).unwrap_or_default();
        reader.leave(&Path::Root.member("output"), output);
        message_events(&mut reader, message, events);
    }
    let event = reader.message_stop(&Path::Root.member("messageStop"), stop);
    reader.tell(event, events);
    let event = reader.metadata(&Path::Root.member("metadata"), response);
    reader.tell(event, events);
    Ok(())
}

fn message_events(reader: &mut Reader, mut message: Object<'_>, events: &mut Vec<StreamEvent>) {
    let content = message.take("content", Json::array).unwrap_or_default();
    let event = reader.message_start(&Path::Root.member("messageStart"), message);
    reader.tell(event, events);
    for (content_block_index, block) in (0..).zip(content) {
        let (start, deltas) = content_block(reader, block);
        if start.is_some() || deltas.is_empty() {
            let event = ContentBlockStartEvent { content_block_index, start };
            reader.tell(StreamEvent::ContentBlockStart(event), events);
        }
        for delta in deltas {
            let event = ContentBlockDeltaEvent { content_block_index, delta: Some(delta) };
            reader.tell(StreamEvent::ContentBlockDelta(event), events);
        }
        reader.tell(StreamEvent::ContentBlockStop(content_block_index), events);
    }
}

/// The beginning of a content block, if its kind has one, and the rest of it. A block of a kind that no stream has is
/// an unknown beginning.
fn content_block(
    reader: &mut Reader,
    block: Json<'_>,
) -> (Option<ContentBlockStart>, Vec<ContentBlockDelta>) {
    let as_it_is =
        |name: &str, value: Json<'_>| (Some(ContentBlockStart::Unknown(unknown(name, value))), Vec::new());
    let Some(union) = block.object() else { return as_it_is("", block) };
    let start = Path::Root.member("contentBlockStart");
    let start = start.member("start");
    let delta = Path::Root.member("contentBlockDelta");
    let delta = delta.member("delta");
    let known = ["text", "toolUse", "toolResult", "image", "reasoningContent", "citationsContent"];
    let Some((name, value)) = reader.union(&start, union, &known) else { return (None, Vec::new()) };
    if let ("text", Some(text)) = (&*name, text(value)) {
        return (None, Vec::from([ContentBlockDelta::Text(text)]));
    }
    let Some(mut object) = value.object() else { return as_it_is(&name, value) };
    match &*name {
        "toolUse" => {
            let input = object.take("input", document).unwrap_or_default();
            let start = reader.tool_use_start(&start.member("toolUse"), object);
            (Some(ContentBlockStart::ToolUse(start)), Vec::from([ContentBlockDelta::ToolUse(input)]))
        }
        "toolResult" => {
            let at = delta.member("toolResult");
            let content = object.take("content", |content| reader.tool_result_delta(&at, content));
            let start = reader.tool_result_start(&start.member("toolResult"), object);
            let deltas = content.map(ContentBlockDelta::ToolResult).into_iter().collect();
            (Some(ContentBlockStart::ToolResult(start)), deltas)
        }
        "image" => {
            let format = object.take("format", named).unwrap_or_default();
            let image = reader.image_delta(&delta.member("image"), object);
            (Some(ContentBlockStart::Image(format)), Vec::from([ContentBlockDelta::Image(image)]))
        }
        "reasoningContent" => (None, reasoning(reader, &delta.member("reasoningContent"), object)),
        "citationsContent" => (None, citations(reader, &delta, object, &start)),
        _ => as_it_is(&name, value),
    }
}

fn reasoning(reader: &mut Reader, at: &Path<'_>, union: Object<'_>) -> Vec<ContentBlockDelta> {
    use ReasoningContentBlockDelta as Delta;

    let Some((name, value)) = reader.union(at, union, &["reasoningText", "redactedContent"]) else {
        return Vec::new();
    };
    let deltas = match (&*name, value.object(), value.bytes()) {
        ("reasoningText", Some(mut block), _) => {
            let text = block.take("text", text).unwrap_or_default();
            let signature = block.take("signature", self::text).map(Delta::Signature);
            reader.leave(at, block);
            [Some(Delta::Text(text)), signature]
        }
        ("redactedContent", _, Some(bytes)) => [Some(Delta::RedactedContent(bytes)), None],
        _ => [Some(Delta::Unknown(unknown(&name, value))), None],
    };
    deltas.into_iter().flatten().map(ContentBlockDelta::ReasoningContent).collect()
}

/// The text, and what it was taken from.
fn citations(
    reader: &mut Reader,
    delta: &Path<'_>,
    mut block: Object<'_>,
    start: &Path<'_>,
) -> Vec<ContentBlockDelta> {
    let mut deltas = Vec::new();
    let at = delta.member("citationsContent");
    let texts = block.take("content", |content| reader.texts(&at.member("content"), content));
    deltas.extend(texts.into_iter().flatten().map(ContentBlockDelta::Text));
    let citations = block.take("citations", |citations| {
        citations.array()?.into_iter().map(Json::object).collect::<Option<Vec<_>>>()
    });
    for citation in citations.into_iter().flatten() {
        deltas.push(ContentBlockDelta::Citation(reader.citation(&delta.member("citation"), citation)));
    }
    reader.leave(&start.member("citationsContent"), block);
    deltas
}

/// An audio block, if it has nothing that is unknown.
pub(crate) fn audio(block: &str) -> Option<AudioBlock> {
    let mut reader = Reader::default();
    let mut block = Json::parse(block).ok()?.object()?;
    let format = block.take("format", named).unwrap_or_default();
    // The rest is that of an image.
    let ImageBlockDelta { source, error } = reader.image_delta(&Path::Root, block);
    let source = source.filter(|_| reader.unknown.is_empty())?;
    Some(AudioBlock { format, source, error })
}
