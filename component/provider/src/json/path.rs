//! Where something is in a JSON document.

use core::fmt;

/// The way from the root of a document to one of its values, spelled `messages[2].content[0].toolUse.input`.
///
/// It lives on the stack of the functions that walk the document, and is spelled out only when asked for.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn member(&'a self, name: &'a str) -> Self {
        Self::Member(self, name)
    }

    pub(crate) fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn is_spelled_as_aws_documents_it() {
        let messages = Path::Root.member("messages");
        let message = messages.item(2);
        let content = message.member("content");
        assert_eq!(content.item(0).member("toolUse").to_string(), "messages[2].content[0].toolUse");
        assert_eq!(Path::Root.to_string(), "");
    }
}
