/** A cell that one sealer writes and the run's progress reads, from another thread too: plain bytes of the chunks done so far. */
export function sealedBytesCell(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
}
