//! What the command line says as a request.

use std::fmt::Display;
use std::path::Path;

use host_test::ConverseRequest;
use host_test::json;
use host_test::types::{
    ContentBlock, DocumentBlock, DocumentFormat, DocumentSource, GuardrailConfiguration, GuardrailTrace,
    ImageBlock, ImageFormat, InferenceConfiguration, MediaSource, Role, Tool, ToolConfiguration,
};
use serde_json::json;

use crate::arguments::Ask;

/// The request, or what is wrong with the command line.
pub(crate) fn request(ask: &Ask) -> Result<ConverseRequest, String> {
    let scripted = ask.prompt.is_none();
    let default_model = if scripted { "fake.demo" } else { "fake.text" };
    let model = ask.model.as_deref().unwrap_or(default_model);
    let prompt = ask.prompt.as_deref().unwrap_or("What is the weather in Paris?");

    let mut content = Vec::new();
    for file in &ask.documents {
        content.push(document(file)?);
    }
    for file in &ask.images {
        content.push(image(file)?);
    }
    content.push(ContentBlock::Text(prompt.to_owned()));
    let mut request = ConverseRequest::new(model).message(Role::User, content);
    if let Some(system) = &ask.system {
        request = request.system(system);
    }
    if let Some(max_tokens) = ask.max_tokens {
        request.inference_config = Some(InferenceConfiguration {
            max_tokens: Some(max_tokens),
            temperature: None,
            top_p: None,
            stop_sequences: Vec::new(),
        });
    }
    if let Some(tokens) = ask.thinking {
        let fields = json!({"thinking": {"type": "enabled", "budget_tokens": tokens}});
        request.additional_model_request_fields = Some(fields.to_string());
    }
    if let Some(guardrail) = &ask.guardrail {
        request.guardrail_config = Some(guardrail_configuration(guardrail)?);
    }
    let mut tools = Vec::new();
    if scripted {
        tools.push(weather());
    }
    for file in &ask.tools {
        tools.push(tool(file)?);
    }
    if !tools.is_empty() {
        request.tool_config = Some(ToolConfiguration { tools, tool_choice: None });
    }
    Ok(request)
}

fn image(file: &Path) -> Result<ContentBlock, String> {
    let format = match extension(file).as_str() {
        "png" => ImageFormat::Png,
        "jpg" | "jpeg" => ImageFormat::Jpeg,
        "gif" => ImageFormat::Gif,
        "webp" => ImageFormat::Webp,
        _ => return Err(problem(file, &"is no image: its name must end in png, jpg, gif or webp")),
    };
    let source = MediaSource::Bytes(read(file)?);
    Ok(ContentBlock::Image(ImageBlock { format, source, error: None }))
}

fn document(file: &Path) -> Result<ContentBlock, String> {
    let format = match extension(file).as_str() {
        "pdf" => DocumentFormat::Pdf,
        "csv" => DocumentFormat::Csv,
        "doc" => DocumentFormat::Doc,
        "docx" => DocumentFormat::Docx,
        "xls" => DocumentFormat::Xls,
        "xlsx" => DocumentFormat::Xlsx,
        "html" | "htm" => DocumentFormat::Html,
        "txt" => DocumentFormat::Txt,
        "md" => DocumentFormat::Md,
        _ => {
            let formats = "pdf, csv, doc, docx, xls, xlsx, html, txt or md";
            return Err(problem(file, &format!("is no document: its name must end in {formats}")));
        }
    };
    Ok(ContentBlock::Document(DocumentBlock {
        format: Some(format),
        name: neutral_name(file),
        source: DocumentSource::Bytes(read(file)?),
        context: None,
        citations: None,
    }))
}

/// The name of a document as Bedrock takes it: letters, digits, single spaces, hyphens, parentheses and brackets.
fn neutral_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-()[]".contains(character);
    let words = stem.split(|character| !allowed(character)).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join(" ");
    if name.is_empty() { "document".to_owned() } else { name }
}

/// A tool from a file that has it as AWS writes it.
fn tool(file: &Path) -> Result<Tool, String> {
    let text = read(file)?;
    let specification: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| problem(file, &format!("is not JSON: {error}")))?;
    let body = json!({"toolConfig": {"tools": [{"toolSpec": specification}]}});
    let request = json::request("m", &body).map_err(|error| problem(file, &error))?;
    match request.tool_config.and_then(|config| config.tools.into_iter().next()) {
        Some(tool @ Tool::ToolSpec(_)) => Ok(tool),
        _ => Err(problem(
            file,
            &"is no toolSpec: it must have name and inputSchema.json, and may have description and strict",
        )),
    }
}

fn guardrail_configuration(text: &str) -> Result<GuardrailConfiguration, String> {
    // The id may be an ARN, which has colons of its own.
    let (identifier, version) =
        text.rsplit_once(':').ok_or("--guardrail must be ID:VERSION, with a number or DRAFT as version")?;
    Ok(GuardrailConfiguration {
        guardrail_identifier: Some(identifier.to_owned()),
        guardrail_version: Some(version.to_owned()),
        trace: Some(GuardrailTrace::Enabled),
        stream_processing_mode: None,
    })
}

fn weather() -> Tool {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string"}},"required":["city"]}"#;
    Tool::ToolSpec(host_test::types::ToolSpecification {
        name: "weather".to_owned(),
        description: Some("The current weather in a city".to_owned()),
        input_schema: schema.to_owned(),
        strict: None,
    })
}

fn extension(file: &Path) -> String {
    file.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| problem(file, &error))
}

fn problem(file: &Path, problem: &impl Display) -> String {
    format!("{}: {problem}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neutral() {
        for (file, name) in [
            ("a/Q3 report_(final)..v2.pdf", "Q3 report (final) v2"),
            ("été.txt", "t"),
            ("東京.md", "document"),
            ("", "document"),
        ] {
            assert_eq!(neutral_name(Path::new(file)), name);
        }
    }

    #[test]
    fn guardrails_have_a_version() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc:3";
        let config = guardrail_configuration(arn).expect("it has one");
        assert_eq!(config.guardrail_version.as_deref(), Some("3"));
        assert_eq!(config.guardrail_identifier.as_deref(), arn.strip_suffix(":3"));
        assert!(guardrail_configuration("abc").is_err());
    }
}
