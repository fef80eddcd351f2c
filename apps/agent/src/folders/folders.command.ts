import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { printable } from '../output/format.ts';
import { backupFolders } from '../policy/backup-folders.ts';
import { missingFolderNotices } from './missing-folders.ts';
import { isOwnData, ownDataMessage, refuseOwnData } from './own-data.ts';

const args = z.strictObject({
  action: z.enum(['list', 'add', 'remove']),
  paths: z.array(z.string().min(1).max(4096)).max(1000),
});

/** `holdfast folders [add|remove PATH…]`: what this machine backs up, by the policy and of its own. Throws `path_not_found`. */
export const foldersCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent }, { action, paths }) {
    const { ownFolders, policy } = agent;
    if (action === 'add') {
      refuseOwnData(paths, agent.paths.home);
      yield* await missingFolderNotices(paths);
      await ownFolders.add(paths);
    }
    if (action === 'remove') {
      const unknown = await ownFolders.remove(paths);
      if (unknown.length > 0) {
        const byPolicy = unknown.filter((path) => backupFolders(policy.effective.folders, []).includes(path));
        throw new AgentError('path_not_found', `not among this machine's own folders: ${unknown.map(printable).join(', ')}`, {
          nextStep:
            byPolicy.length > 0
              ? `The policy names ${byPolicy.map(printable).join(', ')}: change it in the admin panel.`
              : '"holdfast folders" lists them.',
        });
      }
    }
    const own = new Set(backupFolders([], ownFolders.list()));
    for (const path of backupFolders(policy.effective.folders, ownFolders.list())) {
      yield {
        event: 'item',
        type: 'folder',
        path,
        from: own.has(path) ? 'this machine' : 'policy',
        ...(isOwnData(path, agent.paths.home) && { refused: true }),
      };
    }
    yield { event: 'result', command: 'folders', exitCode: exitCodes.done, own: ownFolders.list(), policy: policy.effective.folders };
  },
  text: {
    item: (folder) =>
      `${printable(String(folder['path']))}${folder['from'] === 'policy' ? '  (policy)' : ''}${folder['refused'] === true ? `  (left out: ${ownDataMessage})` : ''}`,
    result: (result) =>
      (result['own'] as string[]).length + (result['policy'] as string[]).length === 0
        ? ['nothing is backed up yet: "holdfast folders add PATH", or name folders in the policy in the admin panel']
        : [],
  },
});
