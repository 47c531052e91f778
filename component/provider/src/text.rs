//! Finding a part of a text. (The library's own search is several kilobytes of algorithm.)

/// Where `part` is in `text`; nowhere if it is empty.
pub(crate) fn find(text: &str, part: &str) -> Option<usize> {
    text.as_bytes().windows(part.len().max(1)).position(|window| window == part.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn parts_are_found() {
        for (text, part, place) in [
            ("é secret", "secret", Some(3)),
            ("secret", "secret", Some(0)),
            ("ab", "abc", None),
            ("", "a", None),
            ("a", "", None),
        ] {
            assert_eq!(find(text, part), place, "{text} {part}");
        }
    }
}
