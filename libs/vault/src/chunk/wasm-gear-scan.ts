import { fromHex } from '#libs/kernel';
import type { GearScan } from './gear-scan.ts';
import { gearScanModule } from './gear-scan-module.ts';

/** Where wasm/gear-scan.ts expects things: the table, the two halves of its low byte, then the bytes to scan. */
const layout = { gear: 0, lowHigh: 1024, lowLow: 1040, bytes: 4096 } as const;
/** Bytes of another buffer are copied in by this much: it stays in the processor's nearest caches. */
const pieceBytes = 64 * 1024;
/** A scan looks back over 31 bytes; one more keeps copies aligned. */
const lookBack = 32;
const pageBytes = 64 * 1024;

/** What is used of WebAssembly: the types of a browser are not there for code that runs in both. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

let compiled: object | undefined;

/**
 * The scan in WebAssembly with SIMD, some four times as fast as JavaScript: module and table in a memory of its own, with a buffer of `bufferBytes` that
 * is scanned in place (bytes elsewhere are copied in first). Undefined where there is no SIMD or no WebAssembly (an old browser, a strict policy).
 */
export function wasmGearScan(gear: Int32Array, bufferBytes: number): GearScan | undefined {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  let memory: InstanceType<WebAssemblyApi['Memory']>;
  let scan: (from: number, end: number, mask: number) => number;
  try {
    // A few hundred bytes, so even a browser's main thread may compile them at once.
    compiled ??= new WebAssembly.Module(fromHex(gearScanModule));
    memory = new WebAssembly.Memory({ initial: Math.ceil((layout.bytes + lookBack + pieceBytes + bufferBytes) / pageBytes) });
    scan = new WebAssembly.Instance(compiled, { env: { memory } }).exports['scan'] as typeof scan;
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(gear.buffer, gear.byteOffset, gear.byteLength), layout.gear);
  // Of the sum in each low byte only the total counts, so any split of it will do.
  for (let i = 0; i < 16; i += 1) {
    bytes[layout.lowHigh + i] = gear[i << 4]!;
    bytes[layout.lowLow + i] = gear[i]! - gear[0]!;
  }
  const piece = layout.bytes;
  const buffer = bytes.subarray(piece + lookBack + pieceBytes, piece + lookBack + pieceBytes + bufferBytes);
  return {
    buffer,
    scan(source, from, end, mask) {
      if (source.buffer === memory.buffer) {
        const found = scan(source.byteOffset + from, source.byteOffset + end, mask);
        return found < 0 ? -1 : found - source.byteOffset;
      }
      for (let at = from; at < end; at += pieceBytes) {
        const stop = Math.min(end, at + pieceBytes);
        bytes.set(source.subarray(at - lookBack, stop), piece);
        const found = scan(piece + lookBack, piece + lookBack + stop - at, mask);
        if (found >= 0) return at + found - piece - lookBack;
      }
      return -1;
    },
  };
}
