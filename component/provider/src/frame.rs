//! What a frame is: an event, or one of the two kinds of error.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use bedrock_eventstream::{Decoder, Error as FrameError, ErrorKind as FrameErrorKind};

use crate::bindings::types::{Error, ProtocolError, ProtocolErrorKind, StreamEvent};
use crate::{event, service_error};

/// What the frames so far have said.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    /// An event: the reply has begun.
    pub(crate) begun: bool,
    /// The event `messageStop`: whatever happens now, the reply is whole.
    pub(crate) stopped: bool,
}

/// Appends the events of all frames that are complete. What came before an error is appended all the same.
///
/// Errors lack the request id, and whether the reply had begun.
pub(crate) fn decode_all(
    decoder: &mut Decoder,
    seen: &mut Seen,
    events: &mut Vec<StreamEvent>,
) -> Result<(), Error> {
    while let Some(frame) = decoder.next_frame().map_err(|error| damaged(&error))? {
        return Err(Error::Service(match frame.headers.str(":message-type") {
            Some("exception") => {
                let exception = frame.headers.str(":exception-type").unwrap_or_default();
                service_error::from_exception(exception, frame.payload)
            }
            Some("error") => {
                let text = |name| frame.headers.str(name).unwrap_or_default();
                service_error::from_error_frame(text(":error-code"), text(":error-message"))
            }
            // `event`, or something newer.
            message_type => {
                let name = frame.headers.str(":event-type").or(message_type).unwrap_or_default();
                event::decode(name, frame.payload, events)
                    .map_err(|problem| protocol_error(ProtocolErrorKind::Json, &problem))?;
                seen.begun = true;
                seen.stopped |= name == "messageStop";
                continue;
            }
        }));
    }
    Ok(())
}

fn damaged(error: &FrameError) -> Error {
    let kind = match error.kind {
        FrameErrorKind::PreludeChecksum { .. } | FrameErrorKind::MessageChecksum { .. } => {
            ProtocolErrorKind::Checksum
        }
        FrameErrorKind::TooLarge { .. } => ProtocolErrorKind::TooLarge,
        _ => ProtocolErrorKind::Frame,
    };
    protocol_error(kind, &error.to_string())
}

fn protocol_error(kind: ProtocolErrorKind, message: &str) -> Error {
    Error::Protocol(ProtocolError {
        kind,
        message: message.to_string(),
        reply_begun: false,
        request_id: None,
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

    use super::*;
    use crate::bindings::types::{Role, ServiceErrorKind, StopReason};

    /// A frame with these string headers.
    fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
        let header = |(name, value): &(&str, &str)| {
            Header::new(String::from(*name), HeaderValue::String(String::from(*value).into()))
        };
        let message = Message::new_from_parts(headers.iter().map(header).collect(), payload.to_owned());
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).expect("the message can be written");
        bytes
    }

    fn event(name: &str, payload: &str) -> Vec<u8> {
        frame(&[(":event-type", name), (":message-type", "event")], payload)
    }

    fn decode(frames: &[Vec<u8>]) -> (Vec<StreamEvent>, Seen, Result<(), Error>) {
        let mut decoder = Decoder::new(1_000);
        decoder.push(frames.concat());
        let (mut seen, mut events) = (Seen::default(), Vec::new());
        let result = decode_all(&mut decoder, &mut seen, &mut events);
        (events, seen, result)
    }

    #[test]
    fn events_until_the_end() {
        let (events, seen, result) = decode(&[
            event("messageStart", r#"{"role":"assistant","p":"abc"}"#),
            event("messageStop", r#"{"stopReason":"end_turn"}"#),
            frame(&[(":message-type", "heartbeat")], "{}"),
        ]);
        assert_eq!(result, Ok(()));
        assert_eq!(seen, Seen { begun: true, stopped: true });
        assert_eq!(events.len(), 3);
        assert_eq!(events[0], StreamEvent::MessageStart(Role::Assistant));
        assert!(
            matches!(&events[1], StreamEvent::MessageStop(stop) if stop.stop_reason == StopReason::EndTurn)
        );
        assert!(matches!(&events[2], StreamEvent::Unknown(unknown) if unknown.name == "heartbeat"));
    }

    #[test]
    fn what_came_before_an_error_is_kept() {
        let exception = frame(
            &[(":exception-type", "throttlingException"), (":message-type", "exception")],
            r#"{"message":"slow down"}"#,
        );
        let (events, seen, result) =
            decode(&[event("messageStart", r#"{"role":"assistant"}"#), exception.clone(), event("x", "{}")]);
        assert_eq!(events.len(), 1);
        let Err(Error::Service(error)) = result else { panic!("{result:?}") };
        assert_eq!((error.kind, seen.begun), (ServiceErrorKind::Throttling, true));
        let (_, seen, result) = decode(&[exception]);
        assert!(result.is_err() && !seen.begun);
    }

    #[test]
    fn unmodeled_errors_are_read_from_their_headers() {
        let headers = [(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "m")];
        let (_, _, result) = decode(&[frame(&headers, "")]);
        let Err(Error::Service(error)) = result else { panic!("{result:?}") };
        assert_eq!((error.code.as_str(), error.message.as_str()), ("InternalError", "m"));
    }

    #[test]
    fn damage_is_told_by_its_kind() {
        let kind = |bytes: Vec<u8>| match decode(&[bytes]).2 {
            Err(Error::Protocol(error)) => error.kind,
            other => panic!("{other:?}"),
        };
        let sound = event("messageStart", "{}");
        let mut flipped = sound.clone();
        flipped[20] ^= 1;
        assert_eq!(kind(flipped), ProtocolErrorKind::Checksum);
        assert_eq!(kind(event("x", &" ".repeat(1_000))), ProtocolErrorKind::TooLarge);
        assert_eq!(kind(frame(&[("", "")], "")), ProtocolErrorKind::Frame);
        assert_eq!(kind(event("messageStart", "[]")), ProtocolErrorKind::Json);
        assert_eq!(kind(event("messageStart", "{")), ProtocolErrorKind::Json);
    }
}
