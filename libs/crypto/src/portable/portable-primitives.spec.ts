import { describe, expect, it } from '@jest/globals';
import { nodePrimitives } from '../node/index.ts';
import { primitivesConformance } from '../testing/primitives-conformance.ts';
import { portablePrimitives } from './index.ts';

primitivesConformance('portable', async () => {
  const compressor = nodePrimitives();
  return { primitives: await portablePrimitives(), other: compressor, compressor };
});

describe('portable primitives', () => {
  it('say that they do not compress', async () => {
    const primitives = await portablePrimitives();
    expect(() => primitives.compress(new Uint8Array(10))).toThrow(expect.objectContaining({ code: 'compression_unavailable' }));
  });
});
