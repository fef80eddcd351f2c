import { z } from 'zod';
import { messageOf, systemErrorCode } from '#libs/kernel';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { text } from '../output/format.ts';

const args = z.strictObject({ port: z.int().min(0).max(65_535) });

/** `holdfast mount`: serves the snapshots that there are now over WebDAV on this machine until it is stopped. */
export const mountCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { port }) {
    const { serveWebdav, SnapshotShelf } = await import('#libs/engine');
    const { reader } = await openOwnVault(agent, signal);
    const shelf = await SnapshotShelf.open(reader, signal);
    const problems: string[] = [];
    const server = await serveWebdav({ shelf, port, onError: (message) => void problems.push(message) }).catch((error: unknown) => {
      throw new AgentError('bad_argument', `port ${port} can't be used: ${systemErrorCode(error) ?? messageOf(error)}`, {
        cause: error,
        nextStep: 'Leave --port out, or choose another one.',
      });
    });
    try {
      yield { event: 'item', type: 'folder', url: server.url, snapshots: reader.head.snapshots.length };
      while (!signal.aborted) {
        await agent.clock.sleep(pollMs, signal).catch(() => undefined);
        for (const message of problems.splice(0)) yield { event: 'notice', code: 'read_failed', message };
      }
    } finally {
      await server.close();
    }
    yield { event: 'result', command: 'mount', exitCode: exitCodes.done };
  },
  text: {
    item: (i) =>
      [
        `snapshots are at ${text(i['url'])}`,
        '  a browser shows them; a file manager mounts them read-only ("connect to server", with dav:// instead of http:// on GNOME).',
        '  The address is the key: whoever on this machine has it can read them. Ctrl-C ends it.',
      ].join('\n'),
  },
});

/** How soon a read that failed is reported. */
const pollMs = 500;
