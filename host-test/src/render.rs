//! A reply on the terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use host_test::json;
use host_test::types::{
    ContentBlockDelta, ContentBlockStart, MetadataEvent, ReasoningContentBlockDelta, StopReason, StreamEvent,
};

const DIM: Style = Style::new().dimmed();
const TOOL: Style = AnsiColor::Cyan.on_default();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// What is said beside the reply, on standard error.
pub(crate) struct Note;

impl Note {
    #[expect(clippy::new_ret_no_self, reason = "a note is gone once it is said")]
    pub(crate) fn new(text: impl AsRef<str>) {
        anstream::eprintln!("{DIM}{}{DIM:#}", text.as_ref());
    }

    pub(crate) fn error(text: &str) {
        anstream::eprintln!("{ERROR}error{ERROR:#}: {}", printable(text));
    }
}

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
        let mut out = anstream::stdout().lock();
        if self.json {
            writeln!(out, "{}", json::event(event))?;
            return out.flush();
        }
        match event {
            StreamEvent::ContentBlockStart(block) => match &block.start {
                Some(ContentBlockStart::ToolUse(start)) => {
                    self.begin(&mut out, Section::Nothing)?;
                    self.section = Section::ToolUse;
                    write!(
                        out,
                        "{TOOL}tool {} {}: {TOOL:#}",
                        printable(&start.name),
                        printable(&start.tool_use_id)
                    )?;
                }
                Some(_) => self.other(&mut out, event)?,
                None => {}
            },
            StreamEvent::ContentBlockDelta(block) => match &block.delta {
                Some(ContentBlockDelta::Text(text)) => {
                    self.begin(&mut out, Section::Text)?;
                    write!(out, "{}", printable(text))?;
                }
                Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(text))) => {
                    self.begin(&mut out, Section::Reasoning)?;
                    write!(out, "{DIM}{}{DIM:#}", printable(text))?;
                }
                Some(ContentBlockDelta::ToolUse(input)) => {
                    self.begin(&mut out, Section::ToolUse)?;
                    write!(out, "{TOOL}{}{TOOL:#}", printable(input))?;
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
        }
        if let Some(first) = self.first_token {
            facts.push(format!("first token: {first:.0} ms"));
        }
        Note::new(facts.join(" · "));
        Ok(())
    }

    /// The end of a reply that is not.
    pub(crate) fn broken(&mut self) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        self.begin(&mut out, Section::Nothing)?;
        out.flush()
    }

    fn begin(&mut self, out: &mut impl io::Write, section: Section) -> io::Result<()> {
        if self.section != section && self.section != Section::Nothing {
            writeln!(out)?;
        }
        self.section = section;
        Ok(())
    }

    fn other(&mut self, out: &mut impl io::Write, event: &StreamEvent) -> io::Result<()> {
        self.begin(out, Section::Nothing)?;
        writeln!(out, "{DIM}{}{DIM:#}", printable(&json::event(event).to_string()))
    }
}

/// Text from elsewhere must not steer the terminal: on one, control characters become visible.
fn printable(text: &str) -> String {
    if !io::stdout().is_terminal() {
        return text.to_owned();
    }
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            // The control pictures of Unicode stand in the order of ASCII.
            '\0'..'\x20' => {
                char::from_u32(0x2400 + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ if character.is_control() => char::REPLACEMENT_CHARACTER,
            _ => character,
        })
        .collect()
}
