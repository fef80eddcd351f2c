import type { ReturnedSnapshot, ReturnReceipts } from '#libs/contracts';
import type { LocalVault } from '#libs/engine';
import { toBase64Url } from '#libs/kernel';
import { sendInventory } from '../daemon/send-inventory.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** What goes into one call, with the reason for each number. */
const reportLimits = {
  /** The coordinator takes this many. */
  packs: 1000,
  receipts: 500,
  /** Bitmaps of a large vault have kilobytes each; the call must stay below its 24 MB. */
  snapshotBytes: 8 * 1024 * 1024,
  snapshots: 500,
} as const;

export interface Reported {
  readonly packs: number;
  readonly snapshots: number;
  readonly receipts: number;
}

/**
 * Tells a coordinator that has lost its memory everything that this device knows: the newest roster, what it holds for others, its own vault (header,
 * packs, head, snapshots), the receipts for it, and its runs. Straight, not through the outbox: a crash or a failure on the way makes the whole
 * report come again, and telling twice changes nothing. Throws what stopped it; the device then counts as not having reported.
 */
export async function reportEverything(agent: AgentRuntime, memoryId: string, signal: AbortSignal): Promise<Reported> {
  const { coordinator, roster, runs } = agent;
  if (roster.statement) await coordinator.returnRoster({ roster: roster.statement }, signal);
  // What waits from before goes first, or it would come after the word that this is all.
  await agent.outbox.flush(signal);
  await sendInventory(agent, signal);
  const told = await agent.vault.use(async (vault) => {
    await coordinator.putVaultHeader({ vaultId: vault.vaultId, header: toBase64Url(vault.headerBytes) }, signal);
    const packs = await returnPacks(agent, vault, signal);
    if (vault.head.sequence === 0) return { packs, snapshots: 0 };
    await coordinator.putVaultHead({ vaultId: vault.vaultId, head: toBase64Url(vault.headBytes), needs: [] }, signal);
    return { packs, snapshots: await returnSnapshots(agent, vault, signal) };
  });
  const receipts = await returnReceipts(agent, signal);
  for (const run of runs.runs) await coordinator.reportRun(run, signal);
  await coordinator.reportedAll({ memoryId }, signal);
  return { ...told, receipts };
}

async function returnPacks({ coordinator }: AgentRuntime, vault: LocalVault, signal: AbortSignal): Promise<number> {
  const all = vault.allPacks().map(({ packId, ordinal, kind, sizeBytes }) => ({ packId, ordinal, kind, sizeBytes }));
  for (let at = 0; at < all.length; at += reportLimits.packs)
    await coordinator.announcePacks({ vaultId: vault.vaultId, packs: all.slice(at, at + reportLimits.packs) }, signal);
  return all.length;
}

async function returnSnapshots({ coordinator }: AgentRuntime, vault: LocalVault, signal: AbortSignal): Promise<number> {
  const { recordStats, retainedSnapshots } = await import('#libs/engine');
  const { reader } = await vault.openReader();
  let part: ReturnedSnapshot[] = [];
  let bytes = 0;
  let told = 0;
  const send = async (): Promise<void> => {
    if (part.length > 0) await coordinator.returnSnapshots({ vaultId: vault.vaultId, snapshots: part }, signal);
    told += part.length;
    part = [];
    bytes = 0;
  };
  for await (const { sequence, neededPacks } of retainedSnapshots(vault, signal)) {
    const record = await reader.snapshot(sequence, { signal });
    const { startedAtMs, endedAtMs, partial, adHoc } = record;
    const needed = toBase64Url(neededPacks);
    if (part.length >= reportLimits.snapshots || bytes + needed.length > reportLimits.snapshotBytes) await send();
    const facts = { startedAtMs, endedAtMs, partial, ...(adHoc && { adHoc }) };
    part.push({ sequence, neededPacks: needed, ...facts, stats: recordStats(record) });
    bytes += needed.length;
  }
  await send();
  return told;
}

async function returnReceipts({ coordinator, receipts }: AgentRuntime, signal: AbortSignal): Promise<number> {
  let told = 0;
  let part: ReturnReceipts['receipts'] = [];
  const send = async (): Promise<void> => {
    if (part.length > 0) await coordinator.returnReceipts({ receipts: part }, signal);
    told += part.length;
    part = [];
  };
  for await (const entry of receipts.entries()) {
    part.push(entry);
    if (part.length >= reportLimits.receipts) await send();
  }
  await send();
  return told;
}
