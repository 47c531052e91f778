//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Asks Amazon Bedrock through a WebAssembly component and prints the reply as it arrives.
///
/// Without --live or --endpoint it asks a fake Bedrock that it starts itself, and needs no credentials.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) ask: Ask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a fake Bedrock, for any AWS SDK to be pointed at
    Fake(FakeServer),
}

#[derive(Args, Debug)]
pub(crate) struct FakeServer {
    /// The port on 127.0.0.1; 0 is any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The region that requests must be signed for
    #[arg(long, default_value = "us-east-1")]
    pub(crate) region: String,
    /// How long to pause between the events of a reply, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(crate) pace: u64,
    /// How far its clock is ahead, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) clock_offset: i64,
}

#[derive(Args, Debug)]
pub(crate) struct Ask {
    /// What to ask; without it, a scripted conversation
    pub(crate) prompt: Option<String>,
    /// Asks the real Bedrock, with credentials from the environment
    #[arg(long, requires = "model", requires = "prompt")]
    pub(crate) live: bool,
    /// Asks the Bedrock at this URL, with credentials from the environment
    #[arg(long, value_name = "URL", requires = "model", requires = "prompt")]
    pub(crate) endpoint: Option<String>,
    /// A model id, an inference profile or an ARN; for the fake, fake. and a scenario
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// The AWS Region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// The most tokens to generate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,
    /// Sends an image along; may be given more than once
    #[arg(long = "image", value_name = "FILE", requires = "prompt")]
    pub(crate) images: Vec<PathBuf>,
    /// Sends a document along; may be given more than once
    #[arg(long = "document", value_name = "FILE", requires = "prompt")]
    pub(crate) documents: Vec<PathBuf>,
    /// Lets the model call a tool: a file with a toolSpec, as AWS writes it; may be given more than once
    #[arg(long = "tool", value_name = "FILE", requires = "prompt")]
    pub(crate) tools: Vec<PathBuf>,
    /// Lets the model think for so many tokens (a thinking budget, as Claude has it)
    #[arg(long, value_name = "TOKENS")]
    pub(crate) thinking: Option<u32>,
    /// Applies a guardrail, and shows what it did
    #[arg(long, value_name = "ID:VERSION")]
    pub(crate) guardrail: Option<String>,
    /// Waits for the whole reply instead of streaming it
    #[arg(long)]
    pub(crate) whole: bool,
    /// Prints one event a line, as AWS writes it
    #[arg(long)]
    pub(crate) json: bool,
}

impl Ask {
    /// Whether somebody else's Bedrock is asked.
    pub(crate) fn is_remote(&self) -> bool {
        self.live || self.endpoint.is_some()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
