//! The request: its path and its body.

mod constraints;
mod content;
mod writer;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_endpoint::Wanted;
use bedrock_sigv4::push_uri;

use self::constraints::{
    EFFORT, GUARDRAIL_IDENTIFIER, GUARDRAIL_VERSION, METADATA_KEY, METADATA_VALUE, MODEL_ID, NON_EMPTY,
    RESPONSE_FIELD_PATH, TOOL_NAME,
};
use self::writer::{BodyWriter, MAX_FINDINGS};
use crate::bindings::converse::{Finding, Operation};
use crate::bindings::types::{
    ContentBlock, ConverseRequest, DocumentBlock, DocumentSource, GuardrailConfiguration, ImageBlock,
    InferenceConfiguration, InvalidRequest, MediaSource, Message, OutputConfiguration, Tool, ToolChoice,
    ToolConfiguration, ToolResultContentBlock, ToolSpecification, VideoBlock,
};
use crate::json::Path;

/// What AWS allows as a model id, in bytes.
const MODEL_ID_MAXIMUM: usize = 2048;

/// The operation's path: what comes after the endpoint's own.
pub(crate) fn path(model_id: &str, operation: Operation) -> Result<String, InvalidRequest> {
    if let Some(reason) = unusable(model_id) {
        return Err(InvalidRequest { path: Path::Root.member("modelId").to_string(), reason: reason.into() });
    }
    let mut path = String::from("/model/");
    push_uri(&mut path, model_id, false);
    path.push_str(match operation {
        Operation::ConverseStream => "/converse-stream",
        Operation::Converse => "/converse",
    });
    Ok(path)
}

/// Why a model id cannot be in a path.
fn unusable(model_id: &str) -> Option<&'static str> {
    if model_id.is_empty() {
        return Some("must not be empty");
    }
    if model_id.len() > MODEL_ID_MAXIMUM {
        return Some("must not be longer than 2048 bytes");
    }
    if model_id.chars().any(char::is_control) {
        return Some("must not hold control characters");
    }
    // In a path these mean a step, and whatever is on the way may take it.
    matches!(model_id, "." | "..").then_some("must not be a dot segment")
}

/// The body: AWS's `ConverseStreamRequest`, or `ConverseRequest`, in JSON, but for the model id.
pub(crate) fn body(request: &ConverseRequest, operation: Operation) -> Result<Vec<u8>, InvalidRequest> {
    let writer = write(request, operation, false);
    match writer.findings.into_iter().next() {
        Some(Finding { path, reason, .. }) => Err(InvalidRequest { path, reason }),
        None => Ok(writer.json.into_bytes()),
    }
}

/// All that AWS's model has against a request.
pub(crate) fn check(request: &ConverseRequest) -> Vec<Finding> {
    let mut model_id = BodyWriter::new(0, true);
    let at = Path::Root.member("modelId");
    let wanted = Wanted { model_id: &request.model_id, ..Wanted::default() };
    match (unusable(&request.model_id), bedrock_endpoint::resolve(&wanted)) {
        (Some(reason), _) => model_id.refuse(&at, reason),
        (None, Err(error)) => model_id.refuse(&at, error.reason),
        (None, Ok(_)) => model_id.hold(&at, &request.model_id, &MODEL_ID),
    }
    let mut findings = model_id.findings;
    findings.extend(write(request, Operation::ConverseStream, true).findings);
    findings.truncate(MAX_FINDINGS);
    findings
}

fn write(request: &ConverseRequest, operation: Operation, thorough: bool) -> BodyWriter {
    let at = &Path::Root;
    let mut to = BodyWriter::new(expected_size(request), thorough);
    let begin = to.json.begin_object();
    if !request.messages.is_empty() {
        to.list(at, "messages", &request.messages, content::message);
    }
    if !request.system.is_empty() {
        to.list(at, "system", &request.system, content::system_content_block);
    }
    if let Some(config) = &request.inference_config {
        inference_config(&mut to, &at.member("inferenceConfig"), config);
    }
    if let Some(config) = &request.tool_config {
        tool_config(&mut to, &at.member("toolConfig"), config);
    }
    if let Some(config) = &request.guardrail_config {
        guardrail_config(&mut to, &at.member("guardrailConfig"), config, operation);
    }
    if let Some(fields) = &request.additional_model_request_fields {
        to.document(at, "additionalModelRequestFields", fields);
    }
    maps_and_paths(&mut to, request);
    if let Some(latency) = &request.performance_latency {
        to.open("performanceConfig");
        to.value(&at.member("performanceConfig"), "latency", latency);
        to.close();
    }
    if let Some(tier) = &request.service_tier {
        to.open("serviceTier");
        to.value(&at.member("serviceTier"), "type", tier);
        to.close();
    }
    if let Some(config) = &request.output_config {
        output_config(&mut to, &at.member("outputConfig"), config);
    }
    to.extra(at, begin, request.extra.as_deref(), Some("modelId"));
    to.close();
    to
}

/// The members whose own members, or items, are free text.
fn maps_and_paths(to: &mut BodyWriter, request: &ConverseRequest) {
    let variables = &request.prompt_variables;
    if !variables.is_empty() {
        let at = Path::Root.member("promptVariables");
        to.open("promptVariables");
        for (position, variable) in variables.iter().enumerate() {
            let earlier = variables.iter().take(position).map(|earlier| &earlier.name);
            to.own_name(&at, &variable.name, earlier);
            to.json.begin_object();
            to.text("text", &variable.text);
            to.close();
        }
        to.close();
    }
    let paths = &request.additional_model_response_field_paths;
    if !paths.is_empty() {
        let name = "additionalModelResponseFieldPaths";
        to.hold_count(&Path::Root.member(name), paths.len(), 10);
        to.list(&Path::Root, name, paths, |to, at, path| {
            to.hold(at, path, &RESPONSE_FIELD_PATH);
            to.json.string(path);
        });
    }
    let entries = &request.request_metadata;
    if !entries.is_empty() {
        let at = Path::Root.member("requestMetadata");
        to.hold_count(&at, entries.len(), 16);
        to.open("requestMetadata");
        for (position, entry) in entries.iter().enumerate() {
            let earlier = entries.iter().take(position).map(|earlier| &earlier.key);
            to.own_name(&at, &entry.key, earlier);
            to.json.string(&entry.value);
            let at = at.member(&entry.key);
            to.hold(&at, &entry.key, &METADATA_KEY);
            to.hold(&at, &entry.value, &METADATA_VALUE);
        }
        to.close();
    }
}

/// About how long the body will be: a writer that grows into a long one needs up to three times its memory.
fn expected_size(request: &ConverseRequest) -> usize {
    let media = |source: &MediaSource| match source {
        MediaSource::Bytes(bytes) => bytes.len() / 3 * 4,
        _ => 0,
    };
    let document = |block: &DocumentBlock| match &block.source {
        DocumentSource::Bytes(bytes) => bytes.len() / 3 * 4,
        DocumentSource::Text(text) => text.len(),
        DocumentSource::Content(texts) => texts.iter().map(String::len).sum(),
        _ => 0,
    };
    let result = |block: &ToolResultContentBlock| match block {
        ToolResultContentBlock::Json(text) | ToolResultContentBlock::Text(text) => text.len(),
        ToolResultContentBlock::Image(ImageBlock { source, .. })
        | ToolResultContentBlock::Video(VideoBlock { source, .. }) => media(source),
        ToolResultContentBlock::Document(block) => document(block),
        _ => 0,
    };
    let block = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.len(),
        ContentBlock::Image(ImageBlock { source, .. }) | ContentBlock::Video(VideoBlock { source, .. }) => {
            media(source)
        }
        ContentBlock::Audio(block) => media(&block.source),
        ContentBlock::Document(block) => document(block),
        ContentBlock::ToolResult(block) => block.content.iter().map(result).sum(),
        _ => 0,
    };
    let message = |message: &Message| message.content.iter().map(block).sum::<usize>();
    let text = request.messages.iter().map(message).sum::<usize>();
    // Line ends and quotes become longer by one.
    text + text / 16 + 1_024
}

fn inference_config(to: &mut BodyWriter, at: &Path<'_>, config: &InferenceConfiguration) {
    to.open("inferenceConfig");
    if config.max_tokens == Some(0) {
        to.refuse(&at.member("maxTokens"), "must be at least 1");
    }
    to.unsigned_if("maxTokens", config.max_tokens);
    to.fraction(at, "temperature", config.temperature);
    to.fraction(at, "topP", config.top_p);
    let sequences = &config.stop_sequences;
    if !sequences.is_empty() {
        to.hold_count(&at.member("stopSequences"), sequences.len(), 2500);
        to.list(at, "stopSequences", sequences, |to, at, sequence| {
            to.hold(at, sequence, &NON_EMPTY);
            to.json.string(sequence);
        });
    }
    to.close();
}

fn tool_config(to: &mut BodyWriter, at: &Path<'_>, config: &ToolConfiguration) {
    to.open("toolConfig");
    if config.tools.is_empty() {
        to.refuse(&at.member("tools"), "must hold at least one tool");
    }
    to.list(at, "tools", &config.tools, tool);
    if let Some(choice) = &config.tool_choice {
        tool_choice(to, &at.member("toolChoice"), choice);
    }
    to.close();
}

fn tool(to: &mut BodyWriter, at: &Path<'_>, tool: &Tool) {
    to.json.begin_object();
    match tool {
        Tool::ToolSpec(specification) => tool_specification(to, &at.member("toolSpec"), specification),
        Tool::SystemTool(name) => named_tool(to, &at.member("systemTool"), "systemTool", name),
        Tool::CachePoint(block) => content::cache_point(to, at, block),
        Tool::Unknown(tool) => to.unknown(at, tool),
    }
    to.close();
}

fn tool_specification(to: &mut BodyWriter, at: &Path<'_>, tool: &ToolSpecification) {
    to.open("toolSpec");
    to.constrained(at, "name", &tool.name, &TOOL_NAME);
    to.constrained_if(at, "description", tool.description.as_deref(), &NON_EMPTY);
    to.open("inputSchema");
    to.document(&at.member("inputSchema"), "json", &tool.input_schema);
    to.close();
    to.boolean_if("strict", tool.strict);
    to.close();
}

fn tool_choice(to: &mut BodyWriter, at: &Path<'_>, choice: &ToolChoice) {
    to.open("toolChoice");
    match choice {
        ToolChoice::Auto | ToolChoice::Any => {
            to.open(if matches!(choice, ToolChoice::Auto) { "auto" } else { "any" });
            to.close();
        }
        ToolChoice::Tool(name) => named_tool(to, &at.member("tool"), "tool", name),
        ToolChoice::Unknown(choice) => to.unknown(at, choice),
    }
    to.close();
}

/// A structure that holds the name of a tool and nothing else.
fn named_tool(to: &mut BodyWriter, at: &Path<'_>, structure: &str, name: &str) {
    to.open(structure);
    to.constrained(at, "name", name, &TOOL_NAME);
    to.close();
}

fn guardrail_config(
    to: &mut BodyWriter,
    at: &Path<'_>,
    config: &GuardrailConfiguration,
    operation: Operation,
) {
    let identifier = config.guardrail_identifier.as_deref();
    to.open("guardrailConfig");
    to.constrained_if(at, "guardrailIdentifier", identifier, &GUARDRAIL_IDENTIFIER);
    to.constrained_if(at, "guardrailVersion", config.guardrail_version.as_deref(), &GUARDRAIL_VERSION);
    to.value_if(at, "trace", config.trace.as_ref());
    if operation == Operation::ConverseStream {
        to.value_if(at, "streamProcessingMode", config.stream_processing_mode.as_ref());
    }
    to.close();
}

fn output_config(to: &mut BodyWriter, at: &Path<'_>, config: &OutputConfiguration) {
    to.open("outputConfig");
    if let Some(schema) = &config.json_schema {
        to.open("textFormat");
        to.text("type", "json_schema");
        to.open("structure");
        to.open("jsonSchema");
        to.text("schema", &schema.schema);
        to.text_if("name", schema.name.as_deref());
        to.text_if("description", schema.description.as_deref());
        to.close();
        to.close();
        to.close();
    }
    to.constrained_if(at, "effort", config.effort.as_deref(), &EFFORT);
    to.close();
}

/// One that says nothing.
#[cfg(any(test, fuzzing))]
pub(crate) fn empty() -> ConverseRequest {
    ConverseRequest {
        model_id: "m".into(),
        messages: Vec::new(),
        system: Vec::new(),
        inference_config: None,
        tool_config: None,
        guardrail_config: None,
        additional_model_request_fields: None,
        prompt_variables: Vec::new(),
        additional_model_response_field_paths: Vec::new(),
        request_metadata: Vec::new(),
        performance_latency: None,
        service_tier: None,
        output_config: None,
        extra: None,
    }
}

#[cfg(test)]
mod tests;
