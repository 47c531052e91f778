//! Requests, read.

mod content_block;
mod structure;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::content_block::{cache_point, content_block, guard_content};
use self::structure::{Result, boolean, float, integer, list, map, name, only, structure, text, union};
use crate::types::{
    ConverseRequest, GuardrailConfiguration, InferenceConfiguration, JsonSchemaDefinition, Message,
    MetadataEntry, OutputConfiguration, PromptVariable, SystemContentBlock, Tool, ToolChoice,
    ToolConfiguration, ToolSpecification,
};

pub use self::structure::InvalidBody;

/// Reads the body of a `Converse` or `ConverseStream` request, as AWS has it on the wire: blobs are base64.
///
/// The component writes what was read as it was, but for what the contract takes for absent: of the members that AWS
/// does not require those that are `null` or an empty list or map, and an empty `performanceConfig`. Documents keep
/// their digits and the order of their members; the fractions in `inferenceConfig` have 32 bits, as AWS's have.
///
/// What this version does not know is kept where the contract has a place for it: members in `extra`, members of
/// unions in `unknown`, values of enumerations in `other`. If something in a member of a union has no such place, is
/// missing, or is of another type than in AWS's model, then that member as a whole is `unknown`.
///
/// # Errors
///
/// Something that is in no union has no place in the contract, is missing, or is of another type: `messages` is no
/// array, or `inferenceConfig` has a new member.
pub fn request(model_id: &str, body: &Value) -> Result<ConverseRequest, InvalidBody> {
    structure(body, |it| {
        Ok(ConverseRequest {
            model_id: model_id.to_owned(),
            messages: it.list("messages", message)?,
            system: it.list("system", system_content_block)?,
            inference_config: it.optional("inferenceConfig", inference_configuration)?,
            tool_config: it.optional("toolConfig", tool_configuration)?,
            guardrail_config: it.optional("guardrailConfig", guardrail_configuration)?,
            additional_model_request_fields: it.document("additionalModelRequestFields"),
            prompt_variables: it.optional("promptVariables", prompt_variables)?.unwrap_or_default(),
            additional_model_response_field_paths: it.list("additionalModelResponseFieldPaths", text)?,
            request_metadata: it.optional("requestMetadata", request_metadata)?.unwrap_or_default(),
            performance_latency: it
                .optional("performanceConfig", |value| structure(value, |it| it.optional("latency", name)))?
                .flatten(),
            service_tier: it.optional("serviceTier", only("type", name))?,
            output_config: it.optional("outputConfig", output_configuration)?,
            extra: it.extra(),
        })
    })
}

fn message(value: &Value) -> Result<Message> {
    structure(value, |it| {
        Ok(Message {
            role: it.required("role", name)?,
            content: it.required("content", list(content_block))?,
        })
    })
}

fn system_content_block(value: &Value) -> Result<SystemContentBlock> {
    union(value, SystemContentBlock::Unknown, |name, value| {
        Ok(match name {
            "text" => SystemContentBlock::Text(text(value)?),
            "guardContent" => SystemContentBlock::GuardContent(guard_content(value)?),
            "cachePoint" => SystemContentBlock::CachePoint(cache_point(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn inference_configuration(value: &Value) -> Result<InferenceConfiguration> {
    structure(value, |it| {
        Ok(InferenceConfiguration {
            max_tokens: it.optional("maxTokens", integer)?,
            temperature: it.optional("temperature", float)?,
            top_p: it.optional("topP", float)?,
            stop_sequences: it.list("stopSequences", text)?,
        })
    })
}

fn tool_configuration(value: &Value) -> Result<ToolConfiguration> {
    structure(value, |it| {
        Ok(ToolConfiguration {
            tools: it.required("tools", list(tool))?,
            tool_choice: it.optional("toolChoice", tool_choice)?,
        })
    })
}

fn tool(value: &Value) -> Result<Tool> {
    union(value, Tool::Unknown, |name, value| {
        Ok(match name {
            "toolSpec" => Tool::ToolSpec(tool_specification(value)?),
            "systemTool" => Tool::SystemTool(only("name", text)(value)?),
            "cachePoint" => Tool::CachePoint(cache_point(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn tool_specification(value: &Value) -> Result<ToolSpecification> {
    structure(value, |it| {
        Ok(ToolSpecification {
            name: it.required("name", text)?,
            description: it.optional("description", text)?,
            input_schema: it
                .required("inputSchema", |value| structure(value, |it| it.required_document("json")))?,
            strict: it.optional("strict", boolean)?,
        })
    })
}

fn tool_choice(value: &Value) -> Result<ToolChoice> {
    union(value, ToolChoice::Unknown, |name, value| {
        Ok(match name {
            "auto" => structure(value, |_| Ok(ToolChoice::Auto))?,
            "any" => structure(value, |_| Ok(ToolChoice::Any))?,
            "tool" => ToolChoice::Tool(only("name", text)(value)?),
            _ => return Err(InvalidBody::unknown()),
        })
    })
}

fn guardrail_configuration(value: &Value) -> Result<GuardrailConfiguration> {
    structure(value, |it| {
        Ok(GuardrailConfiguration {
            guardrail_identifier: it.optional("guardrailIdentifier", text)?,
            guardrail_version: it.optional("guardrailVersion", text)?,
            trace: it.optional("trace", name)?,
            stream_processing_mode: it.optional("streamProcessingMode", name)?,
        })
    })
}

fn prompt_variables(value: &Value) -> Result<Vec<PromptVariable>> {
    map(value, |name, value| Ok(PromptVariable { name: name.to_owned(), text: only("text", text)(value)? }))
}

fn request_metadata(value: &Value) -> Result<Vec<MetadataEntry>> {
    map(value, |key, value| Ok(MetadataEntry { key: key.to_owned(), value: text(value)? }))
}

fn output_configuration(value: &Value) -> Result<OutputConfiguration> {
    structure(value, |it| {
        Ok(OutputConfiguration {
            json_schema: it.optional("textFormat", text_format)?,
            effort: it.optional("effort", text)?,
        })
    })
}

fn text_format(value: &Value) -> Result<JsonSchemaDefinition> {
    structure(value, |it| {
        it.required("type", |kind| match kind.as_str() {
            Some("json_schema") => Ok(()),
            _ => Err(InvalidBody::new("must be \"json_schema\"")),
        })?;
        it.required("structure", only("jsonSchema", json_schema_definition))
    })
}

fn json_schema_definition(value: &Value) -> Result<JsonSchemaDefinition> {
    structure(value, |it| {
        Ok(JsonSchemaDefinition {
            schema: it.required("schema", text)?,
            name: it.optional("name", text)?,
            description: it.optional("description", text)?,
        })
    })
}
