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

names! {
    AudioFormat {
        Mp3 = "mp3",
        Opus = "opus",
        Wav = "wav",
        Aac = "aac",
        Flac = "flac",
        Mp4 = "mp4",
        Ogg = "ogg",
        Mkv = "mkv",
        Mka = "mka",
        XAac = "x-aac",
        M4a = "m4a",
        Mpeg = "mpeg",
        Mpga = "mpga",
        Pcm = "pcm",
        Webm = "webm",
    }
    CachePointType {
        Default = "default",
    }
    CacheTtl {
        FiveMinutes = "5m",
        OneHour = "1h",
    }
    DocumentFormat {
        Pdf = "pdf",
        Csv = "csv",
        Doc = "doc",
        Docx = "docx",
        Xls = "xls",
        Xlsx = "xlsx",
        Html = "html",
        Txt = "txt",
        Md = "md",
    }
    GuardContentQualifier {
        GroundingSource = "grounding_source",
        Query = "query",
        GuardContent = "guard_content",
    }
    GuardrailStreamProcessingMode {
        Synchronous = "sync",
        Asynchronous = "async",
    }
    GuardrailTrace {
        Enabled = "enabled",
        Disabled = "disabled",
        EnabledFull = "enabled_full",
    }
    ImageFormat {
        Png = "png",
        Jpeg = "jpeg",
        Gif = "gif",
        Webp = "webp",
    }
    PerformanceLatency {
        Standard = "standard",
        Optimized = "optimized",
    }
    Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
    }
    ServiceTier {
        Priority = "priority",
        Default = "default",
        Flex = "flex",
        Reserved = "reserved",
    }
    StopReason {
        EndTurn = "end_turn",
        ToolUse = "tool_use",
        MaxTokens = "max_tokens",
        StopSequence = "stop_sequence",
        GuardrailIntervened = "guardrail_intervened",
        ContentFiltered = "content_filtered",
        MalformedModelOutput = "malformed_model_output",
        MalformedToolUse = "malformed_tool_use",
        ModelContextWindowExceeded = "model_context_window_exceeded",
    }
    ToolResultStatus {
        Success = "success",
        Error = "error",
    }
    ToolUseType {
        ServerToolUse = "server_tool_use",
    }
    VideoFormat {
        Mkv = "mkv",
        Mov = "mov",
        Mp4 = "mp4",
        Webm = "webm",
        Flv = "flv",
        Mpeg = "mpeg",
        Mpg = "mpg",
        Wmv = "wmv",
        ThreeGp = "three_gp",
    }
}

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
