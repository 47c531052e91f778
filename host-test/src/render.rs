//! A reply on the terminal.

use std::io;
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use host_test::json;
use host_test::types::{
    Citation, CitationLocation, ContentBlockDelta, ContentBlockStart, ImageBlockDelta, MediaSource,
    MetadataEvent, ReasoningContentBlockDelta, StopReason, StreamEvent, ToolResultBlockDelta,
};

use crate::output::{Output, note};

const DIM: Style = Style::new().dimmed();
const TOOL: Style = AnsiColor::Cyan.on_default();

/// Prints events as they come: text as it is, reasoning and tool uses marked.
pub(crate) struct Renderer {
    json: bool,
    began: Instant,
    first_token: Option<f64>,
    /// What is being printed, so that a change of it begins a new line.
    section: Section,
    stop_reason: Option<StopReason>,
    metadata: Option<MetadataEvent>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Section {
    Nothing,
    Text,
    Reasoning,
    ToolUse,
    ToolResult,
    Image,
}

impl Renderer {
    pub(crate) fn new(json: bool, began: Instant) -> Self {
        let section = Section::Nothing;
        Self { json, began, first_token: None, section, stop_reason: None, metadata: None }
    }

    pub(crate) fn event(&mut self, event: &StreamEvent) -> io::Result<()> {
        if matches!(event, StreamEvent::ContentBlockDelta(_)) && self.first_token.is_none() {
            self.first_token = Some(self.began.elapsed().as_secs_f64() * 1e3);
        }
        match event {
            StreamEvent::MessageStop(stop) => self.stop_reason = Some(stop.stop_reason.clone()),
            StreamEvent::Metadata(metadata) => self.metadata = Some(metadata.clone()),
            _ => {}
        }
        let mut out = Output::stdout();
        if self.json {
            out.text(&json_line(event))?;
            out.text("\n")?;
            return out.flush();
        }
        match event {
            StreamEvent::ContentBlockStart(block) => match &block.start {
                Some(ContentBlockStart::ToolUse(start)) => {
                    self.begin(&mut out, Section::Nothing)?;
                    self.section = Section::ToolUse;
                    out.styled(TOOL, &format!("tool {} {}: ", start.name, start.tool_use_id))?;
                }
                Some(ContentBlockStart::ToolResult(start)) => {
                    self.begin(&mut out, Section::Nothing)?;
                    self.section = Section::ToolResult;
                    out.styled(TOOL, &format!("result {}: ", start.tool_use_id))?;
                }
                Some(ContentBlockStart::Image(format)) => {
                    self.begin(&mut out, Section::Nothing)?;
                    self.section = Section::Image;
                    out.styled(TOOL, &format!("image {}: ", json::image_format(format)))?;
                }
                Some(ContentBlockStart::Unknown(_)) => self.other(&mut out, event)?,
                None => {}
            },
            StreamEvent::ContentBlockDelta(block) => match &block.delta {
                Some(ContentBlockDelta::Text(text)) => {
                    self.begin(&mut out, Section::Text)?;
                    out.text(text)?;
                }
                Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(text))) => {
                    self.begin(&mut out, Section::Reasoning)?;
                    out.styled(DIM, text)?;
                }
                Some(ContentBlockDelta::ToolUse(input)) => {
                    self.begin(&mut out, Section::ToolUse)?;
                    out.styled(TOOL, input)?;
                }
                Some(ContentBlockDelta::ToolResult(deltas)) => {
                    self.begin(&mut out, Section::ToolResult)?;
                    for delta in deltas {
                        out.styled(TOOL, &tool_result(delta))?;
                    }
                }
                Some(ContentBlockDelta::Image(delta)) => {
                    self.begin(&mut out, Section::Image)?;
                    out.styled(TOOL, &image(delta))?;
                }
                Some(ContentBlockDelta::Citation(citation)) => {
                    self.begin(&mut out, Section::Text)?;
                    out.styled(DIM, &format!(" [{}]", source(citation)))?;
                }
                // A signature says nothing to people.
                Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Signature(_)))
                | None => {}
                Some(_) => self.other(&mut out, event)?,
            },
            StreamEvent::Unknown(_) => self.other(&mut out, event)?,
            _ => {}
        }
        out.flush()
    }

    /// The end of a reply that is whole.
    pub(crate) fn complete(&mut self) -> io::Result<()> {
        self.broken()?;
        let mut facts = Vec::new();
        if let Some(reason) = &self.stop_reason {
            facts.push(format!("stop reason: {}", json::stop_reason(reason)));
        }
        if let Some(usage) = self.metadata.as_ref().and_then(|metadata| metadata.usage.as_ref()) {
            facts.push(format!("tokens: {} in, {} out", usage.input_tokens, usage.output_tokens));
            let (read, written) = (usage.cache_read_input_tokens, usage.cache_write_input_tokens);
            if read.or(written).is_some() {
                let (read, written) = (read.unwrap_or_default(), written.unwrap_or_default());
                facts.push(format!("cache: {read} read, {written} written"));
            }
        }
        if let Some(first) = self.first_token {
            facts.push(format!("first token: {first:.0} ms"));
        }
        note(&facts.join(" · "));
        if let Some(trace) = self.metadata.as_ref().and_then(|metadata| metadata.trace.as_ref()) {
            note(&format!("trace: {trace}"));
        }
        Ok(())
    }

    /// The end of a reply that is not.
    pub(crate) fn broken(&mut self) -> io::Result<()> {
        let mut out = Output::stdout();
        self.begin(&mut out, Section::Nothing)?;
        out.flush()
    }

    fn begin(&mut self, out: &mut Output, section: Section) -> io::Result<()> {
        if self.section != section && self.section != Section::Nothing {
            out.text("\n")?;
        }
        self.section = section;
        Ok(())
    }

    fn other(&mut self, out: &mut Output, event: &StreamEvent) -> io::Result<()> {
        self.begin(out, Section::Nothing)?;
        out.styled(DIM, &json_line(event))?;
        out.text("\n")
    }
}

fn tool_result(delta: &ToolResultBlockDelta) -> String {
    match delta {
        ToolResultBlockDelta::Text(text) | ToolResultBlockDelta::Json(text) => format!("{text} "),
        ToolResultBlockDelta::Unknown(member) => format!("{}: {} ", member.name, member.value),
    }
}

fn image(delta: &ImageBlockDelta) -> String {
    let source = match &delta.source {
        Some(MediaSource::Bytes(bytes)) => format!("{} bytes ", bytes.len()),
        Some(MediaSource::S3Location(location)) => format!("{} ", location.uri),
        Some(MediaSource::Unknown(member)) => format!("{}: {} ", member.name, member.value),
        None => String::new(),
    };
    let error = delta.error.as_ref().map(|error| error.message.as_deref().unwrap_or("failed"));
    source + error.unwrap_or_default()
}

/// Where a text was taken from.
fn source(citation: &Citation) -> String {
    let url = match &citation.location {
        Some(CitationLocation::Web(location)) => location.url.clone(),
        Some(CitationLocation::DocumentPage(range)) => range.start.map(|page| format!("page {page}")),
        _ => None,
    };
    let parts = [citation.title.clone(), url.or_else(|| citation.source.clone())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// An event as a line of JSON. The control characters that JSON allows in a string are escaped too: the line is the
/// same for a terminal and a file.
fn json_line(event: &StreamEvent) -> String {
    let mut line = String::new();
    for character in json::event(event).to_string().chars() {
        if character.is_control() {
            line.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            line.push(character);
        }
    }
    line
}
