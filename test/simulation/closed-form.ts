/** The model that the simulation is held against. */

/**
 * Losses of all `replicas` copies of a pack, for each pack and year: holders vanish at `lossPerYear`, independently, and a vanished one
 * is noticed and replaced `windowDays` later. n! · λⁿ · Wⁿ⁻¹: the first of n goes, the rest within the window of the one before.
 */
export function closedFormLoss(replicas: number, lossPerYear: number, windowDays: number): number {
  let orders = 1;
  for (let n = 2; n <= replicas; n += 1) orders *= n;
  return orders * lossPerYear ** replicas * (windowDays / 365) ** (replicas - 1);
}

/**
 * Upper end of the 95 % confidence interval (one-sided) for a Poisson count: what the true mean may be when so many were seen
 * (Byar's approximation; exact for none).
 */
export function atMost(seen: number): number {
  if (seen === 0) return 2.996;
  const n = seen + 1;
  return n * (1 - 1 / (9 * n) + 1.645 / (3 * Math.sqrt(n))) ** 3;
}
