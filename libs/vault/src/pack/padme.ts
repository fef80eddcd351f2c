/**
 * Padmé (Nikitin et al., PoPETs 2019): the padded size for `length` bytes, at most 12 % more, so that a size tells no
 * more than its order of magnitude and log2(log2(length)) bits.
 */
export function padme(length: number): number {
  if (length < 2) return length;
  const exponent = 31 - Math.clz32(length);
  const kept = 32 - Math.clz32(exponent);
  const step = 2 ** Math.max(0, exponent - kept);
  return Math.ceil(length / step) * step;
}
