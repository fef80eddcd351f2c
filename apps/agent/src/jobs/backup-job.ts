import type { JobHandler } from './job-runner.ts';

/** A backup that an admin asked for; one that runs already will do. */
export const backupJob: JobHandler<'backup'> = async (_task, { agent, signal, report }) => {
  const { snapshot } = await agent.backups.runOrJoin({
    trigger: 'admin',
    paths: [],
    signal,
    onProgress: (p) =>
      report({
        filesDone: p.filesDone,
        filesTotal: p.filesTotal ?? p.filesDone,
        bytesDone: p.bytesDone,
        bytesTotal: p.bytesTotal ?? p.bytesDone,
      }),
  });
  return {
    summary: { sequence: snapshot.sequence, files: snapshot.stats.files, bytes: snapshot.stats.bytes, errors: snapshot.stats.errors },
  };
};
