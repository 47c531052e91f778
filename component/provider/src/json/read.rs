//! Reads JSON, one level at a time.
//!
//! `serde_json` checks the whole text once. What is checked is then only cut: its own types for that come with
//! the printing of numbers and with errors that cannot happen any more, 30 KB of them.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::str::FromStr;

use base64ct::{Base64, Encoding as _};
use serde::de::IgnoredAny;

use super::{Path, Problem, Writer};

/// RFC 8259, section 2.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The most members or items that an object or array is taken apart into. AWS's own have a few; what has more
/// would need many times its size.
const MAX_PARTS: usize = 1_000;

/// The most levels of arrays and objects. Models and AWS make a few; readers of JSON that go deeper than a thousand
/// are rare.
const MAX_DEPTH: usize = 1_024;

/// More members than these are left together, see [`Object::leave`].
const MANY: usize = 32;

/// A JSON value as text, checked and without white space around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a>(&'a str);

/// The members of an object in the order they came.
///
/// Reading a member takes it out; what nobody asked for, or has another type than was asked for, stays.
#[derive(Default)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value, and not too deep for those who read it next.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Problem> {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) if is_too_deep(text) => Err(String::from("is nested more than 1024 levels deep")),
            Ok(_) => Ok(Self(text.trim_matches(WHITE_SPACE))),
            Err(error) => {
                let mut problem = String::from("is not JSON: ");
                problem.push_str(&error.to_string());
                Err(problem)
            }
        }
    }

    /// What was written here. Its end may be missing.
    pub(super) fn written(text: &'a str) -> Self {
        Self(text)
    }

    pub(crate) fn text(self) -> &'a str {
        self.0
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// `None` if this is no object, or has more than [`MAX_PARTS`] members.
    pub(crate) fn object(self) -> Option<Object<'a>> {
        let mut rest = Rest(self.0.strip_prefix('{')?);
        let mut members = Vec::new();
        while let Some(name) = rest.take() {
            if members.len() == MAX_PARTS {
                return None;
            }
            members.push((name.string()?, rest.take()?));
        }
        Some(Object { members })
    }

    /// The items of an array; `None` if this is no array, or has more than [`MAX_PARTS`] items.
    pub(crate) fn array(self) -> Option<Vec<Self>> {
        let mut rest = Rest(self.0.strip_prefix('[')?);
        let mut items = Vec::new();
        while let Some(item) = rest.take() {
            if items.len() == MAX_PARTS {
                return None;
            }
            items.push(item);
        }
        Some(items)
    }

    /// `None` if this is no string. Half of a surrogate pair becomes U+FFFD.
    pub(crate) fn string(self) -> Option<Cow<'a, str>> {
        let escaped = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(if escaped.contains('\\') { Cow::Owned(unescape(escaped)) } else { Cow::Borrowed(escaped) })
    }

    /// The bytes that a string of base64 stands for.
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        Base64::decode_vec(&self.string()?).ok()
    }

    /// `None` unless this is a whole number in plain digits that fits.
    pub(crate) fn number<T: FromStr>(self) -> Option<T> {
        // `FromStr` takes a leading `+` too, but JSON has none.
        self.0.parse().ok()
    }
}

impl<'a> Object<'a> {
    /// Takes the member `name` out, if `read` makes something of it. A `null` counts as absent. Of members of the
    /// same name the last counts.
    pub(crate) fn take<T>(&mut self, name: &str, read: impl FnOnce(Json<'a>) -> Option<T>) -> Option<T> {
        let value = self.last(name)?;
        let taken = if value.0 == "null" { None } else { Some(read(value)?) };
        self.remove(name);
        taken
    }

    fn last(&self, name: &str) -> Option<Json<'a>> {
        let (_, value) = self.members.iter().rfind(|(other, _)| other == name)?;
        Some(*value)
    }

    fn remove(&mut self, name: &str) {
        self.members.retain(|(other, _)| other != name);
    }

    /// Takes the first member out whose name is `wanted`.
    pub(crate) fn take_first(&mut self, wanted: impl Fn(&str) -> bool) -> Option<(Cow<'a, str>, Json<'a>)> {
        let place = self.members.iter().position(|(name, _)| wanted(name))?;
        Some(self.members.remove(place))
    }

    /// Puts a member in, behind the others.
    pub(crate) fn put(&mut self, member: (Cow<'a, str>, Json<'a>)) {
        self.members.push(member);
    }

    /// Forgets the members that are `null`: to AWS they are absent.
    pub(crate) fn drop_nulls(&mut self) {
        self.members.retain(|(_, value)| value.0 != "null");
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_ref())
    }

    pub(crate) fn into_members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.members.into_iter()
    }

    /// The remaining members as an object of their own, or `None` if there are none.
    pub(crate) fn into_rest(self) -> Option<String> {
        if self.members.is_empty() {
            return None;
        }
        let mut json = Writer::default();
        json.begin_object();
        for (name, value) in &self.members {
            json.name(name);
            json.raw(value.0);
        }
        json.end_object();
        Some(json.into_string())
    }

    /// The remaining members, each with the path to it; more than [`MANY`] as one object.
    pub(crate) fn leave(self, at: &Path<'_>, mut to: impl FnMut(String, String)) {
        if self.members.len() > MANY {
            to(at.to_string(), self.into_rest().unwrap_or_default());
            return;
        }
        for (name, value) in &self.members {
            to(at.member(name).to_string(), value.0.to_owned());
        }
    }
}

/// What follows in an object or array. A checked text, so that only its ends need to be found.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The next name or value; `None` at the end.
    fn take(&mut self) -> Option<Json<'a>> {
        let rest = self.0.trim_start_matches(|next| matches!(next, ',' | ':') || WHITE_SPACE.contains(&next));
        let (value, rest) = rest.split_at_checked(length(rest))?;
        self.0 = rest;
        if value.is_empty() { None } else { Some(Json(value)) }
    }
}

/// Whether a checked text has more than [`MAX_DEPTH`] levels.
fn is_too_deep(text: &str) -> bool {
    // Each level has two brackets: most texts are too short to be deep.
    if text.len() <= 2 * MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The length of the value that `text` begins with: 0 if a bracket closes instead.
fn length(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (position, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => continue,
            }
            if !in_string && depth == 0 {
                return position + 1;
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return position + 1;
                }
            }
            // A number or a word ends before these.
            b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return position,
            _ => {}
        }
    }
    text.len()
}

/// What stands between the quotes of a checked string.
pub(crate) fn unescape(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut characters = escape.chars();
        let character = match characters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{C}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (character, after) = unescape_unicode(characters.as_str());
                characters = after.chars();
                character
            }
            Some(itself) => itself,
            None => char::REPLACEMENT_CHARACTER,
        };
        text.push(character);
        rest = characters.as_str();
    }
    text.push_str(rest);
    text
}

/// The character that the text behind `\u` begins with, and what comes after it.
fn unescape_unicode(text: &str) -> (char, &str) {
    let Some((unit, after)) = code_unit(text) else { return (char::REPLACEMENT_CHARACTER, text) };
    if let Some(character) = char::from_u32(unit) {
        return (character, after);
    }
    // Half of a surrogate pair; the other half must follow.
    let pair = || {
        let (low, after) = code_unit(after.strip_prefix('\\')?.strip_prefix('u')?)?;
        let in_order = unit < 0xDC00 && (0xDC00..0xE000).contains(&low);
        let character = char::from_u32(0x1_0000 + ((unit & 0x3FF) << 10) + (low & 0x3FF));
        character.filter(|_| in_order).map(|character| (character, after))
    };
    pair().unwrap_or((char::REPLACEMENT_CHARACTER, after))
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        Json::parse(text).expect("it is JSON")
    }

    #[test]
    fn strings() {
        for (text, wanted) in [
            (r#""""#, ""),
            (r#""plain""#, "plain"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (r#""\u00e9\u20AC\u0000""#, "é€\0"),
            (r#""\ud83d\ude00!""#, "😀!"),
            (r#""\ud83d""#, "\u{FFFD}"),
            (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            (r#""\ud83d\u0041""#, "\u{FFFD}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
            (r#""\ud83dx""#, "\u{FFFD}x"),
            (r#""\ud83d\n""#, "\u{FFFD}\n"),
        ] {
            assert_eq!(json(text).string().as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(json("5").string(), None);
    }

    #[test]
    fn members_are_taken_by_name_and_type() {
        let text = r#" {"a" : 1,"b":"x","c":null,"a": 2 ,"\u0064":true,"\ud83d":3} "#;
        let mut members = json(text).object().expect("it is an object");
        assert_eq!(members.take("b", Json::number::<u32>), None);
        assert_eq!(members.take("a", Json::number::<u32>), Some(2));
        assert_eq!(members.take("c", Json::number::<u32>), None);
        assert_eq!(members.take("d", |value| Some(value.text())), Some("true"));
        assert_eq!(members.into_rest().as_deref(), Some(r#"{"b":"x","�":3}"#));
    }

    #[test]
    fn values_are_cut_where_they_end() {
        let items = [
            "1",
            "-0.0",
            "1e400",
            "12345678901234567890123",
            "true",
            "null",
            r#""""#,
            r#""a\\""#,
            r#""\"]""#,
            "[]",
            "{}",
            r#"[[ ],{"a" :[ "}" ]} ]"#,
            r#"{"]":"[","b":{"c":[{}]}}"#,
        ];
        for separator in [",", " , ", "\n,\t\r"] {
            let text = format!("[{}]", items.join(separator));
            let cut: Vec<_> =
                json(&text).array().expect("it is an array").into_iter().map(Json::text).collect();
            assert_eq!(cut, items);
        }
        for item in items {
            let text = format!(r#"{{"x":{item} , "y" : {item}}}"#);
            let members = json(&text).object().expect("it is an object").into_members();
            let members: Vec<_> = members.map(|(name, value)| (name, value.text())).collect();
            assert_eq!(members, [("x".into(), item), ("y".into(), item)]);
        }
        assert_eq!(json("[ ]").array().map(|items| items.len()), Some(0));
        assert!(json("{ }").object().is_some_and(|members| members.names().next().is_none()));
    }

    #[test]
    fn numbers_must_be_whole_and_fit() {
        assert_eq!(json("4294967295").number(), Some(u32::MAX));
        for text in ["4294967296", "-1", "1.0", "1e2", r#""1""#, "null"] {
            assert_eq!(json(text).number::<u32>(), None, "{text}");
        }
    }

    #[test]
    fn other_things_are_refused() {
        for (text, problem) in [
            ("{", "is not JSON: EOF while parsing an object at line 1 column 1"),
            ("1 2", "is not JSON: trailing characters at line 1 column 3"),
            (r#"{"a":}"#, "is not JSON: expected value at line 1 column 6"),
            (
                "\"a\nb\"",
                "is not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2",
            ),
        ] {
            assert_eq!(Json::parse(text).expect_err("it is not JSON"), problem);
        }
        assert!(json("[]").object().is_none());
        assert!(json("{}").array().is_none());
    }

    #[test]
    fn what_has_too_many_parts_is_not_taken_apart() {
        let of = |items: usize| format!("[{}]", vec!["0"; items].join(","));
        assert!(json(&of(MAX_PARTS)).array().is_some());
        assert!(json(&of(MAX_PARTS + 1)).array().is_none());
        let of = |members: usize| format!("{{{}}}", vec![r#""a":0"#; members].join(","));
        assert!(json(&of(MAX_PARTS)).object().is_some());
        assert!(json(&of(MAX_PARTS + 1)).object().is_none());
        let left = |members: usize| {
            let mut left = Vec::new();
            let text = of(members);
            let object = json(&text).object().expect("it is an object");
            object.leave(&Path::Root.member("x"), |path, value| left.push((path, value)));
            left
        };
        assert_eq!(left(MANY), vec![("x.a".to_owned(), "0".to_owned()); MANY]);
        assert_eq!(left(MANY + 1), [("x".to_owned(), of(MANY + 1))]);
    }

    #[test]
    fn depth_has_a_limit_and_takes_no_stack() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::parse(&deep(MAX_DEPTH)).is_ok());
        for levels in [MAX_DEPTH + 1, 1_000_000] {
            let problem = Json::parse(&deep(levels)).expect_err("it is too deep");
            assert_eq!(problem, "is nested more than 1024 levels deep");
        }
        let in_strings = format!(r#"["{}\\"]"#, r#"[{\""#.repeat(5_000));
        assert!(Json::parse(&in_strings).is_ok());
    }
}
