import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { AgentError } from '../errors.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { withNewestThatHas } from '../snapshots/path-elsewhere.ts';
import { pathNames, typedPath } from '../snapshots/typed-path.ts';

const args = z.strictObject({ path: z.string().min(1).max(4096), snapshot: z.union([z.literal('latest'), z.int().min(1)]) });

/** Bytes in one event: small enough to keep a control connection smooth, large enough to cost little. */
const pieceBytes = 256 * 1024;

/** `holdfast dump FILE`: the file's bytes on standard output, verified before they go out. */
export const dumpCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { path, snapshot: wanted }) {
    const { reader } = await openOwnVault(agent, signal);
    const snapshot = await reader.snapshot(wanted, { signal });
    const entry = await reader.entry(snapshot, pathNames(typedPath(path)), { signal }).catch(async (error: unknown) => {
      const command = (paths: readonly string[]): string[] => ['holdfast', 'dump', ...paths];
      throw await withNewestThatHas(error, { reader, snapshot: wanted, paths: [path], signal, command });
    });
    if (entry.type !== 'file')
      throw new AgentError('path_not_found', `${path} is no file but a ${entry.type}`, {
        nextStep: '"holdfast restore" brings folders back.',
      });
    let bytes = 0;
    for await (const piece of reader.readFile(entry, { signal })) {
      bytes += piece.length;
      for (let at = 0; at < piece.length; at += pieceBytes) {
        yield { event: 'data', base64: Buffer.from(piece.subarray(at, at + pieceBytes)).toString('base64') };
      }
    }
    yield { event: 'result', command: 'dump', exitCode: exitCodes.done, path, sequence: snapshot.sequence, bytes };
  },
  text: {},
});
