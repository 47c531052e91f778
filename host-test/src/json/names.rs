//! The names by which AWS calls the cases of its enumerations.

use crate::types::{
    AudioFormat, CachePointType, CacheTtl, DocumentFormat, GuardContentQualifier,
    GuardrailStreamProcessingMode, GuardrailTrace, ImageFormat, PerformanceLatency, Role, ServiceTier,
    StopReason, ToolResultStatus, ToolUseType, VideoFormat,
};

/// A case of an enumeration that AWS can extend.
pub(super) trait Named {
    /// The case, as AWS writes it.
    fn name(&self) -> &str;

    /// The case that AWS writes so; `Other` if this version does not know it.
    fn from_name(name: &str) -> Self;
}

macro_rules! names {
    ($($enumeration:ident { $($case:ident = $name:literal,)+ })+) => {$(
        impl Named for $enumeration {
            fn name(&self) -> &str {
                match self {
                    $(Self::$case => $name,)+
                    Self::Other(other) => other,
                }
            }

            fn from_name(name: &str) -> Self {
                match name {
                    $($name => Self::$case,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    )+};
}

include!("../../../component/provider/src/names/table.rs");
