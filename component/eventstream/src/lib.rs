//! Decoder of the [Amazon event stream encoding][spec], `application/vnd.amazon.eventstream`.
//!
//! In scope: bytes in, in pieces of any size; frames out, whole and checked. "Not yet" is a value.
//!
//! Out of scope: what a frame means (`:message-type` and the rest), sockets, writing frames.
//!
//! ```
//! # let reply = b"\x00\x00\x00\x1D\x00\x00\x00\x00\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36".to_vec();
//! let mut decoder = bedrock_eventstream::Decoder::new(1 << 20);
//! decoder.push(reply);
//! while let Some(frame) = decoder.next_frame()? {
//!     println!("{:?}: {} bytes", frame.headers.str(":event-type"), frame.payload.len());
//! }
//! decoder.finish()?;
//! # Ok::<(), bedrock_eventstream::Error>(())
//! ```
//!
//! [spec]: https://smithy.io/2.0/aws/amazon-eventstream.html

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

extern crate alloc;

mod crc32;
mod decoder;
mod error;
mod headers;
mod reader;

pub use decoder::{Decoder, Frame};
pub use error::{Error, ErrorKind};
pub use headers::{Headers, Value};
