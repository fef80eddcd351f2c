import { leafBytes } from '../pack-transfer/limits.ts';
import { fastLaneLimits } from './limits.ts';

/** How many bytes of a leaf are handed to TLS at a time. `lastLeafMs`: how long the leaf before took; undefined for the first of an answer. */
export function pieceBytesOf(link: { readonly unlimited: boolean }, lastLeafMs: number | undefined): number {
  if (!link.unlimited) return fastLaneLimits.pacedPieceBytes;
  return lastLeafMs !== undefined && lastLeafMs < fastLaneLimits.quickLeafMs ? leafBytes : fastLaneLimits.pieceBytes;
}
