//! What Rust's standard library would do for a component, without its imports.
//!
//! `std` on `wasm32-wasip2` imports the environment, the standard streams, the file system and `exit`, whether
//! they are used or not; a host that offers only what `wasi:http/proxy` has refuses such a component.

#![expect(unsafe_code, reason = "the contract with the linker and the component model is in C")]

use alloc::alloc::{Layout, alloc, handle_alloc_error, realloc};
use core::panic::PanicInfo;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Ends in a trap, which the host sees. There is nowhere to print to.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

// memcpy and its kin.
// SAFETY: nothing is declared, so nothing can be declared wrongly.
#[cfg(target_os = "wasi")]
#[link(name = "c")]
unsafe extern "C" {}

/// Memory for arguments and results, as the canonical ABI asks for it. On other targets wit-bindgen has its own.
///
/// # Safety
///
/// The host calls it by the rules of the canonical ABI: `old` is null, or was returned from here for `old_size`
/// and `align`.
#[cfg(target_env = "p2")]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if new_size == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: `align` is a power of two and the sizes are below 4 GiB, as the canonical ABI promises; `old` is
    // of that layout, as this function's own contract has it.
    unsafe {
        let memory = if old_size == 0 {
            alloc(Layout::from_size_align_unchecked(new_size, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_size, align), new_size)
        };
        if memory.is_null() {
            handle_alloc_error(Layout::from_size_align_unchecked(new_size, align));
        }
        memory
    }
}
