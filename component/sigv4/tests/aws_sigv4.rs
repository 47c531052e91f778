//! Judged by AWS's own signer: the `aws-sigv4` crate must make the same headers of the same request.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as aws_sign};
use aws_sigv4::sign::v4;
use bedrock_sigv4::{Credentials, Request, Scope, Timestamp, sign};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

/// What Smithy leaves as it is in a path label.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The headers that AWS's signer adds, sorted by name.
fn by_aws(
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    credentials: &Credentials<'_>,
    scope: &Scope<'_>,
    seconds: u64,
) -> Vec<(String, String)> {
    let identity = AwsCredentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token.map(str::to_owned),
        None,
        "test",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are set")
        .into();
    let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body))
        .expect("the request is well formed");
    let (instructions, _) = aws_sign(request, &params).expect("AWS's signer accepts it").into_parts();
    let (headers, _) = instructions.into_parts();
    let mut headers: Vec<_> =
        headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect();
    headers.sort();
    headers
}

fn model_id() -> impl Strategy<Value = String> {
    prop_oneof![
        "(us\\.|eu\\.|global\\.)?[a-z0-9]{1,12}\\.[a-z0-9-]{1,40}-v[0-9]:[0-9]{1,2}",
        "arn:aws(-cn|-us-gov)?:bedrock:[a-z]{2}-[a-z]{4,9}-[1-9]:[0-9]{12}:(application-)?inference-profile/[a-zA-Z0-9:.-]{1,30}",
        "arn:aws:sagemaker:[a-z]{2}-[a-z]{4,9}-[1-9]:[0-9]{12}:endpoint/[a-zA-Z0-9-]{1,20}",
        // Anything at all, as long as it is not taken for a step up or down the path.
        "[ -~]{1,24}|\\PC{1,8}".prop_filter("no dot segment", |id| id != "." && id != ".."),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_aws(
        model in model_id(),
        operation in prop_oneof![Just("converse"), Just("converse-stream")],
        prefix in "(/[a-z0-9._~-]{0,8}){0,3}",
        host in "[a-z0-9.-]{1,40}(:[1-9][0-9]{1,3})?",
        region in "[a-z0-9-]{1,63}",
        key_id in "[A-Z0-9]{16,20}",
        secret in "[ -~]{1,40}",
        token in proptest::option::of("[A-Za-z0-9/+=]{1,400}"),
        accept in proptest::option::of("[ -~]{0,60}"),
        body in proptest::collection::vec(any::<u8>(), 0..2_000),
        // From 1970 to 9999.
        seconds in 0..253_402_300_800_u64,
    ) {
        let path = format!("{prefix}/model/{}/{operation}", utf8_percent_encode(&model, LABEL));
        let credentials = Credentials {
            access_key_id: &key_id,
            secret_access_key: &secret,
            session_token: token.as_deref(),
        };
        let scope = Scope { region: &region, service: "bedrock" };
        let mut headers = vec![("Host", host.as_str()), ("Content-Type", "application/json")];
        headers.extend(accept.as_deref().map(|value| ("X-Amz-Note", value)));

        let request = Request { method: "POST", path: &path, query: &[], headers: &headers, body: &body };
        let mut ours: Vec<_> = sign(&request, &credentials, &scope, Timestamp::from_unix(seconds))
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        ours.sort();

        let url = format!("https://{host}{path}");
        prop_assert_eq!(ours, by_aws(&url, &headers, &body, &credentials, &scope, seconds));
    }
}
