//! Asks the linker for a small stack.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        // rustc's default of 1 MiB would be most of an instance's memory.
        println!("cargo:rustc-link-arg-cdylib=-zstack-size=131072");
    }
}
