//! The names that AWS gives to the values of its enumerations.

use alloc::string::{String, ToString as _};

use crate::bindings::types::{
    AudioFormat, CachePointType, CacheTtl, DocumentFormat, GuardContentQualifier,
    GuardrailStreamProcessingMode, GuardrailTrace, ImageFormat, PerformanceLatency, Role, ServiceTier,
    StopReason, ToolResultStatus, ToolUseType, VideoFormat,
};

/// An enumeration that AWS may extend: its last case holds a name that this version does not know.
pub(crate) trait Named: Sized {
    /// All names that this version knows.
    const KNOWN: &'static [&'static str];

    /// The case of the name at this place in [`Self::KNOWN`].
    fn at(place: usize) -> Option<Self>;

    fn other(name: String) -> Self;

    /// As AWS writes it.
    fn name(&self) -> &str;

    /// The value that AWS calls `name`.
    fn of(name: &str) -> Self {
        let known = Self::KNOWN.iter().position(|known| *known == name);
        known.and_then(Self::at).unwrap_or_else(|| Self::other(name.to_string()))
    }
}

macro_rules! names {
    ($($type:ident { $($case:ident = $name:literal,)+ })+) => {$(
        impl Named for $type {
            const KNOWN: &'static [&'static str] = &[$($name),+];

            fn at(place: usize) -> Option<Self> {
                let mut places = 0..;
                $(
                    if places.next() == Some(place) {
                        return Some(Self::$case);
                    }
                )+
                None
            }

            fn other(name: String) -> Self {
                Self::Other(name)
            }

            fn name(&self) -> &str {
                match self {
                    $(Self::$case => $name,)+
                    Self::Other(other) => other,
                }
            }
        }

        impl Default for $type {
            /// What a required member is that was left out.
            fn default() -> Self {
                Self::Other(String::new())
            }
        }
    )+};
}

include!("names/table.rs");

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back<T: Named>() {
        for name in T::KNOWN {
            assert_eq!(T::of(name).name(), *name);
        }
        assert_eq!(T::of("newer").name(), "newer");
        assert!(!T::KNOWN.contains(&"newer"));
    }

    #[test]
    fn names_read_back() {
        reads_back::<AudioFormat>();
        reads_back::<DocumentFormat>();
        reads_back::<GuardContentQualifier>();
        reads_back::<StopReason>();
        reads_back::<VideoFormat>();
    }
}
