/**
 * Durability: the pure rules that keep data alive. Device states by working hours and habit, replica counts, placement, allowances,
 * repair, the outage breaker, draining, reconciliation, surplus, devices that give packs back, snapshot protection, retention, RPO, and the words for each of them.
 *
 * No I/O, no clock: the time is an argument, randomness a port. The coordinator and a simulator get the same answer from
 * the same input. Non-goals: carrying a plan out, remembering anything between two calls.
 *
 * ```ts
 * import { defaultDurabilitySettings, planPlacement } from '#libs/durability';
 * const plan = planPlacement({ packs, candidates, goal: { target: 3, minimum: 2 }, settings: defaultDurabilitySettings, random: systemRandom });
 * ```
 */
export * from './allowance.ts';
export * from './audit-schedule.ts';
export * from './audit-settings.ts';
export * from './audit-verdict.ts';
export * from './breaker.ts';
export * from './bundle-keepers.ts';
export * from './candidate-pool.ts';
export * from './candidate.ts';
export * from './device-state.ts';
export type { StandingWords } from './device-words.ts';
export * from './drain.ts';
export * from './errors.ts';
export * from './headline.ts';
export * from './hold-clock.ts';
export * from './pack-bitmap.ts';
export * from './placement.ts';
export * from './presence-history.ts';
export * from './protection.ts';
export * from './reconcile.ts';
export * from './release.ts';
export * from './repair.ts';
export * from './replicas.ts';
export * from './retention.ts';
export * from './rpo.ts';
export * from './settings.ts';
export * from './shed-need.ts';
export * from './shed-way.ts';
export * from './shed-words.ts';
export * from './shed.ts';
export * from './surplus.ts';
export * from './time.ts';
export * from './trusted-times.ts';
export * from './work-week.ts';
