//! The reply of the operation `Converse`, as the events that a stream would have had.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Reader, document, named, object, text, unknown};
use crate::bindings::types::{
    AudioBlock, ContentBlockDelta, ContentBlockDeltaEvent, ContentBlockStart, ContentBlockStartEvent,
    ImageBlockDelta, ReasoningContentBlockDelta, StreamEvent,
};
use crate::json::{Json, Object, Path, Problem};

/// The most parts (events, and items of lists in them) that a reply may have: each needs many times its size.
const MAX_PARTS: usize = 10_000;

/// Appends what a `ConverseResponse` says to `events`. Fails only if it is none, or has too many parts.
pub(crate) fn decode(body: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Problem> {
    let value = object("the response", body)?;
    let mut response = value.object().ok_or("the response has more than 1000 members")?;
    if !response.names().any(|name| matches!(name, "output" | "stopReason")) {
        return Err("the response has neither output nor stopReason".into());
    }
    let mut reader = Reader::default();
    // What is left of it is the metadata.
    let mut stop = Object::default();
    while let Some(member) =
        response.take_first(|name| matches!(name, "stopReason" | "additionalModelResponseFields"))
    {
        stop.put(member);
    }
    if let Some(mut output) = response.take("output", Json::object) {
        let message = output.take("message", Json::object).unwrap_or_default();
        reader.leave(&Path::Root.member("output"), output);
        message_events(&mut reader, message, events)?;
    }
    let event = reader.message_stop(&Path::Root.member("messageStop"), stop);
    reader.tell(event, events);
    let event = reader.metadata(&Path::Root.member("metadata"), response);
    reader.tell(event, events);
    Ok(())
}

fn message_events(
    reader: &mut Reader,
    mut message: Object<'_>,
    events: &mut Vec<StreamEvent>,
) -> Result<(), Problem> {
    let content = message.take("content", Json::array).unwrap_or_default();
    let event = reader.message_start(&Path::Root.member("messageStart"), message);
    reader.tell(event, events);
    for (index, block) in (0..).zip(content) {
        let before = events.len();
        Block { reader, events, index }.read(block);
        if events.len() == before {
            // An empty one.
            Block { reader, events, index }.start(None);
        }
        reader.tell(StreamEvent::ContentBlockStop(index), events);
        if events.len() + reader.items > MAX_PARTS {
            return Err("the response has more than 10000 parts".into());
        }
    }
    Ok(())
}

/// A content block that becomes events. Where its members are, is told as if they were in these.
struct Block<'a> {
    reader: &'a mut Reader,
    events: &'a mut Vec<StreamEvent>,
    index: u32,
}

impl Block<'_> {
    fn start(&mut self, start: Option<ContentBlockStart>) {
        let event = ContentBlockStartEvent { content_block_index: self.index, start };
        self.reader.tell(StreamEvent::ContentBlockStart(event), self.events);
    }

    fn delta(&mut self, delta: ContentBlockDelta) {
        let event = ContentBlockDeltaEvent { content_block_index: self.index, delta: Some(delta) };
        self.reader.tell(StreamEvent::ContentBlockDelta(event), self.events);
    }

    /// A block of a kind that no stream has is an unknown beginning.
    fn read(&mut self, block: Json<'_>) {
        let start = Path::Root.member("contentBlockStart");
        let start = start.member("start");
        let delta = Path::Root.member("contentBlockDelta");
        let delta = delta.member("delta");
        let Some(union) = block.object() else {
            return self.start(Some(ContentBlockStart::Unknown(unknown("", block))));
        };
        let known = ["text", "toolUse", "toolResult", "image", "reasoningContent", "citationsContent"];
        let Some((name, value)) = self.reader.union(&start, union, &known) else { return };
        let as_it_is = Some(ContentBlockStart::Unknown(unknown(&name, value)));
        if let ("text", Some(text)) = (&*name, text(value)) {
            return self.delta(ContentBlockDelta::Text(text));
        }
        let Some(mut object) = value.object() else { return self.start(as_it_is) };
        match &*name {
            "toolUse" => {
                let input = object.take("input", document).unwrap_or_default();
                let start = self.reader.tool_use_start(&start.member("toolUse"), object);
                self.start(Some(ContentBlockStart::ToolUse(start)));
                self.delta(ContentBlockDelta::ToolUse(input));
            }
            "toolResult" => {
                let mut content = Object::default();
                while let Some(member) = object.take_first(|name| name == "content") {
                    content.put(member);
                }
                let start = self.reader.tool_result_start(&start.member("toolResult"), object);
                self.start(Some(ContentBlockStart::ToolResult(start)));
                let at = delta.member("toolResult");
                let items = content.take("content", |content| self.reader.tool_result_delta(&at, content));
                self.reader.leave(&at, content);
                self.delta(ContentBlockDelta::ToolResult(items.unwrap_or_default()));
            }
            "image" => {
                let format = object.take("format", named).unwrap_or_default();
                self.start(Some(ContentBlockStart::Image(format)));
                let image = self.reader.image_delta(&delta.member("image"), object);
                self.delta(ContentBlockDelta::Image(image));
            }
            "reasoningContent" => self.reasoning(&start, object),
            "citationsContent" => self.citations(&start.member("citationsContent"), &delta, object),
            _ => self.start(as_it_is),
        }
    }

    fn reasoning(&mut self, start: &Path<'_>, union: Object<'_>) {
        use ReasoningContentBlockDelta as Delta;

        let at = start.member("reasoningContent");
        let known = ["reasoningText", "redactedContent"];
        let Some((name, value)) = self.reader.union(&at, union, &known) else { return };
        let first = match (&*name, value.object(), value.bytes()) {
            ("reasoningText", Some(mut block), _) => {
                let text = block.take("text", text).unwrap_or_default();
                let signature = block.take("signature", self::text);
                self.reader.leave(&at.member("reasoningText"), block);
                self.delta(ContentBlockDelta::ReasoningContent(Delta::Text(text)));
                let Some(signature) = signature else { return };
                Delta::Signature(signature)
            }
            ("redactedContent", _, Some(bytes)) => Delta::RedactedContent(bytes),
            _ => Delta::Unknown(unknown(&name, value)),
        };
        self.delta(ContentBlockDelta::ReasoningContent(first));
    }

    /// The text, and what it was taken from.
    fn citations(&mut self, start: &Path<'_>, delta: &Path<'_>, mut block: Object<'_>) {
        let at = start.member("content");
        let texts = block.take("content", |content| self.reader.texts(&at, content)).unwrap_or_default();
        let citations = block.take("citations", |citations| {
            citations.array()?.into_iter().map(Json::object).collect::<Option<Vec<_>>>()
        });
        self.reader.leave(start, block);
        if texts.is_empty() {
            self.delta(ContentBlockDelta::Text(String::new()));
        }
        for text in texts {
            self.delta(ContentBlockDelta::Text(text));
        }
        for citation in citations.into_iter().flatten() {
            let citation = self.reader.citation(&delta.member("citation"), citation);
            self.delta(ContentBlockDelta::Citation(citation));
        }
    }
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
