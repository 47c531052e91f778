//! The command, as a shell sees it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The command, in an environment without any AWS.
fn bedrock(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the command to its end, and returns its exit code, standard output and standard error.
fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The exit code of a child that ends by itself: a watchdog, not a measurement.
fn soon(running: &mut Running) -> Option<i32> {
    for _ in 0..6_000 {
        if let Some(status) = running.0.try_wait().expect("it is a child") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not end");
}

#[test]
fn without_arguments_it_shows_a_reply() {
    let (code, out, err) = run(bedrock(&[]));
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.starts_with("They ask about the weather, and I have a tool for that.\nHello from a fake"),
        "{out}"
    );
    assert!(
        out.ends_with("\ntool weather tooluse_demo: {\"city\":\"Paris\",\"unit\":\"celsius\"}\n"),
        "{out}"
    );
    assert!(err.contains("stop reason: tool_use · tokens: 87 in, 64 out · first token: "), "{err}");
}

#[test]
fn json_is_one_event_a_line() {
    let (code, out, err) = run(bedrock(&["--json", "What  is\nthis?"]));
    assert_eq!(code, Some(0), "{err}");
    let events: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(events[0]["messageStart"]["role"], "assistant");
    assert_eq!(events.last().expect("there are events")["metadata"]["usage"]["inputTokens"], 12);
    let text: String =
        events.iter().filter_map(|event| event["contentBlockDelta"]["delta"]["text"].as_str()).collect();
    assert!(text.starts_with("You said: What  is\nthis?."), "{text}");
}

/// What is not for a terminal is not made for one.
#[test]
fn a_pipe_gets_all_of_the_text() {
    let prompt = "red \x1b[31m del \x7f bell \x07 csi \u{9b}1m";
    let (code, out, err) = run(bedrock(&[prompt]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with(&format!("You said: {prompt}.")), "{out:?}");
    let (_, out, _) = run(bedrock(&["--json", prompt]));
    assert!(!out.contains(|character: char| character.is_control() && character != '\n'), "{out:?}");
    assert!(out.contains("\\u007f"), "{out:?}");
}

#[test]
fn failures_have_exit_codes_and_go_to_standard_error() {
    for (arguments, code, message) in [
        (
            &["--model", "fake.error-throttling", "x"][..],
            1,
            "error: Bedrock answered ThrottlingException (HTTP status 429): Too many requests, please wait before trying again.\n",
        ),
        (
            &["--region", "US", "x"],
            2,
            "error: invalid request: connection.region must be a region: 1 to 63 lower-case letters, digits and hyphens\n",
        ),
        (
            &["--live", "--model", "m", "x"],
            2,
            "error: no AWS credentials found: env: AWS_BEARER_TOKEN_BEDROCK (not set), env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY (not set), env: AWS_PROFILE (not set), aws-sdk default chain (not supported by this version)\n",
        ),
        (
            &["--live", "--model", "m"],
            2,
            "error: the following required arguments were not provided:\n  <PROMPT>\n",
        ),
        (&["--live", "x"], 2, "error: the following required arguments were not provided:\n  --model <ID>\n"),
    ] {
        let (actual, out, err) = run(bedrock(arguments));
        assert_eq!((actual, out.as_str()), (Some(code), ""), "{arguments:?}: {err}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
    let (code, out, err) = run(bedrock(&["--model", "fake.stream-error", "x"]));
    assert_eq!((code, out.as_str()), (Some(1), "It begins\n"));
    assert!(err.contains("error: Bedrock answered InternalError (HTTP status 200): "), "{err}");
}

/// Each kind of content, as it is sent, and as it is shown.
#[test]
fn there_is_more_than_text() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, content: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, content).expect("it can be written");
        file.to_string_lossy().into_owned()
    };
    let image = file("a picture.PNG", b"\x89PNG");
    let document = file("a_report.md", b"# Report");
    let tool = file("tool.json", br#"{"name":"clock","inputSchema":{"json":{"type":"object"}}}"#);
    let broken = file("broken.json", br#"{"name":"clock"}"#);
    let scenario = |scenario: &str| format!("fake.{scenario}");
    for (model, arguments, shown, beside) in [
        (
            "text",
            &["--image", &image, "--document", &document, "--tool", &tool, "--thinking", "1024"][..],
            "You said: x.",
            "",
        ),
        ("text", &["--whole", "--guardrail", "abc:1"], "You said: x.", ""),
        ("image", &[], "Here it is.\nimage png: 67 bytes \n", ""),
        (
            "citations",
            &[],
            "it boils at 100 °C in Paris. [Physics, page 2] [Paris, https://weather.example/paris]\n",
            "",
        ),
        ("server-tool", &[], "result tooluse_s: one result {\"results\":[", ""),
        ("guardrail", &["--guardrail", "abc:DRAFT"], "Sorry", "trace: {\"guardrail\":{"),
        ("cached", &[], "As before.\n", "cache: 1000 read, 500 written"),
    ] {
        let model = scenario(model);
        let (code, out, err) = run(bedrock(&[&["--model", &model], arguments, &["x"]].concat()));
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
        assert!(out.contains(shown) && err.contains(beside), "{arguments:?}: {out} {err}");
    }
    for (arguments, message) in [
        (&["--image", &document][..], "is no image: its name must end in png, jpg, gif or webp\n"),
        (&["--document", &image], "is no document: its name must end in pdf, csv,"),
        (&["--image", "nowhere.png"], "nowhere.png: No such file or directory"),
        (&["--tool", &broken], "is no toolSpec: it must have name and inputSchema.json"),
        (&["--guardrail", "abc"], "--guardrail must be ID:VERSION"),
    ] {
        let (code, _, err) = run(bedrock(&[arguments, &["x"]].concat()));
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

/// What AWS's model has against a request stands beside AWS's own words.
#[test]
fn a_refusal_comes_with_what_the_model_has_against_it() {
    let (code, _, err) = run(bedrock(&["--model", "fake.error-validation", "--guardrail", "a b:1", "x"]));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("guardrailConfig.guardrailIdentifier must match (|([a-z0-9]+)|"), "{err}");
    assert!(err.contains("error: Bedrock answered ValidationException"), "{err}");
}

#[test]
fn another_fake_can_be_asked() {
    let mut fake = bedrock(&["fake"]);
    fake.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut fake = Running(fake.spawn().expect("the command runs"));
    let mut url = String::new();
    let out = fake.0.stdout.take().expect("it is piped");
    BufReader::new(out).read_line(&mut url).expect("it says where it is");

    let ask = || bedrock(&["--endpoint", url.trim(), "--model", "fake.text", "hello"]);
    let mut keys = ask();
    keys.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    keys.env("AWS_SECRET_ACCESS_KEY", " wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n");
    let (code, out, err) = run(keys);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("You said: hello."), "{out}");
    assert!(err.contains("credentials: env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY"), "{err}");
    assert!(!err.contains("wJalr"), "{err}");

    let mut token = ask();
    token.env("AWS_BEARER_TOKEN_BEDROCK", "marked-token");
    let (code, _, err) = run(token);
    assert_eq!(code, Some(1));
    assert!(err.contains("credentials: env: AWS_BEARER_TOKEN_BEDROCK"), "{err}");
    assert!(err.contains("AccessDeniedException (HTTP status 403): Authentication failed"), "{err}");
    assert!(!err.contains("marked"), "{err}");

    let mut elsewhere = ask();
    elsewhere.env("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-EXAMPLE").env("AWS_REGION", "eu-west-1");
    assert_eq!(run(elsewhere).0, Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_at_once() {
    let mut command = bedrock(&["--model", "fake.fault-stall", "x"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut asking = Running(command.spawn().expect("the command runs"));
    let mut begun = [0; "It begins".len()];
    let out = asking.0.stdout.as_mut().expect("it is piped");
    out.read_exact(&mut begun).expect("it says something");
    let id = asking.0.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().expect("the signal is sent");
    assert!(sent.success());
    assert_eq!(soon(&mut asking), Some(130));
}

/// Whoever reads our output may stop.
#[test]
fn a_reader_may_leave() {
    for arguments in [&["--json"][..], &["fake"]] {
        let mut command = bedrock(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().expect("the command runs"));
        drop(running.0.stdout.take());
        assert_eq!(soon(&mut running), Some(0), "{arguments:?}");
    }
}
