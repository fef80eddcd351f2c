import { describe, expect, it } from '@jest/globals';
import { defaultTransferLimits, leafBytes } from '../pack-transfer/limits.ts';
import { pieceBytesOf } from './leaf-pieces.ts';
import { fastLaneLimits } from './limits.ts';

describe('pieces of a leaf', () => {
  const free = { unlimited: true };

  it('are the whole leaf only after one that was quick', () => {
    expect(pieceBytesOf(free, undefined)).toBe(fastLaneLimits.pieceBytes);
    expect(pieceBytesOf(free, fastLaneLimits.quickLeafMs - 1)).toBe(leafBytes);
    expect(pieceBytesOf(free, fastLaneLimits.quickLeafMs)).toBe(fastLaneLimits.pieceBytes);
  });

  it('are small under a rate limit, however quick the last leaf was', () => {
    expect(pieceBytesOf({ unlimited: false }, 1)).toBe(fastLaneLimits.pacedPieceBytes);
  });

  it('let the slowest link that may carry a leaf show progress before it counts as idle', () => {
    const slowestBytesPerMs = leafBytes / defaultTransferLimits.frameTimeoutMs;
    expect(pieceBytesOf(free, defaultTransferLimits.frameTimeoutMs) / slowestBytesPerMs).toBeLessThanOrEqual(
      defaultTransferLimits.idleTimeoutMs,
    );
  });
});
