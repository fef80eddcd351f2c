/** What the strictest of usual disks and file systems ask for. */
export const pageBytes = 4096;

/** What is used of WebAssembly: its types are those of a browser, which this library has none of. */
interface WebAssemblyMemory {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}
const wasmPageBytes = 64 * 1024;

/**
 * Zeroed memory whose first byte is at the start of a page, as writes past the page cache want it: that of a WebAssembly memory always is. Each takes some
 * gigabytes of addresses (not of memory), so ask for few and divide them.
 */
export function pageAligned(bytes: number): Uint8Array {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyMemory };
  return new Uint8Array(new WebAssembly.Memory({ initial: Math.ceil(bytes / wasmPageBytes) }).buffer, 0, bytes);
}
