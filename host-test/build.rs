//! Builds the component and tells the library where it is.
//!
//! `BEDROCK_PROVIDER_WASM` names a component to use instead: one from another build, or any file where the
//! component is not needed (documentation, editors).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-wasip2";
const GIVEN: &str = "BEDROCK_PROVIDER_WASM";

fn main() {
    println!("cargo:rerun-if-env-changed={GIVEN}");
    println!("cargo:rerun-if-changed=build.rs");
    let component = match env::var_os(GIVEN) {
        Some(file) => fs::canonicalize(&file).unwrap_or_else(|error| fail(&format!("{GIVEN}: {error}"))),
        None => build(),
    };
    println!("cargo:rerun-if-changed={}", component.display());
    println!("cargo:rustc-env=BEDROCK_COMPONENT={}", component.display());
}

fn build() -> PathBuf {
    let variable = |name| env::var_os(name).unwrap_or_else(|| fail(&format!("cargo sets no {name}")));
    let workspace = Path::new(&variable("CARGO_MANIFEST_DIR")).join("..");
    let workspace = fs::canonicalize(workspace).expect("the crate is in a workspace");
    let target_dir = PathBuf::from(variable("OUT_DIR")).join("component");
    install_target(&variable("RUSTC"));

    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(&workspace)
        .args(["build", "--release", "--locked", "--package", "bedrock-provider", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target_dir);
    // What the outer cargo was told is not for the component: a lint driver would compile it, flags and profiles
    // would change it.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let leaks = text.starts_with("RUSTC")
            || text.ends_with("RUSTFLAGS")
            || text.starts_with("CLIPPY_")
            || text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_BUILD_")
            || text == "CARGO_TARGET_DIR";
        if leaks {
            cargo.env_remove(&name);
        }
    }
    if !cargo.status().is_ok_and(|status| status.success()) {
        fail("the component does not build; see above");
    }

    // Beside the component cargo lists what it was built from.
    let release = target_dir.join(TARGET).join("release");
    let sources = fs::read_to_string(release.join("bedrock_provider.d")).expect("cargo wrote the list");
    let sources = sources.split_once(": ").map_or("", |(_, files)| files).replace("\\ ", "\0");
    for source in sources.split_whitespace() {
        println!("cargo:rerun-if-changed={}", source.replace('\0', " "));
    }
    for other in [
        "Cargo.lock",
        "Cargo.toml",
        "component/endpoint/Cargo.toml",
        "component/eventstream/Cargo.toml",
        "component/provider/Cargo.toml",
        "component/sigv4/Cargo.toml",
        "wit",
    ] {
        println!("cargo:rerun-if-changed={}", workspace.join(other).display());
    }
    release.join("bedrock_provider.wasm")
}

/// Makes sure that the standard library for the component's target is there.
fn install_target(rustc: &std::ffi::OsStr) {
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let directory = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if directory.is_ok_and(|directory| Path::new(&directory).is_dir()) {
        return;
    }
    let command = format!("rustup target add {TARGET}");
    if env::var("CARGO_NET_OFFLINE").is_ok_and(|offline| offline == "true") {
        fail(&format!("the target {TARGET} is not installed and cargo is offline; run `{command}`"));
    }
    println!("cargo:warning=the target {TARGET} is not installed; running `{command}`");
    if !Command::new("rustup").args(["target", "add", TARGET]).status().is_ok_and(|status| status.success()) {
        fail(&format!("`{command}` failed; see above"));
    }
}

fn fail(problem: &str) -> ! {
    eprintln!("error: {problem}");
    std::process::exit(1);
}
