//! The whole reply, put together from its events.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::bindings::converse::Reply;
use crate::bindings::types::{
    Citation, CitationsContentBlock, ContentBlock, ContentBlockDelta, ContentBlockStart, ErrorBlock,
    ImageBlock, ImageBlockDelta, IncompleteToolUseBlock, MediaSource, Message, MessageStopEvent,
    MetadataEvent, ReasoningContentBlock, ReasoningContentBlockDelta, ReasoningTextBlock, Role, StopReason,
    StreamEvent, ToolResultBlock, ToolResultBlockDelta, ToolResultBlockStart, ToolResultContentBlock,
    ToolUseBlock, ToolUseBlockStart, UnknownMember,
};
use crate::event::response;
use crate::json::{Json, Writer};

/// A reply of more parts (content blocks, citations, items of tool results, members that are unknown) is not put
/// together: each needs many times its size. Bedrock's replies have a few.
const MAX_PARTS: usize = 4_096;
/// More unknown members than these do not go back with a block.
const MAX_EXTRA: usize = 32;

/// What comes before the names of members that go back with their block.
const TOOL_USE: &str = "contentBlockStart.start.toolUse.";
const TOOL_RESULT: &str = "contentBlockStart.start.toolResult.";
const CITATIONS: &str = "contentBlockStart.start.citationsContent.";
const REASONING_TEXT: &str = "contentBlockStart.start.reasoningContent.reasoningText.";
const REASONING: &str = "contentBlockDelta.delta.reasoningContent.";

/// A reply as far as it came.
#[derive(Default)]
pub(crate) struct Assembly {
    begun: bool,
    role: Option<Role>,
    /// In the order of their indexes; those of the same index in the order in which they began.
    blocks: Vec<Block>,
    stop: Option<MessageStopEvent>,
    metadata: Option<MetadataEvent>,
    unknown: Vec<UnknownMember>,
    /// The content block of the last event: what is unknown belongs to it.
    current: Option<u32>,
    parts: usize,
}

/// A content block. AWS fills one of its parts; if it fills more, each becomes a block.
#[derive(Default)]
struct Block {
    index: u32,
    complete: bool,
    start: Option<ContentBlockStart>,
    text: String,
    citations: Vec<Citation>,
    reasoning: Option<ReasoningTextBlock>,
    redacted: Vec<u8>,
    tool_input: String,
    tool_result: Vec<ToolResultContentBlock>,
    image: Option<ImageBlockDelta>,
    unknown_reasoning: Vec<UnknownMember>,
    /// Members that go back with the block, each by its path.
    extra: Vec<UnknownMember>,
}

impl Assembly {
    /// Whether there is no end of parts.
    pub(crate) fn is_too_large(&self) -> bool {
        self.parts > MAX_PARTS
    }

    pub(crate) fn add(&mut self, event: &StreamEvent) {
        self.begun = true;
        match event {
            StreamEvent::MessageStart(role) => self.role = Some(role.clone()),
            StreamEvent::ContentBlockStart(event) => {
                let mut block = self.block(event.content_block_index);
                if block.start.is_some() {
                    // Not ended, but over.
                    block.complete = true;
                    block = self.block(event.content_block_index);
                }
                block.start.clone_from(&event.start);
            }
            StreamEvent::ContentBlockDelta(event) => {
                self.parts += match &event.delta {
                    Some(ContentBlockDelta::ToolResult(deltas)) => deltas.len(),
                    Some(ContentBlockDelta::Citation(citation)) => 1 + citation.source_content.len(),
                    Some(
                        ContentBlockDelta::Unknown(_)
                        | ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Unknown(_)),
                    ) => 1,
                    _ => 0,
                };
                let block = self.block(event.content_block_index);
                let foreign = event.delta.as_ref().and_then(|delta| block.append(delta));
                if let Some(member) = foreign {
                    let name = format!("{}.{}", place(event.content_block_index), member.name);
                    self.unknown.push(UnknownMember { name, value: member.value.clone() });
                }
            }
            StreamEvent::ContentBlockStop(index) => self.block(*index).complete = true,
            StreamEvent::MessageStop(event) => {
                self.current = None;
                self.stop = Some(event.clone());
            }
            StreamEvent::Metadata(event) => {
                self.current = None;
                self.metadata = Some(event.clone());
            }
            StreamEvent::Unknown(member) => self.keep(member),
        }
    }

    /// The block of this index that is not complete, or a new one.
    fn block(&mut self, index: u32) -> &mut Block {
        self.current = Some(index);
        let end = self.blocks.partition_point(|block| block.index <= index);
        let known = end.checked_sub(1).filter(|last| {
            self.blocks.get(*last).is_some_and(|block| block.index == index && !block.complete)
        });
        let place = known.unwrap_or_else(|| {
            self.parts += 1;
            self.blocks.insert(end, Block { index, ..Block::default() });
            end
        });
        self.blocks.get_mut(place).expect("it is there, or was just put there")
    }

    /// Keeps what has no place: with the block that it goes back with, else under the path that it would have in a
    /// reply that is not streamed.
    fn keep(&mut self, member: &UnknownMember) {
        self.parts += 1;
        let name = member.name.as_str();
        let value = &member.value;
        if let Some(index) = self.current {
            let end = self.blocks.partition_point(|block| block.index <= index);
            let block = end.checked_sub(1).and_then(|last| self.blocks.get_mut(last));
            let prefixes = [TOOL_USE, TOOL_RESULT, CITATIONS, REASONING_TEXT, REASONING];
            let own = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
            // A path is no name.
            let goes_back = own.is_some_and(|own| !own.contains(['.', '[']));
            if let Some(block) = block.filter(|block| goes_back && block.extra.len() < MAX_EXTRA)
                && block.extra.iter().all(|other| other.name != name)
            {
                return block.extra.push(member.clone());
            }
            if let Some(name) = place_of(index, name) {
                return self.unknown.push(UnknownMember { name, value: value.clone() });
            }
        }
        let name = match name.split_once('.') {
            Some(("messageStart", rest)) => format!("output.message.{rest}"),
            Some(("messageStop" | "metadata", rest)) => rest.to_string(),
            _ => name.to_string(),
        };
        self.unknown.push(UnknownMember { name, value: value.clone() });
    }

    /// The reply; `None` if nothing came.
    pub(crate) fn finish(mut self) -> Option<Reply> {
        if !self.begun {
            return None;
        }
        let (stop_reason, additional_model_response_fields) = match self.stop {
            Some(stop) => (Some(stop.stop_reason), stop.additional_model_response_fields),
            None => (None, None),
        };
        let cut_off = matches!(
            stop_reason,
            None | Some(StopReason::MaxTokens | StopReason::ModelContextWindowExceeded)
        );
        let last = self.blocks.len();
        let mut content = Vec::new();
        for (number, block) in (1..).zip(self.blocks) {
            let whole = block.complete || stop_reason.is_some();
            block.finish(whole, cut_off && number == last, &mut content, &mut self.unknown);
        }
        let named = |role: &Role| !matches!(role, Role::Other(name) if name.is_empty());
        Some(Reply {
            message: Message { role: self.role.filter(named).unwrap_or(Role::Assistant), content },
            stop_reason,
            additional_model_response_fields,
            metadata: self.metadata,
            unknown: self.unknown,
        })
    }
}

impl Block {
    /// Appends a delta, unless it is of a kind that nothing is known of.
    fn append<'a>(&mut self, delta: &'a ContentBlockDelta) -> Option<&'a UnknownMember> {
        use ReasoningContentBlockDelta as Reasoning;

        let reasoning = |block: &mut Self| {
            let empty = || ReasoningTextBlock { text: String::new(), signature: None, extra: None };
            block.reasoning.take().unwrap_or_else(empty)
        };
        match delta {
            ContentBlockDelta::Text(text) => self.text.push_str(text),
            ContentBlockDelta::ToolUse(input) => self.tool_input.push_str(input),
            ContentBlockDelta::ToolResult(deltas) => self.append_tool_result(deltas),
            ContentBlockDelta::ReasoningContent(Reasoning::Text(text)) => {
                let mut block = reasoning(self);
                block.text.push_str(text);
                self.reasoning = Some(block);
            }
            ContentBlockDelta::ReasoningContent(Reasoning::Signature(signature)) => {
                let mut block = reasoning(self);
                block.signature.get_or_insert_default().push_str(signature);
                self.reasoning = Some(block);
            }
            ContentBlockDelta::ReasoningContent(Reasoning::RedactedContent(bytes)) => {
                self.redacted.extend_from_slice(bytes);
            }
            ContentBlockDelta::ReasoningContent(Reasoning::Unknown(member)) => {
                self.unknown_reasoning.push(member.clone());
            }
            ContentBlockDelta::Citation(citation) => self.citations.push(citation.clone()),
            ContentBlockDelta::Image(delta) => self.append_image(delta),
            ContentBlockDelta::Unknown(member) => return Some(member),
        }
        None
    }

    /// A text goes on where the text before it ended, but the texts of one delta are texts of their own.
    fn append_tool_result(&mut self, deltas: &[ToolResultBlockDelta]) {
        for (position, delta) in deltas.iter().enumerate() {
            let item = match (delta, self.tool_result.last_mut()) {
                (ToolResultBlockDelta::Text(text), Some(ToolResultContentBlock::Text(last)))
                    if position == 0 =>
                {
                    last.push_str(text);
                    continue;
                }
                (ToolResultBlockDelta::Text(text), _) => ToolResultContentBlock::Text(text.clone()),
                (ToolResultBlockDelta::Json(json), _) => ToolResultContentBlock::Json(json.clone()),
                (ToolResultBlockDelta::Unknown(member), _) => ToolResultContentBlock::Unknown(member.clone()),
            };
            self.tool_result.push(item);
        }
    }

    fn append_image(&mut self, delta: &ImageBlockDelta) {
        let image = self.image.get_or_insert(ImageBlockDelta { source: None, error: None });
        match (&mut image.source, &delta.source) {
            (Some(MediaSource::Bytes(bytes)), Some(MediaSource::Bytes(more))) => {
                bytes.extend_from_slice(more);
            }
            (source, Some(new)) => *source = Some(new.clone()),
            (_, None) => {}
        }
        if let Some(ErrorBlock { message }) = &delta.error {
            image.error = Some(ErrorBlock { message: message.clone() });
        }
    }

    /// Appends what the block came to. `whole` says whether it ended, `cut_off` whether the reply ended in it.
    fn finish(
        self,
        whole: bool,
        cut_off: bool,
        content: &mut Vec<ContentBlock>,
        unknown: &mut Vec<UnknownMember>,
    ) {
        let mut members = self.extra;
        let mut extra =
            |prefixes: &[&str], own: &dyn Fn(&str) -> bool| take_extra(&mut members, prefixes, own);
        if let Some(mut block) = self.reasoning {
            let signed = block.signature.is_some();
            let own = |name: &str| name == "text" || signed && name == "signature";
            block.extra = extra(&[REASONING_TEXT, REASONING], &own);
            if !block.text.is_empty() || block.signature.is_some() || block.extra.is_some() {
                let block = ReasoningContentBlock::ReasoningText(block);
                content.push(ContentBlock::ReasoningContent(block));
            }
        }
        if !self.redacted.is_empty() {
            let block = ReasoningContentBlock::RedactedContent(self.redacted);
            content.push(ContentBlock::ReasoningContent(block));
        }
        for member in self.unknown_reasoning {
            content.push(ContentBlock::ReasoningContent(ReasoningContentBlock::Unknown(member)));
        }
        let has_text = !self.text.is_empty();
        let beside = extra(&[CITATIONS], &|name| name == "citations" || has_text && name == "content");
        if !self.citations.is_empty() || beside.is_some() {
            let text = Some(self.text).filter(|_| has_text);
            content.push(ContentBlock::CitationsContent(CitationsContentBlock {
                content: text.into_iter().collect(),
                citations: self.citations,
                extra: beside,
            }));
        } else if !self.text.trim().is_empty() {
            content.push(ContentBlock::Text(self.text));
        }
        // What a block has without its beginning, has a beginning that was left out.
        let (mut tool, mut result, mut image) = (None, None, None);
        match self.start {
            Some(ContentBlockStart::ToolUse(start)) => tool = Some(start),
            Some(ContentBlockStart::ToolResult(start)) => result = Some(start),
            Some(ContentBlockStart::Image(format)) => image = Some(format),
            Some(ContentBlockStart::Unknown(member)) if member.name.is_empty() => {
                unknown.push(UnknownMember { name: place(self.index), value: member.value });
            }
            Some(ContentBlockStart::Unknown(member)) => content.push(whole_block(member)),
            None => {}
        }
        if tool.is_some() || !self.tool_input.is_empty() {
            let nameless =
                || ToolUseBlockStart { tool_use_id: String::new(), name: String::new(), type_: None };
            let start = tool.unwrap_or_else(nameless);
            let typed = start.type_.is_some();
            let own = |name: &str| matches!(name, "toolUseId" | "name" | "input") || typed && name == "type";
            let extra = extra(&[TOOL_USE], &own);
            content.push(tool_use(start, self.tool_input, extra, whole && !cut_off));
        }
        if result.is_some() || !self.tool_result.is_empty() {
            let nameless = || ToolResultBlockStart { tool_use_id: String::new(), type_: None, status: None };
            let start = result.unwrap_or_else(nameless);
            let (typed, judged) = (start.type_.is_some(), start.status.is_some());
            let own = |name: &str| match name {
                "toolUseId" | "content" => true,
                "type" => typed,
                "status" => judged,
                _ => false,
            };
            content.push(ContentBlock::ToolResult(ToolResultBlock {
                tool_use_id: start.tool_use_id,
                content: self.tool_result,
                status: start.status,
                type_: start.type_,
                extra: extra(&[TOOL_RESULT], &own),
            }));
        }
        if image.is_some() || self.image.is_some() {
            let delta = self.image.unwrap_or(ImageBlockDelta { source: None, error: None });
            let nothing = || UnknownMember { name: String::new(), value: "null".into() };
            content.push(ContentBlock::Image(ImageBlock {
                format: image.unwrap_or_default(),
                source: delta.source.unwrap_or_else(|| MediaSource::Unknown(nothing())),
                error: delta.error,
            }));
        }
        unknown.extend(members.into_iter().map(|member| {
            let name = place_of(self.index, &member.name).unwrap_or(member.name);
            UnknownMember { name, value: member.value }
        }));
    }
}

/// A call of a tool: one without any input has the input `{}`, unless its input may be what is missing.
fn tool_use(start: ToolUseBlockStart, input: String, extra: Option<String>, ended: bool) -> ContentBlock {
    let ToolUseBlockStart { tool_use_id, name, type_ } = start;
    let input = if ended && input.trim().is_empty() { String::from("{}") } else { input };
    if Json::parse(&input).is_ok_and(Json::is_object) {
        return ContentBlock::ToolUse(ToolUseBlock { tool_use_id, name, input, type_, extra });
    }
    ContentBlock::IncompleteToolUse(IncompleteToolUseBlock { tool_use_id, name, input, type_, extra })
}

/// A block that came in one piece: no stream has its kind.
fn whole_block(member: UnknownMember) -> ContentBlock {
    let audio = (member.name == "audio").then(|| response::audio(&member.value)).flatten();
    audio.map_or(ContentBlock::Unknown(member), ContentBlock::Audio)
}

fn place(index: u32) -> String {
    format!("output.message.content[{index}]")
}

/// What a member of an event about the content block of this index is called in `reply.unknown`.
fn place_of(index: u32, name: &str) -> Option<String> {
    /// What comes before a place in a content block. The more precise are first.
    const BLOCK: [&str; 5] = [
        "contentBlockStart.start",
        "contentBlockDelta.delta",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
    ];

    let rest = |prefix: &&str| name.strip_prefix(*prefix).filter(|rest| rest.starts_with(['.', '[']));
    let rest = BLOCK.iter().find_map(rest)?;
    Some(format!("{}{rest}", place(index)))
}

/// Takes the members whose names begin with one of `prefixes`, as one object; `None` if there are none. What the block
/// has of its `own`, and AWS sent in another form besides, cannot go back with it.
fn take_extra(
    members: &mut Vec<UnknownMember>,
    prefixes: &[&str],
    own: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let mut json = Writer::default();
    json.begin_object();
    let before = members.len();
    members.retain(|member| {
        let name = prefixes.iter().find_map(|prefix| member.name.strip_prefix(prefix));
        let Some(name) = name.filter(|name| !own(name)) else { return true };
        json.name(name);
        json.raw(&member.value);
        false
    });
    json.end_object();
    (members.len() < before).then(|| json.into_string())
}

#[cfg(test)]
mod tests;
