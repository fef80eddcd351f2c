import { z } from 'zod';
import { deliverSoon } from '../backup/deliver-soon.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { openOwnVault } from '../reading/open-vault.ts';

const args = z.strictObject({
  sequences: z
    .array(z.union([z.int().min(1), z.literal('latest')]))
    .min(1)
    .max(1000),
  pinned: z.boolean(),
});

/** `holdfast snapshots pin` and `unpin`. */
export const snapshotsPinCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { sequences, pinned }) {
    const { setPinned } = await import('#libs/engine');
    const latest = sequences.includes('latest') ? (await (await openOwnVault(agent, signal)).reader.latest([], { signal })).sequence : 0;
    const wanted = sequences.map((one) => (one === 'latest' ? latest : one));
    await agent.vault.use(async (vault) => {
      const isThere = new Set(vault.head.snapshots.map(({ sequence }) => sequence));
      // All or none: one that is not there is refused before another is changed.
      const inOrder = wanted.toSorted((a, b) => Number(isThere.has(a)) - Number(isThere.has(b)));
      for (const sequence of inOrder) await setPinned(vault, sequence, pinned);
      await agent.reporter.reconcile(vault, { needsUnchanged: wanted.length === 1 });
    });
    const reported = await deliverSoon(agent, signal);
    yield { event: 'result', command: 'snapshots', exitCode: exitCodes.done, sequences: wanted, pinned, reported };
  },
  text: {
    result: (r) => [
      `${(r['sequences'] as number[]).map((n) => `snapshot ${n}`).join(', ')}: ${r['pinned'] === true ? 'pinned, no rule forgets it' : 'the retention rules decide again'}`,
    ],
  },
});
