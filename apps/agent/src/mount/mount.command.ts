import { z } from 'zod';
import { messageOf, systemErrorCode } from '#libs/kernel';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { text } from '../output/format.ts';
import { folderToMountOn } from './mount-folder.ts';

const args = z.strictObject({ folder: z.string().optional(), port: z.int().min(0).max(65_535).optional() });

/** `holdfast mount`: shows the snapshots that there are now, on a folder (FUSE) or over WebDAV on this machine, until it is stopped. */
export const mountCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { folder, port }) {
    if (folder !== undefined && port !== undefined)
      throw new AgentError('bad_argument', '--port is for WebDAV: with a folder there is none', { nextStep: 'Give the folder or --port.' });
    const { mountSnapshots, serveWebdav, SnapshotShelf } = await import('#libs/engine');
    if (folder !== undefined) await folderToMountOn(folder);
    const { reader } = await openOwnVault(agent, signal);
    const problems: string[] = [];
    const onError = (message: string): void => void problems.push(message);
    const shown =
      folder === undefined
        ? await serveWebdav({ shelf: await SnapshotShelf.open(reader, signal), port: port ?? 0, onError }).catch((error: unknown) => {
            throw new AgentError('bad_argument', `port ${port ?? 0} can't be used: ${systemErrorCode(error) ?? messageOf(error)}`, {
              cause: error,
              nextStep: 'Leave --port out, or choose another one.',
            });
          })
        : await mountSnapshots({ reader, folder, onError, signal });
    const over = new AbortController();
    const ended = 'ended' in shown ? shown.ended.finally(() => over.abort()) : undefined;
    try {
      const snapshots = reader.head.snapshots.length;
      yield { event: 'item', type: 'folder', ...('url' in shown ? { url: shown.url } : { path: folder }), snapshots };
      while (!signal.aborted && !over.signal.aborted) {
        await Promise.race([agent.clock.sleep(pollMs, signal).catch(() => undefined), ...(ended ? [ended] : [])]);
        for (const message of problems.splice(0)) yield { event: 'notice', code: 'read_failed', message };
      }
    } finally {
      await shown.close();
    }
    yield { event: 'result', command: 'mount', exitCode: exitCodes.done };
  },
  text: {
    item: (i) =>
      i['url'] === undefined
        ? [
            `snapshots are in ${text(i['path'])}`,
            '  Read-only, and only for you; "latest" leads to the newest of everything. Ctrl-C or "fusermount3 -u FOLDER" ends it.',
          ].join('\n')
        : [
            `snapshots are at ${text(i['url'])}`,
            '  a browser shows them; a file manager mounts them read-only ("connect to server", with dav:// instead of http:// on GNOME).',
            '  The address is the key: whoever on this machine has it can read them. Ctrl-C ends it.',
          ].join('\n'),
  },
});

/** How soon a read that failed is reported. */
const pollMs = 500;
