//! The fake behaves like the service.

use serde_json::{Value, json};

use crate::support::{fake, post};

/// What the fake refuses, each in AWS's words.
#[tokio::test]
async fn requests_that_aws_refuses_are_refused() {
    let fake = fake().await;
    let with = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let tools = json!({"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {}}}}]});
    let tool_use = |input: Value| json!({"toolUse": {"toolUseId": "t-1", "name": "t", "input": input}});
    for (body, message) in [
        (
            with(json!([{"text": " \n"}])),
            "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.",
        ),
        (
            with(json!([tool_use(json!({}))])),
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ),
        (
            json!({"toolConfig": tools, "messages": [
                {"role": "assistant", "content": [tool_use(json!({}))]},
                {"role": "user", "content": [{"text": "x"}]},
            ]}),
            "Expected toolResult blocks at messages.1.content for the following Ids: t-1",
        ),
        (
            json!({"toolConfig": tools, "messages": [{"role": "assistant", "content": [tool_use(json!("x"))]}]}),
            "The format of the value at messages.0.content.0.toolUse.input is invalid. Provide a json object for the field and try again.",
        ),
        (
            json!({"toolConfig": tools, "messages": [{"role": "user", "content": [
                {"toolResult": {"toolUseId": "t-1", "content": [{"json": [1]}]}},
            ]}]}),
            "The format of the value at messages.0.content.0.toolResult.content.0.json is invalid. Provide a json object for the field and try again.",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            "1 validation error detected: Value null at 'messages.1.member.content' failed to satisfy constraint: Member must not be null",
        ),
        (with(json!("text")), "STRING_VALUE can not be converted to a List"),
        (with(json!([{"text": 5}])), "NUMBER_VALUE can not be converted to a String"),
        (
            with(json!([{"text": "x", "image": {}}])),
            "The union at 'messages.1.member.content.1.member' must have exactly one member, but has 2.",
        ),
        (
            with(json!([{"hologram": {}}])),
            "The member 'messages.1.member.content.1.member.hologram' is unknown.",
        ),
        (json!({"inferenceConfig": {"maxTokens": 1.5}}), "DECIMAL_VALUE can not be converted to an Integer"),
    ] {
        let (status, answer) = post(&fake, "/model/fake.text/converse-stream", &body).await;
        let answer: Value = serde_json::from_str(&answer).expect("AWS answers JSON");
        assert_eq!((status, answer["message"].as_str()), (400, Some(message)), "{body}");
    }
    // The service of tomorrow takes more, and one role may speak twice.
    let newer = with(json!([{"hologram": {}}]));
    assert_eq!(post(&fake, "/model/newer.fake.text/converse-stream", &newer).await.0, 200);
    let user = json!({"role": "user", "content": [{"text": "x"}]});
    assert_eq!(post(&fake, "/model/m/converse-stream", &json!({"messages": [user, user]})).await.0, 200);
}
