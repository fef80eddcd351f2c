import type { LocalVault, OnProgress, PruneReport, PruneRules, ReleaseReport, RetiredPack } from '#libs/engine';
import type { PackId } from '#libs/kernel';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

export interface PruneVaultOptions {
  readonly dryRun: boolean;
  readonly rules?: Partial<PruneRules>;
  readonly onProgress?: OnProgress;
  readonly signal: AbortSignal;
}

/** Prunes this machine's vault and hands on what retired. The coordinator is told of the new head first: a release follows from it. */
export async function pruneVault(
  agent: AgentRuntime,
  vault: LocalVault,
  options: PruneVaultOptions,
): Promise<{ readonly report: PruneReport; readonly releases: ReleaseReport | undefined }> {
  const { prune } = await import('#libs/engine');
  const isProtected = (packId: PackId): boolean => agent.protection.isHeld(packId);
  const report = await prune({ vault, isProtected, ...options });
  if (options.dryRun) return { report, releases: undefined };
  if (report.retired.length + report.newPacks.length > 0) await agent.reporter.reconcile(vault);
  return { report, releases: await releaseRetiredPacks(agent, vault) };
}

/** Proposes what may go by now: also what retired earlier and waited for its replacement. Undefined where nobody takes proposals. */
async function releaseRetiredPacks(agent: AgentRuntime, vault: LocalVault): Promise<ReleaseReport | undefined> {
  const { releases } = agent;
  if (!releases) return undefined;
  const { releaseRetired } = await import('#libs/engine');
  return releaseRetired(vault, {
    isProtected: (packId) => agent.protection.isHeld(packId),
    mayComeAgain: () => releases.lapse(),
    releasePacks: async (packs) => {
      const head = { sequence: vault.head.sequence, bytes: vault.headBytes, needs: [] };
      const rewritten = packs.filter(({ reason }) => reason !== 'unneeded');
      const unneeded = packs.filter(({ reason }) => reason === 'unneeded');
      if (rewritten.length > 0) await releases.releasePacks({ head, packIds: idsOf(rewritten), reason: 'rewrite' });
      if (unneeded.length > 0) await releases.releasePacks({ head, packIds: idsOf(unneeded), reason: 'retention' });
      return idsOf(packs);
    },
  });
}

const idsOf = (packs: readonly RetiredPack[]): PackId[] => packs.map(({ packId }) => packId);
