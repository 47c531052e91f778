// AWS's enumerations by their types in the contract. Whoever includes this has a macro `names!`.

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
