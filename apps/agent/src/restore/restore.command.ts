import { z } from 'zod';
import { conflictRule } from '#libs/contracts';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { eventsOf } from '../commands/event-queue.ts';
import { AgentError } from '../errors.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { openOwnVault, openVault, type OpenedVault, unlockOtherVault } from '../reading/open-vault.ts';
import { documentsOfDevice } from '../reading/vault-documents.ts';
import { ownStoreName } from '../runtime/own-store-name.ts';
import { withNewestThatHas } from '../snapshots/path-elsewhere.ts';
import { typedPath } from '../snapshots/typed-path.ts';
import { restoreLines } from './restore.text.ts';
import { runRestore } from './run-restore.ts';

const args = z.strictObject({
  paths: z.array(z.string().min(1).max(4096)).max(1000),
  to: z.string().max(4096).optional(),
  snapshot: z.union([z.literal('latest'), z.int().min(1)]),
  include: z.array(z.string().min(1).max(4096)).max(1000),
  conflict: conflictRule,
  dryRun: z.boolean(),
  verify: z.boolean(),
  /** False: success is reported before the disk has everything for good. */
  sync: z.boolean().default(true),
  ignoreFreeSpace: z.boolean().default(false),
  /** Another machine's backup: needs a passphrase, and the recovery kit unless the passphrase is one of that vault's own. */
  device: z.string().min(1).max(100).optional(),
  recoveryKit: z.string().max(65_536).optional(),
  passphrase: z.string().max(4096).optional(),
});
type Args = z.infer<typeof args>;

/** `holdfast restore`: exit 3 when some files could not be restored. */
export const restoreCommand = defineCommand<Args>({
  args,
  access: 'exclusive',
  async *run({ agent, signal: outer }, options) {
    yield* eventsOf(outer, async ({ emit, onProgress, signal }) => {
      const vault = await open(agent, options, signal);
      const { report, fetched, repairedPacks, badBlocks } = await runRestore(agent, vault, {
        snapshot: options.snapshot,
        paths: options.paths.map((path) => typedPath(path)),
        include: options.include,
        to: options.to,
        conflict: options.conflict,
        dryRun: options.dryRun,
        verify: options.verify,
        durable: options.sync,
        ignoreFreeSpace: options.ignoreFreeSpace,
        signal,
        onProgress,
      }).catch(async (error: unknown) => {
        const { snapshot, paths } = options;
        const command = (missing: readonly string[]): string[] => restoreWords(options, missing);
        throw await withNewestThatHas(error, { reader: vault.reader, snapshot, paths, signal, command });
      });
      for (const { packId, temporary } of vault.lostIndexPacks) {
        const where = temporary ? 'is with nobody who can be reached now' : 'is nowhere to be had';
        const next = temporary ? 'Try again when more of the team is online' : 'Run "holdfast check"';
        emit({
          event: 'notice',
          code: temporary ? 'source_unavailable' : 'index_corrupt',
          message: `index pack ${packId} ${where}; what the packs on this disk say of themselves was used instead. ${next}`,
        });
      }
      const healed = agent.vault.takeHealed();
      for (const { what, packId, from } of healed)
        emit({
          event: 'notice',
          code: 'block_corrupt',
          message: `${packId ? `pack ${packId}` : `the vault's ${what}`}: damaged at ${ownStoreName}; replaced from ${from}`,
        });
      for (const bad of badBlocks)
        emit({
          event: 'notice',
          code: 'block_corrupt',
          message: `pack ${bad.packId}, ${bad.leaf < 0 ? 'root block' : `leaf ${bad.leaf}`}: wrong at ${bad.source}; a good one was found elsewhere (${bad.reason})`,
        });
      for (const problem of report.errors) emit({ event: 'notice', code: problem.code, message: problem.message, path: problem.path });
      for (const note of report.notes) emit({ event: 'notice', code: note.code, message: note.message, path: note.path });
      emit({
        event: 'result',
        command: 'restore',
        exitCode: report.errorCount > 0 ? exitCodes.incomplete : exitCodes.done,
        dryRun: options.dryRun,
        device: vault.documents.deviceName,
        sequence: report.sequence,
        placed: report.placed,
        files: report.files,
        directories: report.directories,
        others: report.others,
        bytes: report.bytes,
        filesSkipped: report.filesSkipped,
        filesUnchanged: report.filesUnchanged,
        bytesUnchanged: report.bytesUnchanged,
        filesVerified: report.filesVerified,
        packsNeeded: report.packsNeeded,
        packsRead: report.packsFetched,
        bytesRead: report.bytesFetched,
        packsInVault: vault.reader.packs.size,
        fromHolders: fetched,
        corruptionsRepaired: report.corruptionsRepaired,
        repairedPacks: [...new Set([...repairedPacks, ...healed.flatMap((h) => h.packId ?? [])])],
        repairedDocuments: healed.filter((h) => !h.packId).map((h) => h.what),
        errors: report.errorCount,
        notes: report.notes.length,
      });
    });
  },
  text: { result: restoreLines },
});

/** The command again for these paths. The file of the recovery kit is not known here, nor that of the passphrase. */
function restoreWords(options: Args, paths: readonly string[]): string[] {
  return [
    ...['holdfast', 'restore', ...paths],
    ...(options.to === undefined ? [] : ['--to', options.to]),
    ...options.include.flatMap((pattern) => ['--include', pattern]),
    ...(options.conflict === 'keep-both' ? [] : ['--conflict', options.conflict]),
    ...(options.dryRun ? ['--dry-run'] : []),
    ...(options.verify ? ['--verify'] : []),
    ...(options.sync ? [] : ['--no-sync']),
    ...(options.ignoreFreeSpace ? ['--ignore-free-space'] : []),
    ...(options.device === undefined ? [] : ['--device', options.device]),
  ];
}

async function open(agent: AgentRuntime, options: Args, signal: AbortSignal): Promise<OpenedVault> {
  if (options.device === undefined) {
    if (options.recoveryKit !== undefined)
      throw new AgentError('bad_argument', "a recovery kit opens another machine's backup: name it with --device");
    return openOwnVault(agent, signal);
  }
  if (options.passphrase === undefined)
    throw new AgentError('passphrase_missing', "another machine's backup needs a passphrase", { nextStep: 'Use --passphrase-file.' });
  const documents = await documentsOfDevice(agent, options.device, signal);
  const { masterKey, signingKey } = await unlockOtherVault(agent, documents, {
    recoveryKit: options.recoveryKit,
    passphrase: options.passphrase,
  });
  return openVault(agent, documents, masterKey, signingKey, signal);
}
