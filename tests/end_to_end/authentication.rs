//! Who is asking, and that nobody learns how they proved it.

use host_test::fake::{API_KEY, Fake, KEYS, Keys, Options};
use host_test::types::{self, ServiceError};
use host_test::{Connection, Credentials, Error};

use crate::support::{connection, fake, host, keys, question, read};

const MARKED: &str = "marked+secret/EXAMPLE";

/// The error that AWS answers, which must not hold what was marked.
async fn refusal(connection: &Connection) -> ServiceError {
    let request = question("fake.text");
    let mut events = host().stream_converse(connection, &request).await.expect("it is sent");
    let (received, end) = read(&mut events).await;
    let error = end.expect_err("the fake refuses it");
    let all = format!("{received:?} {error} {error:?} {:?} {connection:?}", events.attempts());
    assert!(!all.contains(MARKED) && !all.contains("Signature="), "{all}");
    match error {
        Error::Converse(types::Error::Service(error)) => error,
        other => panic!("no service error: {other}"),
    }
}

#[tokio::test]
async fn accepted() {
    let fake = fake().await;
    for credentials in [keys(KEYS[0]), keys(KEYS[1]), Credentials::BearerToken(API_KEY.into())] {
        let connection = Connection { credentials, ..connection(&fake) };
        let mut events =
            host().stream_converse(&connection, &question("fake.text")).await.expect("it is sent");
        read(&mut events).await.1.unwrap_or_else(|error| panic!("{connection:?}: {error}"));
    }
    assert!(fake.requests().iter().all(|request| request.refused.is_none()));
}

#[tokio::test]
async fn refused() {
    let fake = fake().await;
    let [long_term, temporary] = KEYS;
    let signed = |given: Keys| Connection { credentials: keys(given), ..connection(&fake) };
    for (connection, code, message) in [
        (
            signed(Keys { secret_access_key: MARKED, ..long_term }),
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ),
        (
            Connection { region: Some("eu-west-1".into()), ..signed(long_term) },
            "InvalidSignatureException",
            "Credential should be scoped to a valid region. ",
        ),
        (
            signed(Keys { session_token: None, ..temporary }),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            signed(Keys { session_token: Some(MARKED), ..temporary }),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            signed(Keys { access_key_id: "AKIDUNKNOWN", secret_access_key: MARKED, session_token: None }),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            Connection { credentials: Credentials::BearerToken(MARKED.into()), ..connection(&fake) },
            "AccessDeniedException",
            "Authentication failed: Please make sure your API Key is valid.",
        ),
        (
            Connection { credentials: Credentials::Unsigned, ..connection(&fake) },
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
    ] {
        let error = refusal(&connection).await;
        assert_eq!((error.code.as_str(), error.message.as_str(), error.status), (code, message, 403));
        assert!(error.request_id.is_some() && !error.retryable && !error.reply_begun);
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_refused_and_can_be_set_right() {
    let fake = fake().await;
    for offset in [-6 * 60_000, 6 * 60_000] {
        let error = refusal(&Connection { clock_offset: offset, ..connection(&fake) }).await;
        assert_eq!(error.code, "InvalidSignatureException");
        let wanted = if offset < 0 { "Signature expired: " } else { "Signature not yet current: " };
        assert!(error.message.starts_with(wanted), "{}", error.message);
        assert_eq!(error.hint.as_deref(), Some("Set the clock of the host, or connection.clock-offset."));
    }
    let slightly = Connection { clock_offset: 4 * 60_000, ..connection(&fake) };
    let mut events = host().stream_converse(&slightly, &question("fake.text")).await.expect("it is sent");
    read(&mut events).await.1.expect("AWS tolerates five minutes");
}

/// The region that is signed for is that of the model's ARN, wherever the request goes.
#[tokio::test]
async fn the_region_of_an_arn_is_signed_for() {
    let options = Options { region: "ap-south-1".into(), ..Options::default() };
    let fake = Fake::start(options).await.expect("loopback has a free port");
    let arn = "arn:aws:bedrock:ap-south-1:123456789012:inference-profile/apac.amazon.nova-lite-v1:0";
    let mut events = host().stream_converse(&connection(&fake), &question(arn)).await.expect("it is sent");
    read(&mut events).await.1.expect("the region is right");
    assert_eq!(
        fake.requests()[0].path,
        "/model/arn%3Aaws%3Abedrock%3Aap-south-1%3A123456789012%3Ainference-profile%2Fapac.amazon.nova-lite-v1%3A0/converse-stream"
    );
}
