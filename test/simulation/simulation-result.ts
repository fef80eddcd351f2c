/** What a simulation saw. */
export interface SimulationResult {
  hours: number;
  packYears: number;
  /** Packs of which all copies at others were gone at once. */
  losses: number;
  /** Of those, packs whose owner's machine was gone too. */
  forGood: number;
  placed: number;
  repairs: number;
  /** Repairs that kept to their share of a link, by the busiest device in its busiest hour, as a share of its link. */
  busiestShare: number;
  /** Copies by hour. */
  readonly traffic: number[];
  readonly restorable: { readonly seen: Float64Array; readonly of: Float64Array };
  deaths: number;
  drained: number;
  /** Packs of a draining device that were seen below the minimum. */
  drainWindows: number;
  reclaimed: number;
  /** Copies sent to a device that had the pack on its disk: must stay 0. */
  resent: number;
  trimmed: number;
  frozenHours: number;
  repairsWhileFrozen: number;
}

/** Nothing was seen yet. */
export const emptyResult = (): SimulationResult => ({
  ...{ hours: 0, packYears: 0, losses: 0, forGood: 0, placed: 0, repairs: 0, busiestShare: 0, traffic: [], deaths: 0, drained: 0 },
  ...{ drainWindows: 0, reclaimed: 0, resent: 0, trimmed: 0, frozenHours: 0, repairsWhileFrozen: 0 },
  restorable: { seen: new Float64Array(168), of: new Float64Array(168) },
});
