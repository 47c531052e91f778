//! What holds whatever arrives, or is asked for.
//!
//! Each function here makes what it needs of any bytes, panics if one of its claims does not hold, and tells whether
//! they led all the way through. `component/fuzz` lets libFuzzer look for such bytes; the tests below go on from its
//! seeds.

mod error_body;
mod event_json;
mod event_stream;
mod request;

pub use error_body::error_body;
pub use event_json::event_json;
pub use event_stream::event_stream;
pub use request::request;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What is left of an input, read so that one can write it by hand. At its end all numbers are 0 and all texts empty.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// A number below `of`, written `0`, `1` and so on in ASCII's order.
    fn choice(&mut self, of: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(first.wrapping_sub(b'0')) % of
    }

    fn flag(&mut self) -> bool {
        self.choice(2) == 1
    }

    /// What comes before the next `|`.
    fn bytes(&mut self) -> &'a [u8] {
        let mut parts = self.0.splitn(2, |byte| *byte == b'|');
        let first = parts.next().unwrap_or_default();
        self.0 = parts.next().unwrap_or_default();
        first
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    fn number<T: FromStr + Default>(&mut self) -> T {
        self.text().parse().unwrap_or_default()
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| read(self))
    }
}

/// The members of an object, as `serde_json` has them: the judge of what is cut here without it.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` if it is no object, or has a name with half of a surrogate pair.
    fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// How many inputs are made of the seeds of each.
    const MUTATIONS: usize = 10_000;

    type Seeds = Vec<(String, Vec<u8>)>;

    fn seeds(target: &str) -> Seeds {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let files = fs::read_dir(&folder).expect("there is a corpus");
        let mut seeds: Seeds = files
            .map(|file| {
                let file = file.expect("the folder can be read");
                let bytes = fs::read(file.path()).expect("the file can be read");
                (file.file_name().into_string().expect("its name is a text"), bytes)
            })
            .collect();
        seeds.sort();
        seeds
    }

    /// Marsaglia's xorshift: every run is the same.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 11).expect("a word has 64 bits") % limit.max(1)
        }

        /// A range in something of this length.
        fn range(&mut self, length: usize) -> std::ops::Range<usize> {
            let begin = self.below(length + 1);
            begin..begin + self.below((length - begin).min(32) + 1)
        }

        /// One of `seeds`, changed in a few places.
        fn mutation(&mut self, seeds: &Seeds) -> Vec<u8> {
            const TELLING: &[u8] = b"{}[]\",:\\|\0\n\r09-\xFF^~`*";

            let mut bytes = seeds[self.below(seeds.len())].1.clone();
            for _ in 0..=self.below(4) {
                let range = self.range(bytes.len());
                let place = range.start;
                match self.below(6) {
                    0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
                    1 if place < bytes.len() => bytes[place] = TELLING[self.below(TELLING.len())],
                    2 => bytes.insert(place, TELLING[self.below(TELLING.len())]),
                    3 => drop(bytes.drain(range)),
                    4 => {
                        let again = bytes[range].to_vec();
                        bytes.splice(place..place, again);
                    }
                    _ => {
                        let other = &seeds[self.below(seeds.len())].1;
                        let piece = other[self.range(other.len())].to_vec();
                        bytes.splice(range, piece);
                    }
                }
            }
            bytes
        }
    }

    /// Names the input that a check fails for.
    struct Checking<'a>(&'a str, &'a [u8]);

    impl Drop for Checking<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{}: \"{}\"", self.0, self.1.escape_ascii());
            }
        }
    }

    fn check(target: &str, check: fn(&[u8]) -> bool) {
        let seeds = seeds(target);
        assert!(seeds.len() >= 5, "{} seeds", seeds.len());
        for (name, seed) in &seeds {
            let _checking = Checking(name, seed);
            assert_eq!(check(seed), !name.starts_with("refused-"), "{name}");
        }
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut accepted = 0;
        for _ in 0..MUTATIONS {
            let input = random.mutation(&seeds);
            let _checking = Checking(target, &input);
            accepted += usize::from(check(&input));
        }
        // Else the mutations test one error path again and again.
        assert!(accepted >= MUTATIONS / 20, "{accepted} of {MUTATIONS} mutations of {target} were accepted");
    }

    #[test]
    fn event_stream() {
        check("event_stream", super::event_stream);
    }

    #[test]
    fn event_json() {
        check("event_json", super::event_json);
    }

    #[test]
    fn error_body() {
        check("error_body", super::error_body);
    }

    #[test]
    fn request() {
        check("request", super::request);
    }
}
