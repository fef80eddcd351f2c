import { openBox } from '#libs/crypto';
import { fromBase64Url } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import { openVault } from '../reading/open-vault.ts';
import { documentsElsewhere, ownDocuments } from '../reading/vault-documents.ts';
import { runRestore } from '../restore/run-restore.ts';
import type { JobHandler } from './job-runner.ts';

/** A restore that somebody sent from the panel, with the vault's key sealed for this device alone. */
export const restoreJob: JobHandler<'restore'> = async (task, { agent, signal, report }) => {
  const member = agent.roster.member(task.ownerDeviceId);
  const masterKey = openBox(fromBase64Url(task.sealedVaultKey), agent.identity.box);
  try {
    const documents =
      task.vaultId === agent.document.vaultId
        ? await ownDocuments(agent, signal)
        : await documentsElsewhere(agent, task.vaultId, task.ownerDeviceId, member?.name ?? task.ownerDeviceId, signal);
    if (documents.vaultId !== task.vaultId) throw new AgentError('job_invalid', 'the documents are of another vault');
    const vault = await openVault(agent, documents, masterKey, member ? fromBase64Url(member.signingKey) : undefined, signal);
    const {
      report: done,
      fetched,
      repairedPacks,
    } = await runRestore(agent, vault, {
      snapshot: task.snapshotSequence,
      paths: task.paths,
      include: [],
      to: task.destination ?? undefined,
      conflict: task.conflict,
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
    agent.log.write('info', 'restore done', { restoreId: task.restoreId, files: done.files, bytes: done.bytes, errors: done.errorCount });
    return {
      summary: {
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
        errors: done.errorCount,
        firstError: done.errors[0] ? `${done.errors[0].code}: ${done.errors[0].message}`.slice(0, 300) : '',
      },
    };
  } finally {
    masterKey.fill(0);
  }
};
