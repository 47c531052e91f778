//! Every part of a request, made of an input.

use alloc::string::String;
use alloc::vec::Vec;

use super::Input;
use crate::bindings::converse::{Connection, Deadlines, Header, Operation};
use crate::bindings::credentials::{AccessKeys, Credentials};
use crate::bindings::types::{
    AudioBlock, AudioFormat, CachePointBlock, CachePointType, CacheTtl, Citation, CitationLocation,
    CitationsContentBlock, ContentBlock, ConverseRequest, DocumentBlock, DocumentFormat, DocumentSource,
    ErrorBlock, GuardContentBlock, GuardContentQualifier, GuardImage, GuardText, GuardrailConfiguration,
    GuardrailStreamProcessingMode, GuardrailTrace, ImageBlock, ImageFormat, IncompleteToolUseBlock,
    InferenceConfiguration, JsonSchemaDefinition, MediaSource, Message, MetadataEntry, OutputConfiguration,
    PerformanceLatency, PromptVariable, ReasoningContentBlock, ReasoningTextBlock, Role, S3Location,
    SearchResultBlock, ServiceTier, SourceRange, SystemContentBlock, Tool, ToolChoice, ToolConfiguration,
    ToolReference, ToolResultBlock, ToolResultContentBlock, ToolResultStatus, ToolSpecification,
    ToolUseBlock, ToolUseType, UnknownMember, VideoBlock, VideoFormat, WebLocation,
};
use crate::names::Named;

/// What an input can be made into.
pub(super) trait Made {
    fn made(input: &mut Input<'_>) -> Self;
}

impl Made for bool {
    fn made(input: &mut Input<'_>) -> Self {
        input.flag()
    }
}

impl Made for String {
    fn made(input: &mut Input<'_>) -> Self {
        input.text()
    }
}

/// Bytes.
impl Made for Vec<u8> {
    fn made(input: &mut Input<'_>) -> Self {
        input.bytes().to_vec()
    }
}

impl<T: Made> Made for Option<T> {
    fn made(input: &mut Input<'_>) -> Self {
        input.option(T::made)
    }
}

macro_rules! numbers {
    ($($type:ty)+) => {$(
        impl Made for $type {
            fn made(input: &mut Input<'_>) -> Self {
                input.number()
            }
        }
    )+};
}

macro_rules! lists {
    ($($type:ty)+) => {$(
        impl Made for Vec<$type> {
            fn made(input: &mut Input<'_>) -> Self {
                (0..input.choice(8)).map(|_| <$type>::made(input)).collect()
            }
        }
    )+};
}

/// By their names.
macro_rules! enumerations {
    ($($type:ty)+) => {$(
        impl Made for $type {
            fn made(input: &mut Input<'_>) -> Self {
                <$type>::of(&input.text())
            }
        }
    )+};
}

macro_rules! records {
    ($($type:ident { $($field:ident)+ })+) => {$(
        impl Made for $type {
            fn made(input: &mut Input<'_>) -> Self {
                Self { $($field: Made::made(input),)+ }
            }
        }
    )+};
}

/// By the number of the case. What stands in brackets has nothing in it.
macro_rules! variants {
    ($($type:ident { $([$($plain:ident)+])? $($case:ident)* })+) => {$(
        impl Made for $type {
            fn made(input: &mut Input<'_>) -> Self {
                // None is left out.
                let _ = |value: &Self| match value {
                    $($(Self::$plain)|+ => {})?
                    $(Self::$case(_) => {})*
                };
                let cases: &[fn(&mut Input<'_>) -> Self] = &[
                    $($(|_| Self::$plain,)+)?
                    $(|input| Self::$case(Made::made(input)),)*
                ];
                let case = cases.get(input.choice(cases.len())).expect("there is such a case");
                case(input)
            }
        }
    )+};
}

numbers! { u32 i64 f32 }

lists! {
    String Message SystemContentBlock PromptVariable MetadataEntry ContentBlock ToolResultContentBlock Tool Citation
    GuardContentQualifier Header
}

enumerations! {
    AudioFormat CachePointType CacheTtl DocumentFormat GuardContentQualifier GuardrailStreamProcessingMode
    GuardrailTrace ImageFormat PerformanceLatency Role ServiceTier ToolResultStatus ToolUseType VideoFormat
}

records! {
    ConverseRequest {
        model_id messages system inference_config tool_config guardrail_config additional_model_request_fields
        prompt_variables additional_model_response_field_paths request_metadata performance_latency service_tier
        output_config extra
    }
    Message { role content }
    InferenceConfiguration { max_tokens temperature top_p stop_sequences }
    ToolConfiguration { tools tool_choice }
    ToolSpecification { name description input_schema strict }
    GuardrailConfiguration { guardrail_identifier guardrail_version trace stream_processing_mode }
    PromptVariable { name text }
    MetadataEntry { key value }
    OutputConfiguration { json_schema effort }
    JsonSchemaDefinition { schema name description }
    ImageBlock { format source error }
    DocumentBlock { format name source context citations }
    VideoBlock { format source }
    AudioBlock { format source error }
    S3Location { uri bucket_owner }
    ErrorBlock { message }
    ToolUseBlock { tool_use_id name input type_ extra }
    IncompleteToolUseBlock { tool_use_id name input type_ extra }
    ToolResultBlock { tool_use_id content status type_ extra }
    GuardText { text qualifiers }
    GuardImage { format source }
    CachePointBlock { type_ ttl }
    ReasoningTextBlock { text signature extra }
    CitationsContentBlock { content citations extra }
    Citation { title source source_content location }
    WebLocation { url domain }
    SourceRange { index start end }
    SearchResultBlock { source title content citations }
    ToolReference { type_ name server_name }
    UnknownMember { name value }
    Connection {
        operation region default_region endpoint_url credentials use_fips use_dual_stack allow_plaintext headers
        deadlines max_attempts max_frame_bytes keep_reply clock_offset
    }
    Deadlines { connect write response_head idle total }
    Header { name value }
    AccessKeys { access_key_id secret_access_key session_token }
}

variants! {
    SystemContentBlock { Text GuardContent CachePoint Unknown }
    Tool { ToolSpec SystemTool CachePoint Unknown }
    ToolChoice { [Auto Any] Tool Unknown }
    ContentBlock {
        Text Image Document Video Audio ToolUse IncompleteToolUse ToolResult GuardContent CachePoint ReasoningContent
        CitationsContent SearchResult ToolAddition ToolRemoval Unknown
    }
    MediaSource { Bytes S3Location Unknown }
    DocumentSource { Bytes S3Location Text Content Unknown }
    ToolResultContentBlock { Json Text Image Document Video SearchResult Unknown }
    GuardContentBlock { Text Image Unknown }
    ReasoningContentBlock { ReasoningText RedactedContent Unknown }
    CitationLocation { Web DocumentChar DocumentPage DocumentChunk SearchResult Unknown }
    Operation { [ConverseStream Converse] }
    Credentials { [Unsigned] BearerToken AccessKeys }
}
