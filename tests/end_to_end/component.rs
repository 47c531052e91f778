//! The component as a file.

use std::path::Path;

use host_test::COMPONENT;
use wasmparser::{ComponentExternalKind, Parser, Payload};

/// All that the component can reach.
const IMPORTS: [&str; 7] = [
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.12",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:io/streams@0.2.12",
];

const EXPORTS: [&str; 3] = [
    "model-provider:amazon-bedrock/converse@0.1.0",
    "model-provider:amazon-bedrock/credentials@0.1.0",
    "model-provider:amazon-bedrock/types@0.1.0",
];

const MAXIMUM_SIZE: usize = 340_000;

#[test]
fn imports_are_exactly_what_the_world_means_to_use() {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(COMPONENT) {
        match payload.expect("the component is well formed") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports
                    .extend(section.into_iter().map(|import| import.expect("it is well formed").name.name));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.expect("it is well formed");
                    assert_eq!(export.kind, ComponentExternalKind::Instance);
                    exports.push(export.name.name);
                }
            }
            _ => {}
        }
    }
    imports.sort_unstable();
    exports.sort_unstable();
    assert_eq!(imports, IMPORTS);
    assert_eq!(exports, EXPORTS);
}

#[test]
fn it_is_small() {
    println!("the component has {} bytes", COMPONENT.len());
    assert!(COMPONENT.len() < MAXIMUM_SIZE, "{}", COMPONENT.len());
}

/// What `wasm-tools component targets` checks: it can be used wherever the world `provider` is asked for.
#[test]
fn it_targets_the_world() {
    let mut resolve = wit_parser::Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (package, _) = resolve.push_dir(&wit).expect("the WIT is well formed");
    let world = resolve.select_world(&[package], Some("provider")).expect("there is a world");
    wit_component::targets(&resolve, world, COMPONENT).expect("the component targets the world");
}
