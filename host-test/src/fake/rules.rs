//! What Bedrock refuses although its model allows it, in Bedrock's words.

use serde_json::Value;

use super::refusal::Refusal;

pub(crate) fn check(request: &Value) -> Result<(), Refusal> {
    let messages = list(&request["messages"]);
    let mut uses_tools = false;
    for (at, message) in messages.iter().enumerate() {
        for (index, block) in list(&message["content"]).iter().enumerate() {
            let place = format!("messages.{at}.content.{index}");
            if block["text"].as_str().is_some_and(|text| text.trim().is_empty()) {
                return Err(Refusal::validation(format!(
                    "The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try again."
                )));
            }
            uses_tools |= block.get("toolUse").is_some() || block.get("toolResult").is_some();
            if let Some(tool_use) = block.get("toolUse") {
                object(&tool_use["input"], &format!("{place}.toolUse.input"))?;
            }
            for (inner, result) in list(&block["toolResult"]["content"]).iter().enumerate() {
                if let Some(json) = result.get("json") {
                    object(json, &format!("{place}.toolResult.content.{inner}.json"))?;
                }
            }
        }
        answered(at, message, messages.get(at + 1))?;
    }
    if uses_tools && request.get("toolConfig").is_none_or(Value::is_null) {
        return Err(Refusal::validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    Ok(())
}

/// Every tool use needs its result in the very next message, unless AWS ran the tool and has it in the same one.
fn answered(at: usize, message: &Value, next: Option<&Value>) -> Result<(), Refusal> {
    let ids = |message: &Value, block: &str| -> Vec<String> {
        let blocks = list(&message["content"]).iter();
        blocks.filter_map(|content| Some(content[block]["toolUseId"].as_str()?.to_owned())).collect()
    };
    // A call at the end of the conversation has nobody to answer it yet.
    let Some(next) = next else { return Ok(()) };
    let results = [ids(message, "toolResult"), ids(next, "toolResult")].concat();
    let missing: Vec<String> =
        ids(message, "toolUse").into_iter().filter(|id| !results.contains(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "Expected toolResult blocks at messages.{}.content for the following Ids: {}",
        at + 1,
        missing.join(", ")
    )))
}

fn object(value: &Value, place: &str) -> Result<(), Refusal> {
    if value.is_object() {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "The format of the value at {place} is invalid. Provide a json object for the field and try again."
    )))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
