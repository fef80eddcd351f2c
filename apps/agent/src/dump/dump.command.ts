import { z } from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import type { FileProblem } from '#libs/engine';
import { AgentError } from '../errors.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { withNewestThatHas } from '../snapshots/path-elsewhere.ts';
import { chosenSnapshot } from '../snapshots/chosen-snapshot.ts';
import { pathNames, typedPath } from '../snapshots/typed-path.ts';

const args = z.strictObject({ path: z.string().min(1).max(4096), snapshot: z.union([z.literal('latest'), z.int().min(1)]) });

/** Bytes in one event: small enough to keep a control connection smooth, large enough to cost little. */
const pieceBytes = 256 * 1024;

/** `holdfast dump PATH`: a file's bytes, or a folder as a tar archive, on standard output, verified before they go out. */
export const dumpCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, { path, snapshot: wanted }) {
    const { reader } = await openOwnVault(agent, signal);
    const snapshot = await chosenSnapshot(reader, wanted, [typedPath(path)], signal);
    const entry = await reader.entry(snapshot, pathNames(typedPath(path)), { signal }).catch(async (error: unknown) => {
      const command = (paths: readonly string[]): string[] => ['holdfast', 'dump', ...paths];
      throw await withNewestThatHas(error, { reader, snapshot: wanted, paths: [path], signal, command });
    });
    if (entry.type !== 'file' && entry.type !== 'directory')
      throw new AgentError('path_not_found', `${path} is neither a file nor a folder but a ${entry.type}`, {
        nextStep: '"holdfast restore" brings it back.',
      });
    const { contentLost, hasLostChunks, pathNames: namesOf } = await import('#libs/vault');
    if (snapshot.lost && entry.type === 'file' && (await hasLostChunks(reader, entry, { signal })))
      throw contentLost(snapshot, namesOf(pathNames(typedPath(path))));
    const { dumpTar } = await import('#libs/engine');
    let bytes = 0;
    let lost = 0;
    const leftOut: FileProblem[] = [];
    const pieces =
      entry.type === 'file'
        ? reader.readFile(entry, { signal })
        : dumpTar(reader, snapshot, pathNames(typedPath(path)), { signal, onLeftOut: (left) => void leftOut.push(left) });
    for await (const piece of pieces) {
      for (const left of leftOut.splice(0)) {
        if (left.code === 'content_lost') lost += 1;
        yield { event: 'notice', ...left };
      }
      bytes += piece.length;
      for (let at = 0; at < piece.length; at += pieceBytes) {
        yield { event: 'data', base64: Buffer.from(piece.subarray(at, at + pieceBytes)).toString('base64') };
      }
    }
    yield {
      event: 'result',
      command: 'dump',
      exitCode: lost > 0 ? exitCodes.incomplete : exitCodes.done,
      format: entry.type === 'file' ? 'file' : 'tar',
      path,
      sequence: snapshot.sequence,
      bytes,
    };
  },
  text: {},
});
