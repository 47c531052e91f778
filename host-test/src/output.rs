//! The standard streams: a terminal gets colours and nothing that steers it, a file or a pipe all as it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

const DIM: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// One of the standard streams.
pub(crate) struct Output {
    out: Box<dyn Write>,
    is_terminal: bool,
    is_styled: bool,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        let is_styled = AutoStream::choice(&stdout) != ColorChoice::Never;
        let is_terminal = stdout.is_terminal();
        // (`anstream` would take what looks like a style out of the text too.)
        let out: Box<dyn Write> =
            if is_styled { Box::new(anstream::stdout().lock()) } else { Box::new(stdout.lock()) };
        Self { out, is_terminal, is_styled }
    }

    fn stderr() -> Self {
        let stderr = io::stderr();
        let is_styled = AutoStream::choice(&stderr) != ColorChoice::Never;
        let is_terminal = stderr.is_terminal();
        let out: Box<dyn Write> =
            if is_styled { Box::new(anstream::stderr().lock()) } else { Box::new(stderr.lock()) };
        Self { out, is_terminal, is_styled }
    }

    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        let text = if self.is_terminal { printable(text) } else { text.into() };
        self.out.write_all(text.as_bytes())
    }

    pub(crate) fn styled(&mut self, style: Style, text: &str) -> io::Result<()> {
        if !self.is_styled {
            return self.text(text);
        }
        write!(self.out, "{style}")?;
        self.text(text)?;
        write!(self.out, "{style:#}")
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Says something beside the reply, on standard error. (If that fails, there is nowhere to say so.)
pub(crate) fn note(text: &str) {
    let mut err = Output::stderr();
    let _ = err.styled(DIM, text).and_then(|()| err.text("\n"));
}

/// Says what went wrong, on standard error.
pub(crate) fn error(text: &str) {
    let mut err = Output::stderr();
    let _ = err.styled(ERROR, "error").and_then(|()| err.text(": ")).and_then(|()| err.text(text));
    let _ = err.text("\n");
}

/// The text with signs for the characters that control a terminal.
fn printable(text: &str) -> Cow<'_, str> {
    let controls = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if !text.contains(controls) {
        return text.into();
    }
    let sign = |character| match character {
        // The control pictures of Unicode stand in the order of ASCII.
        '\0'..'\x20' if controls(character) => char::from_u32(0x2400 + u32::from(character)),
        '\x7F' => Some('\u{2421}'),
        _ if controls(character) => None,
        _ => Some(character),
    };
    text.chars().map(|character| sign(character).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        for (text, shown) in [
            ("plain\n\té☃", "plain\n\té☃"),
            ("\x1b]0;x\x07", "␛]0;x␇"),
            ("\r\x08\x7f\u{9b}1m", "␍␈␡\u{FFFD}1m"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
