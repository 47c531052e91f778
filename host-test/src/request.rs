//! Requests, as an embedder writes them.

use crate::types::{ContentBlock, ConverseRequest, Message, Role, SystemContentBlock};

impl ConverseRequest {
    /// A request to `model_id` without any messages; every other member is left to the model.
    pub fn new(model_id: impl Into<String>) -> Self {
        Self {
            model_id: model_id.into(),
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

    /// With a text of the user behind what was said so far.
    #[must_use]
    pub fn user(self, text: impl Into<String>) -> Self {
        self.message(Role::User, vec![ContentBlock::Text(text.into())])
    }

    /// With a message behind what was said so far.
    #[must_use]
    pub fn message(mut self, role: Role, content: Vec<ContentBlock>) -> Self {
        self.messages.push(Message { role, content });
        self
    }

    /// With a system text behind those it has.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system.push(SystemContentBlock::Text(text.into()));
        self
    }
}
