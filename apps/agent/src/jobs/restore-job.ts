import { openRestoreOrder } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { readOwnRules } from '../backup/own-rules.ts';
import { AgentError } from '../errors.ts';
import { JsonFile } from '../home/json-file.ts';
import { errorFields } from '../log/agent-log.ts';
import { openVault } from '../reading/open-vault.ts';
import { documentsElsewhere, ownDocuments } from '../reading/vault-documents.ts';
import { restorePlace } from '../restore/restore-place.ts';
import { runRestore } from '../restore/run-restore.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import type { JobHandler } from './job-runner.ts';
import { RestoreOrders, type RestoreSummary, restoreOrdersState } from './restore-orders.ts';

/**
 * A restore that somebody sent from the panel, with the vault's key sealed for this device and this restore alone: what the coordinator changes on the way,
 * or passes on twice, is refused (`order_altered`, `restore_refused`), and so are files of other machines outside of the folders for them.
 * One for all restores of a process: what was carried out is known in it, whatever becomes of the disk.
 */
export function restoreJob({ files, paths }: Pick<AgentRuntime, 'files' | 'paths'>): JobHandler<'restore'> {
  const orders = new RestoreOrders(new JsonFile(files, paths.restoreOrders, restoreOrdersState));
  return (...asked) => carryOut(orders, asked);
}

async function carryOut(
  orders: RestoreOrders,
  [task, { agent, signal, report }]: Parameters<JobHandler<'restore'>>,
): Promise<{ readonly summary: RestoreSummary }> {
  const { document, clock, identity, log, paths, roster } = agent;
  const isOwn = task.vaultId === document.vaultId;
  if (isOwn !== (task.ownerDeviceId === document.deviceId)) throw new AgentError('job_invalid', 'the vault is not of that device');
  const member = roster.member(task.ownerDeviceId);
  const opened = openRestoreOrder(fromBase64Url(task.sealedVaultKey), identity.box, { ...task, targetDeviceId: document.deviceId });
  const { masterKey } = opened;
  const order = { ...opened, restoreId: task.restoreId };
  try {
    const before = await orders.check(order, clock.nowMs());
    if (before) return { summary: before };
    const to = await restorePlace({
      destination: task.destination,
      isOwn,
      allowed: async () => (await readOwnRules(paths.backupRules)).panelRestores,
    });
    const documents = isOwn
      ? await ownDocuments(agent, signal)
      : await documentsElsewhere(agent, task.vaultId, task.ownerDeviceId, member?.name ?? task.ownerDeviceId, signal);
    if (documents.vaultId !== task.vaultId) throw new AgentError('job_invalid', 'the documents are of another vault');
    // Of this machine's own vault nobody else can say who signed it.
    const signingKey = isOwn ? identity.signing.publicKey : member && fromBase64Url(member.signingKey);
    const vault = await openVault(agent, documents, masterKey, signingKey, signal);
    const {
      report: done,
      fetched,
      repairedPacks,
    } = await runRestore(agent, vault, {
      snapshot: task.snapshotSequence,
      paths: task.paths,
      include: [],
      to,
      conflict: task.conflict,
      withoutPowers: !isOwn,
      dryRun: false,
      verify: true,
      signal,
      onProgress: (p) =>
        report({
          filesDone: p.filesDone,
          filesTotal: p.filesTotal ?? p.filesDone,
          bytesDone: p.bytesDone,
          bytesTotal: p.bytesTotal ?? p.bytesDone,
          ...(p.current === undefined ? {} : { current: p.current.slice(0, 300) }),
        }),
    });
    log.write('info', 'restore done', { restoreId: task.restoreId, files: done.files, bytes: done.bytes, errors: done.errorCount });
    const summary: RestoreSummary = {
      files: done.files,
      directories: done.directories,
      bytes: done.bytes,
      filesSkipped: done.filesSkipped,
      filesVerified: done.filesVerified,
      packsNeeded: done.packsNeeded,
      packsFetched: fetched.packs,
      bytesFetched: fetched.bytes,
      holders: fetched.byHolder
        .map((h) => h.name)
        .join(', ')
        .slice(0, 500),
      corruptionsRepaired: done.corruptionsRepaired,
      repairedPacks: repairedPacks.length,
      writtenTo: (to ?? 'the original places').slice(0, 500),
      errors: done.errorCount,
      firstError: done.errors[0] ? `${done.errors[0].code}: ${done.errors[0].message}`.slice(0, 300) : '',
    };
    // A disk that the restore itself filled: that it was done is told all the same, though after a start it could be asked for again.
    await orders
      .done(order, summary, clock.nowMs())
      .catch((error: unknown) => log.write('error', 'that a restore was done could not be noted', errorFields(error)));
    return { summary };
  } finally {
    masterKey.fill(0);
  }
}
