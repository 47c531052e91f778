//! What AWS's service model says of the strings of a request.
//!
//! A string that is shorter than its minimum is refused. Longer ones and other characters are only found by `check`,
//! since AWS widens these all the time.

/// The constraints of a string.
pub(super) struct Text {
    /// The least and the most characters.
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) pattern: Option<Pattern>,
}

/// A regular expression, and what decides whether the whole of a text matches it. (An engine would be a third of the
/// component.)
pub(super) struct Pattern {
    pub(super) expression: &'static str,
    pub(super) matches: fn(&str) -> bool,
}

const fn text(min: usize, max: usize) -> Text {
    Text { min, max, pattern: None }
}

const fn matching(min: usize, max: usize, expression: &'static str, matches: fn(&str) -> bool) -> Text {
    Text { min, max, pattern: Some(Pattern { expression, matches }) }
}

pub(super) const NON_EMPTY: Text = text(1, usize::MAX);
pub(super) const DOCUMENT_NAME: Text = text(1, 200);
pub(super) const EFFORT: Text = text(0, 16);
pub(super) const RESPONSE_FIELD_PATH: Text = text(1, 256);
pub(super) const TOOL_REFERENCE_NAME: Text = text(1, 128);
pub(super) const TOOL_REFERENCE_TYPE: Text = text(1, 64);
pub(super) const ACCOUNT_ID: Text = matching(0, usize::MAX, "[0-9]{12}", account_id);
pub(super) const TOOL_NAME: Text = matching(1, 64, "[a-zA-Z0-9_-]+", |text| some(text, b"_-"));
pub(super) const TOOL_USE_ID: Text = matching(1, 64, "[a-zA-Z0-9_.:-]+", |text| some(text, b"_.:-"));
pub(super) const METADATA_KEY: Text =
    matching(1, 256, r"[a-zA-Z0-9\s:_@$#=/+,-.]{1,256}", |text| !text.is_empty() && metadata(text));
pub(super) const METADATA_VALUE: Text = matching(0, 256, r"[a-zA-Z0-9\s:_@$#=/+,-.]{0,256}", metadata);
pub(super) const GUARDRAIL_VERSION: Text =
    matching(0, usize::MAX, "(|([1-9][0-9]{0,7})|(DRAFT))", guardrail_version);
pub(super) const GUARDRAIL_IDENTIFIER: Text = matching(
    0,
    2048,
    "(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))",
    guardrail_identifier,
);
pub(super) const S3_URI: Text = matching(1, 1024, r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?", s3_uri);
pub(super) const MODEL_ID: Text = matching(1, 2048, "ConversationalModelId", model_id);

/// Whether `text` is one or more letters, digits or `others` of ASCII.
fn some(text: &str, others: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

/// The same without capitals.
fn some_lower(text: &str, others: &[u8]) -> bool {
    some(text, others) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn metadata(text: &str) -> bool {
    // `,-.` is a range, with the hyphen in it. White space is Java's.
    let others = |byte| b":_@$#=/+,-. \t\n\x0B\x0C\r".contains(&byte);
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others(byte))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn account_id(text: &str) -> bool {
    text.len() == 12 && digits(text)
}

fn guardrail_version(text: &str) -> bool {
    matches!(text, "" | "DRAFT") || (text.len() <= 8 && digits(text) && !text.starts_with('0'))
}

fn guardrail_identifier(text: &str) -> bool {
    text.is_empty()
        || some_lower(text, b"")
        || Arn::parse(text).is_some_and(|arn| {
            arn.is_bedrock()
                && arn.is_own()
                && arn.resource("guardrail").is_some_and(|id| some_lower(id, b""))
        })
}

fn s3_uri(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("s3://") else { return false };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    // In AWS's regular expressions the dot is no line end.
    let line_end = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    (3..=63).contains(&bucket.len())
        && some_lower(bucket, b".-")
        && !bucket.starts_with(['.', '-'])
        && !bucket.ends_with(['.', '-'])
        && !key.contains(line_end)
}

fn model_id(text: &str) -> bool {
    some(text, b"-:.") || is_name(text) || Arn::parse(text).is_some_and(|arn| arn.is_model())
}

/// Letters and digits, each perhaps with one mark behind it.
fn is_name(text: &str) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b'_' | b'-');
    some(text, b"_-")
        && !text.as_bytes().first().is_some_and(is_mark)
        && !text.as_bytes().windows(2).any(|pair| pair.iter().all(is_mark))
}

/// The parts of an ARN.
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    fn is_bedrock(&self) -> bool {
        let partition = self.partition.strip_prefix("aws");
        partition.is_some_and(|rest| rest.is_empty() || rest.len() > 1 && rest.starts_with('-'))
            && self.service == "bedrock"
            && self.region.len() <= 20
            && some_lower(self.region, b"-")
    }

    /// Whether it is of somebody's account, rather than of AWS.
    fn is_own(&self) -> bool {
        account_id(self.account)
    }

    /// What comes behind the type of the resource, if it is `kind`.
    fn resource(&self, kind: &str) -> Option<&'a str> {
        self.resource.strip_prefix(kind)?.strip_prefix('/')
    }

    fn is_model(&self) -> bool {
        let is_label = |text: &str| text.len() <= 63 && some_lower(text, b"-");
        let is_id = |text: &str| text.len() == 12 && some_lower(text, b"");
        let is_free = |text: &str| some(text, b"-:.");
        if self.service == "sagemaker" {
            return self.partition == "aws"
                && some_lower(self.region, b"-")
                && self.is_own()
                && self.resource("endpoint").is_some_and(|name| some(name, b"-"));
        }
        if !self.is_bedrock() {
            return false;
        }
        if self.account.is_empty() {
            return self.resource("foundation-model").is_some_and(|id| {
                id.split_once('.').is_some_and(|(provider, name)| is_label(provider) && is_model_name(name))
            });
        }
        let Some((kind, id)) = self.resource.split_once('/').filter(|_| self.is_own()) else { return false };
        match kind {
            "custom-model" => id.split_once('/').is_some_and(|(name, id)| {
                name.split_once('.').is_some_and(|(base, own)| is_label(base) && is_label(own)) && is_id(id)
            }),
            "imported-model" | "provisioned-model" | "custom-model-deployment" => is_id(id),
            "inference-profile"
            | "application-inference-profile"
            | "prompt-router"
            | "default-prompt-router" => is_free(id),
            "prompt" => {
                let (id, version) = id.split_once(':').unwrap_or((id, "1"));
                id.len() == 10 && some(id, b"") && (1..=5).contains(&version.len()) && digits(version)
            }
            _ => false,
        }
    }
}

/// `[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63})`: two labels, with a mark between them or none.
fn is_model_name(text: &str) -> bool {
    let is_label = |text: &str| text.len() <= 63 && some_lower(text, b"-");
    match text.split_once(['.', ':']) {
        Some((first, second)) => is_label(first) && is_label(second),
        None => (2..=126).contains(&text.len()) && some_lower(text, b"-"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use regex::Regex;
    use serde_json::Value;

    use super::*;

    /// AWS's name for each, and what it is here.
    const ALL: [(&str, &Text); 14] = [
        ("NonEmptyString", &NON_EMPTY),
        ("DocumentBlockNameString", &DOCUMENT_NAME),
        ("OutputConfigEffortString", &EFFORT),
        ("ConverseStreamRequestAdditionalModelResponseFieldPathsListMemberString", &RESPONSE_FIELD_PATH),
        ("ToolReferenceNameString", &TOOL_REFERENCE_NAME),
        ("ToolReferenceServerNameString", &TOOL_REFERENCE_NAME),
        ("ToolReferenceTypeString", &TOOL_REFERENCE_TYPE),
        ("AccountId", &ACCOUNT_ID),
        ("ToolName", &TOOL_NAME),
        ("ToolUseId", &TOOL_USE_ID),
        ("RequestMetadataKeyString", &METADATA_KEY),
        ("RequestMetadataValueString", &METADATA_VALUE),
        ("GuardrailVersion", &GUARDRAIL_VERSION),
        ("GuardrailIdentifier", &GUARDRAIL_IDENTIFIER),
    ];

    fn model() -> Value {
        serde_json::from_str(include_str!("../../../../host-test/model/bedrock-runtime.json"))
            .expect("it is JSON")
    }

    #[test]
    fn they_are_those_of_the_model() {
        let model = model();
        for (name, text) in ALL.into_iter().chain([("S3Uri", &S3_URI), ("ConversationalModelId", &MODEL_ID)])
        {
            let shape = &model["shapes"][name];
            assert_eq!(shape["min"].as_u64().unwrap_or(0), text.min as u64, "{name}");
            assert_eq!(shape["max"].as_u64().unwrap_or(u64::MAX), text.max as u64, "{name}");
            let expression = text.pattern.as_ref().map(|pattern| pattern.expression);
            if name != "ConversationalModelId" {
                assert_eq!(shape["pattern"].as_str(), expression, "{name}");
            }
        }
    }

    /// Texts that match and such that almost do, judged by a real engine.
    #[test]
    fn patterns_match_what_their_expressions_do() {
        let model = model();
        for (name, text) in ALL.into_iter().chain([("S3Uri", &S3_URI), ("ConversationalModelId", &MODEL_ID)])
        {
            let Some(pattern) = &text.pattern else { continue };
            let expression = model["shapes"][name]["pattern"].as_str().expect("it has one").to_owned();
            let expression = match name {
                // Anchors in the middle.
                "ConversationalModelId" => expression.replace("(^", "(").replace('$', ""),
                _ => expression,
            };
            // Java's white space is ASCII; its dot ends at more line ends.
            let ascii = expression
                .replace(r"\s", r" \t\n\x0B\f\r")
                .replace("(/.*)?", r"(/[^\n\r\u{85}\u{2028}\u{2029}]*)?");
            let judge = Regex::new(&format!("^(?:{ascii})$")).expect("it is an expression");
            let judge = |text: &str| judge.is_match(text);
            // Small counts, so that the edges are met.
            let near = string_regex(&ascii).expect("it is an expression");
            let edit = (any::<prop::sample::Index>(), "[a-zA-Z0-9_./: \n§-]{0,2}", 0..3_usize);
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            runner
                .run(&(near, edit, any::<bool>()), |(text, (place, insert, remove), changed)| {
                    let mut characters: Vec<char> = text.chars().collect();
                    if changed {
                        let place = place.index(characters.len() + 1);
                        let end = (place + remove).min(characters.len());
                        characters.splice(place..end, insert.chars());
                    }
                    let text: String = characters.into_iter().collect();
                    prop_assert_eq!((pattern.matches)(&text), judge(&text), "{} {:?}", name, text);
                    Ok(())
                })
                .unwrap_or_else(|failure| panic!("{failure}"));
            for text in
                ["", "-", "a", "A", "1", "DRAFT", "a__b", "a-_b", "arn:aws:bedrock", "s3://", "s3://abc/"]
            {
                assert_eq!((pattern.matches)(text), judge(text), "{name} {text:?}");
            }
        }
    }
}
