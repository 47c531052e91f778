//! Writes JSON.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::str;

use base64ct::{Base64, Encoding as _};

use super::{Json, Object};

/// A JSON text that grows from left to right. Separators are its own business.
#[derive(Default)]
pub(crate) struct Writer {
    text: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes) }
    }

    /// Tells where the object begins.
    pub(crate) fn begin_object(&mut self) -> usize {
        self.separate();
        self.text.push(b'{');
        self.text.len() - 1
    }

    pub(crate) fn end_object(&mut self) {
        self.text.push(b'}');
    }

    pub(crate) fn begin_array(&mut self) {
        self.separate();
        self.text.push(b'[');
    }

    pub(crate) fn end_array(&mut self) {
        self.text.push(b']');
    }

    /// The name of the member whose value comes next.
    pub(crate) fn name(&mut self, name: &str) {
        self.string(name);
        self.text.push(b':');
    }

    /// Large texts pass through here: they are copied once, into their place.
    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        self.text.push(b'"');
        let mut plain = 0;
        for (position, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.extend_from_slice(text.as_bytes().get(plain..position).unwrap_or_default());
            plain = position + 1;
            match byte {
                b'"' => self.text.extend_from_slice(b"\\\""),
                b'\\' => self.text.extend_from_slice(b"\\\\"),
                b'\n' => self.text.extend_from_slice(b"\\n"),
                _ => self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            }
        }
        self.text.extend_from_slice(text.as_bytes().get(plain..).unwrap_or_default());
        self.text.push(b'"');
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub(crate) fn unsigned(&mut self, value: u32) {
        self.raw(&value.to_string());
    }

    /// In the shortest form that reads back as the same `f32`. `value` must be finite.
    pub(crate) fn float(&mut self, value: f32) {
        self.raw(ryu::Buffer::new().format_finite(value));
    }

    /// Bytes, as AWS writes them in JSON.
    pub(crate) fn base64(&mut self, bytes: &[u8]) {
        self.separate();
        self.text.push(b'"');
        let begin = self.text.len();
        self.text.resize(begin + bytes.len().div_ceil(3) * 4, 0);
        let place = self.text.get_mut(begin..).unwrap_or_default();
        let written = Base64::encode(bytes, place);
        debug_assert!(written.is_ok());
        self.text.push(b'"');
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.separate();
        self.text.extend_from_slice(json.as_bytes());
    }

    /// The names of the members so far of the object that begins at `begin` and is still open.
    pub(crate) fn member_names(&self, begin: usize) -> Vec<String> {
        let text = self.text.get(begin..).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default();
        let names = |object: Object<'_>| object.names().map(ToOwned::to_owned).collect();
        Json::written(text).object().map(names).unwrap_or_default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.text
    }

    pub(crate) fn into_string(self) -> String {
        // All that was written is UTF-8.
        String::from_utf8(self.text).unwrap_or_default()
    }

    /// A comma, unless something was just opened or named. No value ends in one of these bytes.
    fn separate(&mut self) {
        if !matches!(self.text.last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    /// `serde_json` is the judge.
    #[test]
    fn strings_read_back_as_they_were() {
        let all: String = (0..0x300).chain([0x2028, 0xFFFF, 0x1F980]).filter_map(char::from_u32).collect();
        for text in ["", "plain", "\"", "\\", "a\nb", "\u{1F}\u{7F}é", &all] {
            let mut json = Writer::default();
            json.string(text);
            assert_eq!(serde_json::from_str::<String>(&json.into_string()).expect("it is JSON"), text);
        }
    }

    #[test]
    fn separates() {
        let mut json = Writer::default();
        json.begin_object();
        json.name("a");
        json.begin_array();
        json.end_array();
        json.name("{[:");
        json.begin_array();
        json.string("{");
        json.unsigned(7);
        json.float(0.7);
        json.float(1e30);
        json.boolean(true);
        json.base64(b"\0\xFF!?");
        json.raw("{}");
        json.begin_object();
        json.end_object();
        json.end_array();
        json.end_object();
        assert_eq!(json.into_string(), r#"{"a":[],"{[:":["{",7,0.7,1e30,true,"AP8hPw==",{},{}]}"#);
    }
}
