//! The headers of a frame.

use core::str;

use crate::ErrorKind;
use crate::reader::Reader;

/// The headers of a frame, all of them well formed. Their order has no meaning. Should a name be given twice,
/// which the specification forbids, the first counts.
#[derive(Clone, Copy)]
pub struct Headers<'a>(Reader<'a>);

/// The value of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Value<'a> {
    /// Types 0 and 1.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Integer(i32),
    /// Type 5.
    Long(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    String(&'a str),
    /// Type 8: milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

impl<'a> Headers<'a> {
    /// Checks the whole block.
    pub(crate) fn new(block: &'a [u8]) -> Result<Self, ErrorKind> {
        let mut rest = Reader::new(block);
        while !rest.is_empty() {
            header(&mut rest)?;
        }
        Ok(Self(Reader::new(block)))
    }

    /// All of them, as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || if rest.is_empty() { None } else { header(&mut rest).ok() })
    }

    /// The value of the header `name`.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter().find_map(|(other, value)| (other == name).then_some(value))
    }

    /// The value of the header `name`, if it is a string.
    pub fn str(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Takes one header off `rest`.
fn header<'a>(rest: &mut Reader<'a>) -> Result<(&'a str, Value<'a>), ErrorKind> {
    const CUT_OFF: ErrorKind = ErrorKind::HeaderTruncated;

    let name_length = rest.u8().ok_or(CUT_OFF)?;
    if name_length == 0 {
        return Err(ErrorKind::HeaderNameEmpty);
    }
    let name = rest.take(usize::from(name_length)).ok_or(CUT_OFF)?;
    let name = str::from_utf8(name).map_err(|_| ErrorKind::HeaderNameEncoding)?;
    let value = match rest.u8().ok_or(CUT_OFF)? {
        0 => Value::Bool(true),
        1 => Value::Bool(false),
        2 => Value::Byte(i8::from_be_bytes(rest.array().ok_or(CUT_OFF)?)),
        3 => Value::Short(i16::from_be_bytes(rest.array().ok_or(CUT_OFF)?)),
        4 => Value::Integer(i32::from_be_bytes(rest.array().ok_or(CUT_OFF)?)),
        5 => Value::Long(i64::from_be_bytes(rest.array().ok_or(CUT_OFF)?)),
        6 => Value::Bytes(counted(rest).ok_or(CUT_OFF)?),
        7 => {
            let text = counted(rest).ok_or(CUT_OFF)?;
            Value::String(str::from_utf8(text).map_err(|_| ErrorKind::HeaderValueEncoding)?)
        }
        8 => Value::Timestamp(i64::from_be_bytes(rest.array().ok_or(CUT_OFF)?)),
        9 => Value::Uuid(rest.array().ok_or(CUT_OFF)?),
        code => return Err(ErrorKind::HeaderType(code)),
    };
    Ok((name, value))
}

/// Bytes with a two-byte length before them.
fn counted<'a>(rest: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = rest.u16()?;
    rest.take(usize::from(length))
}
