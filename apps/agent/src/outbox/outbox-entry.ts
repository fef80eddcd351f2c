import { z } from 'zod';
import { announcePacks, commitSnapshot, jobReport, putVaultHeader, reportRun, scrubReport } from '#libs/contracts';

/** Something that the coordinator must still be told. Telling it twice changes nothing. */
export const outboxEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('vault-header'), body: putVaultHeader }),
  z.strictObject({ kind: z.literal('packs'), body: announcePacks }),
  z.strictObject({ kind: z.literal('snapshot'), body: commitSnapshot }),
  z.strictObject({ kind: z.literal('run'), body: reportRun }),
  z.strictObject({ kind: z.literal('scrub'), body: scrubReport }),
  z.strictObject({ kind: z.literal('job'), jobId: z.uuid(), body: jobReport }),
]);
export type OutboxEntry = z.infer<typeof outboxEntry>;
