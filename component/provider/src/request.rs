//! The request: its path and its body.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::bindings::types::{
    CachePointBlock, CachePointType, CacheTtl, ContentBlock, ConverseRequest, InferenceConfiguration,
    InvalidRequest, Message, OutputConfiguration, PerformanceLatency, ReasoningContentBlock, Role,
    ServiceTier, SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolResultBlock,
    ToolResultContentBlock, ToolResultStatus, ToolSpecification, ToolUseBlock, ToolUseType, UnknownMember,
};
use crate::json::{Json, Path, Writer};

/// What is encoded in a segment of the path: all but RFC 3986's unreserved characters, slashes too.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What AWS allows as a model id, in bytes.
const MODEL_ID_MAXIMUM: usize = 2048;

type Result<T = (), E = InvalidRequest> = core::result::Result<T, E>;

/// The operation's path: what comes after the endpoint's own.
pub(crate) fn path(model_id: &str) -> Result<String> {
    let refuse = |reason: &str| Err(invalid(&Path::Root.member("modelId"), reason));

    if model_id.is_empty() {
        return refuse("must not be empty");
    }
    if model_id.len() > MODEL_ID_MAXIMUM {
        return refuse("must not be longer than 2048 bytes");
    }
    if model_id.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    if matches!(model_id, "." | "..") {
        // In a path these mean a step, and whatever is on the way may take it.
        return refuse("must not be a dot segment");
    }
    let mut path = String::from("/model/");
    path.extend(utf8_percent_encode(model_id, RESERVED));
    path.push_str("/converse-stream");
    Ok(path)
}

/// The body: AWS's `ConverseStreamRequest` in JSON, but for the model id.
pub(crate) fn body(request: &ConverseRequest) -> Result<Vec<u8>> {
    let at = Path::Root;
    let json = &mut Writer::with_capacity(expected_size(request));
    json.begin_object();
    if !request.messages.is_empty() {
        list(json, &at, "messages", &request.messages, message)?;
    }
    if !request.system.is_empty() {
        list(json, &at, "system", &request.system, system_content_block)?;
    }
    if let Some(config) = &request.inference_config {
        inference_config(json, &at.member("inferenceConfig"), config)?;
    }
    if let Some(config) = &request.tool_config {
        tool_config(json, &at.member("toolConfig"), config)?;
    }
    if request.guardrail_config.is_some() {
        return Err(unmapped(&at.member("guardrailConfig")));
    }
    if let Some(fields) = &request.additional_model_request_fields {
        document(json, &at, "additionalModelRequestFields", fields)?;
    }
    let variables = &request.prompt_variables;
    if !variables.is_empty() {
        json.name("promptVariables");
        json.begin_object();
        for (position, variable) in variables.iter().enumerate() {
            let earlier = variables.iter().take(position).map(|earlier| &earlier.name);
            own_name(json, &at.member("promptVariables"), &variable.name, earlier)?;
            json.begin_object();
            member(json, "text", &variable.text);
            json.end_object();
        }
        json.end_object();
    }
    if !request.additional_model_response_field_paths.is_empty() {
        let name = "additionalModelResponseFieldPaths";
        list(json, &at, name, &request.additional_model_response_field_paths, |json, at, path| {
            nonempty_string(json, at, path)
        })?;
    }
    let entries = &request.request_metadata;
    if !entries.is_empty() {
        json.name("requestMetadata");
        json.begin_object();
        for (position, entry) in entries.iter().enumerate() {
            let earlier = entries.iter().take(position).map(|earlier| &earlier.key);
            own_name(json, &at.member("requestMetadata"), &entry.key, earlier)?;
            json.string(&entry.value);
        }
        json.end_object();
    }
    if let Some(latency) = &request.performance_latency {
        json.name("performanceConfig");
        json.begin_object();
        member(json, "latency", performance_latency(latency));
        json.end_object();
    }
    if let Some(tier) = &request.service_tier {
        json.name("serviceTier");
        json.begin_object();
        member(json, "type", service_tier(tier));
        json.end_object();
    }
    if let Some(config) = &request.output_config {
        output_config(json, config);
    }
    let given = [
        // In the path.
        ("modelId", true),
        ("messages", !request.messages.is_empty()),
        ("system", !request.system.is_empty()),
        ("inferenceConfig", request.inference_config.is_some()),
        ("toolConfig", request.tool_config.is_some()),
        ("additionalModelRequestFields", request.additional_model_request_fields.is_some()),
        ("promptVariables", !request.prompt_variables.is_empty()),
        ("additionalModelResponseFieldPaths", !request.additional_model_response_field_paths.is_empty()),
        ("requestMetadata", !request.request_metadata.is_empty()),
        ("performanceConfig", request.performance_latency.is_some()),
        ("serviceTier", request.service_tier.is_some()),
        ("outputConfig", request.output_config.is_some()),
    ];
    extra(json, &at, request.extra.as_deref(), &given)?;
    json.end_object();
    Ok(core::mem::take(json).into_bytes())
}

/// About how long the body will be: a writer that grows into a long one needs up to three times its memory.
fn expected_size(request: &ConverseRequest) -> usize {
    let result = |block: &ToolResultContentBlock| match block {
        ToolResultContentBlock::Json(text) | ToolResultContentBlock::Text(text) => text.len(),
        _ => 0,
    };
    let block = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.len(),
        ContentBlock::ToolResult(block) => block.content.iter().map(result).sum(),
        _ => 0,
    };
    let message = |message: &Message| message.content.iter().map(block).sum::<usize>();
    let text = request.messages.iter().map(message).sum::<usize>();
    // Line ends and quotes become longer by one.
    text + text / 16 + 1_024
}

/// Merges the object `members`, if there is one, into the object that is being written and has the members `given`.
fn extra(json: &mut Writer, at: &Path<'_>, members: Option<&str>, given: &[(&str, bool)]) -> Result {
    let Some(members) = members else { return Ok(()) };
    let at = at.member("extra");
    let members = Json::parse(members).map_err(|problem| invalid(&at, problem))?;
    if !members.is_object() {
        return Err(invalid(&at, "must be a JSON object"));
    }
    let members = members.object().ok_or_else(|| invalid(&at, "must not have more than 1000 members"))?;
    for (name, given) in given {
        if *given && members.names().any(|other| other == *name) {
            return Err(invalid(&at.member(name), "is given as a member of its own too"));
        }
    }
    for (name, value) in members.into_members() {
        json.name(&name);
        json.raw(value.text());
    }
    Ok(())
}

fn message(json: &mut Writer, at: &Path<'_>, message: &Message) -> Result {
    json.begin_object();
    member(json, "role", role(&message.role));
    list(json, at, "content", &message.content, content_block)?;
    json.end_object();
    Ok(())
}

fn content_block(json: &mut Writer, at: &Path<'_>, block: &ContentBlock) -> Result {
    json.begin_object();
    match block {
        ContentBlock::Text(text) => member(json, "text", text),
        ContentBlock::ToolUse(block) => tool_use(json, &at.member("toolUse"), block)?,
        ContentBlock::IncompleteToolUse(_) => {
            return Err(invalid(
                &at.member("toolUse").member("input"),
                "is incomplete: it broke off before it was JSON",
            ));
        }
        ContentBlock::ToolResult(block) => tool_result(json, &at.member("toolResult"), block)?,
        ContentBlock::CachePoint(block) => cache_point(json, block),
        ContentBlock::ReasoningContent(block) => {
            reasoning_content(json, &at.member("reasoningContent"), block)?;
        }
        ContentBlock::Unknown(block) => unknown(json, at, block)?,
        ContentBlock::Image(_) => return Err(unmapped(&at.member("image"))),
        ContentBlock::Document(_) => return Err(unmapped(&at.member("document"))),
        ContentBlock::Video(_) => return Err(unmapped(&at.member("video"))),
        ContentBlock::Audio(_) => return Err(unmapped(&at.member("audio"))),
        ContentBlock::GuardContent(_) => return Err(unmapped(&at.member("guardContent"))),
        ContentBlock::CitationsContent(_) => return Err(unmapped(&at.member("citationsContent"))),
        ContentBlock::SearchResult(_) => return Err(unmapped(&at.member("searchResult"))),
        ContentBlock::ToolAddition(_) => return Err(unmapped(&at.member("toolAddition"))),
        ContentBlock::ToolRemoval(_) => return Err(unmapped(&at.member("toolRemoval"))),
    }
    json.end_object();
    Ok(())
}

fn system_content_block(json: &mut Writer, at: &Path<'_>, block: &SystemContentBlock) -> Result {
    json.begin_object();
    match block {
        SystemContentBlock::Text(text) => nonempty_member(json, at, "text", text)?,
        SystemContentBlock::CachePoint(block) => cache_point(json, block),
        SystemContentBlock::Unknown(block) => unknown(json, at, block)?,
        SystemContentBlock::GuardContent(_) => return Err(unmapped(&at.member("guardContent"))),
    }
    json.end_object();
    Ok(())
}

fn tool_use(json: &mut Writer, at: &Path<'_>, block: &ToolUseBlock) -> Result {
    json.name("toolUse");
    json.begin_object();
    nonempty_member(json, at, "toolUseId", &block.tool_use_id)?;
    nonempty_member(json, at, "name", &block.name)?;
    document(json, at, "input", &block.input)?;
    if let Some(kind) = &block.type_ {
        member(json, "type", tool_use_type(kind));
    }
    let given = [("toolUseId", true), ("name", true), ("input", true), ("type", block.type_.is_some())];
    extra(json, at, block.extra.as_deref(), &given)?;
    json.end_object();
    Ok(())
}

fn tool_result(json: &mut Writer, at: &Path<'_>, block: &ToolResultBlock) -> Result {
    json.name("toolResult");
    json.begin_object();
    nonempty_member(json, at, "toolUseId", &block.tool_use_id)?;
    list(json, at, "content", &block.content, tool_result_content_block)?;
    if let Some(status) = &block.status {
        member(json, "status", tool_result_status(status));
    }
    if let Some(kind) = &block.type_ {
        member(json, "type", kind);
    }
    let given = [
        ("toolUseId", true),
        ("content", true),
        ("status", block.status.is_some()),
        ("type", block.type_.is_some()),
    ];
    extra(json, at, block.extra.as_deref(), &given)?;
    json.end_object();
    Ok(())
}

fn tool_result_content_block(json: &mut Writer, at: &Path<'_>, block: &ToolResultContentBlock) -> Result {
    json.begin_object();
    match block {
        ToolResultContentBlock::Json(value) => document(json, at, "json", value)?,
        ToolResultContentBlock::Text(text) => member(json, "text", text),
        ToolResultContentBlock::Unknown(block) => unknown(json, at, block)?,
        ToolResultContentBlock::Image(_) => return Err(unmapped(&at.member("image"))),
        ToolResultContentBlock::Document(_) => return Err(unmapped(&at.member("document"))),
        ToolResultContentBlock::Video(_) => return Err(unmapped(&at.member("video"))),
        ToolResultContentBlock::SearchResult(_) => return Err(unmapped(&at.member("searchResult"))),
    }
    json.end_object();
    Ok(())
}

fn cache_point(json: &mut Writer, block: &CachePointBlock) {
    json.name("cachePoint");
    json.begin_object();
    member(
        json,
        "type",
        match &block.type_ {
            CachePointType::Default => "default",
            CachePointType::Other(other) => other,
        },
    );
    if let Some(ttl) = &block.ttl {
        member(
            json,
            "ttl",
            match ttl {
                CacheTtl::FiveMinutes => "5m",
                CacheTtl::OneHour => "1h",
                CacheTtl::Other(other) => other,
            },
        );
    }
    json.end_object();
}

fn reasoning_content(json: &mut Writer, at: &Path<'_>, block: &ReasoningContentBlock) -> Result {
    json.name("reasoningContent");
    json.begin_object();
    match block {
        ReasoningContentBlock::ReasoningText(block) => {
            json.name("reasoningText");
            json.begin_object();
            member(json, "text", &block.text);
            if let Some(signature) = &block.signature {
                member(json, "signature", signature);
            }
            let given = [("text", true), ("signature", block.signature.is_some())];
            extra(json, &at.member("reasoningText"), block.extra.as_deref(), &given)?;
            json.end_object();
        }
        ReasoningContentBlock::RedactedContent(bytes) => {
            json.name("redactedContent");
            json.base64(bytes);
        }
        ReasoningContentBlock::Unknown(block) => unknown(json, at, block)?,
    }
    json.end_object();
    Ok(())
}

fn inference_config(json: &mut Writer, at: &Path<'_>, config: &InferenceConfiguration) -> Result {
    json.name("inferenceConfig");
    json.begin_object();
    if let Some(tokens) = config.max_tokens {
        if tokens == 0 {
            return Err(invalid(&at.member("maxTokens"), "must be at least 1"));
        }
        json.name("maxTokens");
        json.unsigned(tokens);
    }
    for (name, value) in [("temperature", config.temperature), ("topP", config.top_p)] {
        let Some(value) = value else { continue };
        if !value.is_finite() || value < 0.0 {
            return Err(invalid(&at.member(name), "must be a number of at least 0"));
        }
        json.name(name);
        json.float(value);
    }
    if !config.stop_sequences.is_empty() {
        list(json, at, "stopSequences", &config.stop_sequences, |json, at, sequence| {
            nonempty_string(json, at, sequence)
        })?;
    }
    json.end_object();
    Ok(())
}

fn tool_config(json: &mut Writer, at: &Path<'_>, config: &ToolConfiguration) -> Result {
    json.name("toolConfig");
    json.begin_object();
    if config.tools.is_empty() {
        return Err(invalid(&at.member("tools"), "must hold at least one tool"));
    }
    list(json, at, "tools", &config.tools, tool)?;
    if let Some(choice) = &config.tool_choice {
        tool_choice(json, &at.member("toolChoice"), choice)?;
    }
    json.end_object();
    Ok(())
}

fn tool(json: &mut Writer, at: &Path<'_>, tool: &Tool) -> Result {
    json.begin_object();
    match tool {
        Tool::ToolSpec(specification) => tool_specification(json, &at.member("toolSpec"), specification)?,
        Tool::SystemTool(name) => named(json, at, "systemTool", name)?,
        Tool::CachePoint(block) => cache_point(json, block),
        Tool::Unknown(tool) => unknown(json, at, tool)?,
    }
    json.end_object();
    Ok(())
}

fn tool_specification(json: &mut Writer, at: &Path<'_>, tool: &ToolSpecification) -> Result {
    json.name("toolSpec");
    json.begin_object();
    nonempty_member(json, at, "name", &tool.name)?;
    if let Some(description) = &tool.description {
        nonempty_member(json, at, "description", description)?;
    }
    json.name("inputSchema");
    json.begin_object();
    document(json, &at.member("inputSchema"), "json", &tool.input_schema)?;
    json.end_object();
    if let Some(strict) = tool.strict {
        json.name("strict");
        json.boolean(strict);
    }
    json.end_object();
    Ok(())
}

fn tool_choice(json: &mut Writer, at: &Path<'_>, choice: &ToolChoice) -> Result {
    json.name("toolChoice");
    json.begin_object();
    match choice {
        ToolChoice::Auto => {
            json.name("auto");
            json.raw("{}");
        }
        ToolChoice::Any => {
            json.name("any");
            json.raw("{}");
        }
        ToolChoice::Tool(name) => named(json, at, "tool", name)?,
        ToolChoice::Unknown(choice) => unknown(json, at, choice)?,
    }
    json.end_object();
    Ok(())
}

fn output_config(json: &mut Writer, config: &OutputConfiguration) {
    json.name("outputConfig");
    json.begin_object();
    if let Some(schema) = &config.json_schema {
        json.name("textFormat");
        json.begin_object();
        member(json, "type", "json_schema");
        json.name("structure");
        json.begin_object();
        json.name("jsonSchema");
        json.begin_object();
        member(json, "schema", &schema.schema);
        if let Some(name) = &schema.name {
            member(json, "name", name);
        }
        if let Some(description) = &schema.description {
            member(json, "description", description);
        }
        json.end_object();
        json.end_object();
        json.end_object();
    }
    if let Some(effort) = &config.effort {
        member(json, "effort", effort);
    }
    json.end_object();
}

fn role(role: &Role) -> &str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Other(other) => other,
    }
}

fn tool_use_type(kind: &ToolUseType) -> &str {
    match kind {
        ToolUseType::ServerToolUse => "server_tool_use",
        ToolUseType::Other(other) => other,
    }
}

fn tool_result_status(status: &ToolResultStatus) -> &str {
    match status {
        ToolResultStatus::Success => "success",
        ToolResultStatus::Error => "error",
        ToolResultStatus::Other(other) => other,
    }
}

fn performance_latency(latency: &PerformanceLatency) -> &str {
    match latency {
        PerformanceLatency::Standard => "standard",
        PerformanceLatency::Optimized => "optimized",
        PerformanceLatency::Other(other) => other,
    }
}

fn service_tier(tier: &ServiceTier) -> &str {
    match tier {
        ServiceTier::Priority => "priority",
        ServiceTier::Default => "default",
        ServiceTier::Flex => "flex",
        ServiceTier::Reserved => "reserved",
        ServiceTier::Other(other) => other,
    }
}

fn member(json: &mut Writer, name: &str, text: &str) {
    json.name(name);
    json.string(text);
}

/// A string to which AWS's model gives a minimum length of 1.
fn nonempty_member(json: &mut Writer, at: &Path<'_>, name: &str, text: &str) -> Result {
    json.name(name);
    nonempty_string(json, &at.member(name), text)
}

fn nonempty_string(json: &mut Writer, at: &Path<'_>, text: &str) -> Result {
    if text.is_empty() {
        return Err(invalid(at, "must not be empty"));
    }
    json.string(text);
    Ok(())
}

/// A structure that holds a name and nothing else.
fn named(json: &mut Writer, at: &Path<'_>, structure: &str, name: &str) -> Result {
    json.name(structure);
    json.begin_object();
    nonempty_member(json, &at.member(structure), "name", name)?;
    json.end_object();
    Ok(())
}

/// A member that the caller gives as JSON.
fn document(json: &mut Writer, at: &Path<'_>, name: &str, text: &str) -> Result {
    let value = Json::parse(text).map_err(|problem| invalid(&at.member(name), problem))?;
    json.name(name);
    json.raw(value.text());
    Ok(())
}

/// What the caller knows and this version does not.
fn unknown(json: &mut Writer, at: &Path<'_>, unknown: &UnknownMember) -> Result {
    document(json, at, &unknown.name, &unknown.value)
}

fn list<T>(
    json: &mut Writer,
    at: &Path<'_>,
    name: &str,
    items: &[T],
    mut item: impl FnMut(&mut Writer, &Path<'_>, &T) -> Result,
) -> Result {
    let at = at.member(name);
    json.name(name);
    json.begin_array();
    for (index, value) in items.iter().enumerate() {
        item(json, &at.item(index), value)?;
    }
    json.end_array();
    Ok(())
}

/// The name of a member that the caller chose. JSON cannot have two of them.
fn own_name<'a>(
    json: &mut Writer,
    at: &Path<'_>,
    name: &str,
    mut earlier: impl Iterator<Item = &'a String>,
) -> Result {
    if earlier.any(|other| other == name) {
        return Err(invalid(&at.member(name), "is given twice"));
    }
    json.name(name);
    Ok(())
}

fn invalid(at: &Path<'_>, reason: impl Into<String>) -> InvalidRequest {
    InvalidRequest { path: at.to_string(), reason: reason.into() }
}

fn unmapped(at: &Path<'_>) -> InvalidRequest {
    invalid(at, "is not supported by this version of the component")
}

#[cfg(test)]
mod tests;
