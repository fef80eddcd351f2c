/**
 * Contracts: zod schemas of everything that crosses a process boundary. One schema serves the API, its OpenAPI page,
 * the agent and the panel. No behaviour, no I/O.
 */
export * from './audits.ts';
export * from './bundle.ts';
export * from './common.ts';
export * from './durability-rules.ts';
export * from './enrolment.ts';
export * from './jobs.ts';
export * from './overview.ts';
export * from './packs.ts';
export * from './people.ts';
export * from './policies.ts';
export * from './rebuild.ts';
export * from './releases.ts';
export * from './root-releases.ts';
export * from './team.ts';
export * from './trims.ts';
