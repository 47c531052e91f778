//! See `bedrock_provider::fuzz::request`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    bedrock_provider::fuzz::request(input);
});
