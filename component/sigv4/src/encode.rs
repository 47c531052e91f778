//! The two ways in which Signature Version 4 writes bytes as text.

use alloc::string::String;

const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `bytes` in lower-case hexadecimal.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        push_byte(out, HEX_LOWER, byte);
    }
}

/// Appends `text` with every byte but the unreserved ones of RFC 3986 (and `/` in a path) percent-encoded: AWS's
/// `UriEncode`, which is how a segment of a path must be written before it is signed too.
pub fn push_uri(out: &mut String, text: &str, in_path: bool) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if in_path => out.push('/'),
            _ => {
                out.push('%');
                push_byte(out, HEX_UPPER, byte);
            }
        }
    }
}

fn push_byte(out: &mut String, digits: &[u8; 16], byte: u8) {
    for nibble in [byte >> 4, byte & 0xF] {
        out.push(char::from(*digits.get(usize::from(nibble)).expect("a nibble is below 16")));
    }
}
