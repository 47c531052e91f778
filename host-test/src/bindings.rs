//! What `bindgen!` makes of `wit/`, and nothing else.

#![expect(missing_docs, unreachable_pub, reason = "generated code; its documentation is the WIT")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "provider",
    exports: { default: async },
    with: {
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        "wasi:io": wasmtime_wasi::p2::bindings::io,
    },
    additional_derives: [Clone, PartialEq],
});

pub use exports::model_provider::amazon_bedrock::{converse, credentials, types};
