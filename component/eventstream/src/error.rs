//! Why bytes are no event stream.

use core::fmt;

/// A frame that cannot be read. It is final: frames have no marks by which a reader could find the next one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Error {
    /// What is wrong with the frame.
    pub kind: ErrorKind,
    /// Where the frame begins, in bytes from the beginning of the stream.
    pub frame_offset: u64,
}

/// What can be wrong with a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The checksum of the two lengths is wrong.
    PreludeChecksum {
        /// As received.
        received: u32,
        /// As computed.
        computed: u32,
    },
    /// The two lengths contradict each other.
    Lengths {
        /// The announced length of the frame.
        total: u32,
        /// The announced length of its headers.
        headers: u32,
    },
    /// The frame is larger than the decoder was told to accept.
    TooLarge {
        /// The announced length of the frame.
        total: u32,
        /// The limit.
        limit: u32,
    },
    /// The checksum of the frame is wrong.
    MessageChecksum {
        /// As received.
        received: u32,
        /// As computed.
        computed: u32,
    },
    /// A header reaches beyond the headers' announced length.
    HeaderTruncated,
    /// A header's name is empty.
    HeaderNameEmpty,
    /// A header's name is not UTF-8.
    HeaderNameEncoding,
    /// A header's value has a type that the specification does not know.
    HeaderType(u8),
    /// A header's string is not UTF-8.
    HeaderValueEncoding,
    /// The stream ended inside the frame.
    Truncated {
        /// How much of the frame there is.
        received: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event stream frame at byte {}: {}", self.frame_offset, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PreludeChecksum { received, computed } => {
                write!(f, "prelude checksum is {received:#010x}, should be {computed:#010x}")
            }
            Self::Lengths { total, headers } => {
                write!(f, "length {total} has no room for {headers} bytes of headers")
            }
            Self::TooLarge { total, limit } => write!(f, "length {total} is over the limit of {limit}"),
            Self::MessageChecksum { received, computed } => {
                write!(f, "message checksum is {received:#010x}, should be {computed:#010x}")
            }
            Self::HeaderTruncated => f.write_str("a header is cut off"),
            Self::HeaderNameEmpty => f.write_str("a header has no name"),
            Self::HeaderNameEncoding => f.write_str("a header's name is not UTF-8"),
            Self::HeaderType(code) => write!(f, "a header has the unknown type {code}"),
            Self::HeaderValueEncoding => f.write_str("a header's value is not UTF-8"),
            Self::Truncated { received } => write!(f, "the stream ended after {received} bytes of it"),
        }
    }
}

impl core::error::Error for Error {}
