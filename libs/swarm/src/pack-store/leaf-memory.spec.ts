import { describe, expect, it } from '@jest/globals';
import { leafBytes } from '../pack-transfer/limits.ts';
import { LeafMemory } from './leaf-memory.ts';

describe('LeafMemory', () => {
  it('hands out what was given back, each once', () => {
    const memory = new LeafMemory();
    const first = memory.take();
    expect(first).toHaveLength(leafBytes);
    memory.give(first.subarray(0, 10));
    memory.give(first);
    const [again, other] = [memory.take(), memory.take()];
    expect(again.buffer).toBe(first.buffer);
    expect(other.buffer).not.toBe(first.buffer);
  });

  it('takes nothing that is not a leaf of memory, and keeps no more than it may', () => {
    const memory = new LeafMemory();
    memory.give(new Uint8Array(10));
    memory.give(new Uint8Array(new SharedArrayBuffer(leafBytes)));
    const many = Array.from({ length: 40 }, () => memory.take());
    for (const leaf of many) memory.give(leaf);
    const buffers = new Set(many.map((leaf) => leaf.buffer));
    const again = Array.from({ length: 40 }, () => memory.take());
    expect(again.filter((leaf) => buffers.has(leaf.buffer))).toHaveLength(16);
  });

  it('goes on with any memory where a process may have few addresses', () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: unknown } };
    const before = WebAssembly.Memory;
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError('could not allocate memory');
      }
    };
    try {
      expect(new LeafMemory().take()).toHaveLength(leafBytes);
    } finally {
      WebAssembly.Memory = before;
    }
  });
});
