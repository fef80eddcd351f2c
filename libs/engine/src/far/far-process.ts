/**
 * The process that reads from one far mount in the agent's place. It may never come back from there, and then not even SIGKILL ends it before the file system does: a
 * thread in that state would keep the whole agent from ending, a process of its own keeps nobody. Every call that may wait is waited for before
 * anything is answered, most of them in this only thread, so that an answer means that the mount answers.
 */
import { type Dir, opendirSync } from 'node:fs';
import { type ContentPlan, ContentStream, planContent } from '../backup/file-content.ts';
import { pastItsTick } from '../backup/file-state.ts';
import { readAttributes } from '../backup/read-attributes.ts';
import { EngineError } from '../errors.ts';
import { currentPlatform, displayPath, type OpenFile } from '../platform/index.ts';
import { heldUpMs } from '../scan/held-up.ts';
import { readStart } from '../scan/read-start.ts';
import { reach } from '../platform/reach.ts';
import { translated } from '../platform/system-error.ts';
import { farLimits } from './far-limits.ts';
import { FarLooks } from './far-looks.ts';
import { type FarAnswer, type FarAnswers, type FarEnded, failureOf, type FarOpened, type FarRequest } from './far-messages.ts';

const platform = currentPlatform();
/** Every answer is copied out of it as it is sent, before the next request is looked at. */
const piece = Buffer.allocUnsafeSlow(farLimits.pieceBytes);
let folder: { readonly path: Buffer; readonly entries: Dir } | undefined;
let open: { readonly path: Buffer; readonly file: OpenFile; readonly stream: ContentStream } | undefined;

const looks = new FarLooks(platform, { now: () => performance.now(), heldUpMs });

function names(path: Uint8Array | undefined): FarAnswers['names'] {
  if (path) {
    folder?.entries.closeSync();
    folder = undefined;
    const start = Buffer.from(path);
    // Node takes paths as bytes and gives names as bytes here too; only its types say text.
    const entries = translated(start, () =>
      reach(start, (reached) => opendirSync(reached as unknown as string, { encoding: 'buffer' as BufferEncoding })),
    );
    folder = { path: start, entries };
  }
  const { entries, path: where } = folder!;
  const found: Buffer[] = [];
  const until = performance.now() + farLimits.answerMs;
  while (found.length < farLimits.pathsAtOnce && performance.now() < until) {
    const entry = translated(where, () => entries.readSync());
    if (!entry) {
      entries.closeSync();
      folder = undefined;
      return { names: found, done: true };
    }
    found.push(entry.name as unknown as Buffer);
  }
  return { names: found, done: false };
}

async function openFile(path: Buffer): Promise<FarOpened> {
  open?.file.close();
  open = undefined;
  const file = platform.openToRead(path);
  try {
    const seen = file.facts();
    if (seen.kind !== 'file') throw new EngineError('file_changed', `${displayPath(path)}: is no regular file any more`);
    await pastItsTick(seen);
    const plan: ContentPlan = planContent(file, seen, farLimits.holesMs);
    open = { path, file, stream: new ContentStream(file, plan) };
    return { facts: seen, ...plan };
  } catch (error) {
    file.close();
    throw error;
  }
}

function endFile(): FarEnded {
  const { path, file, stream } = open!;
  open = undefined;
  try {
    return { facts: file.facts(), found: readAttributes(platform, path, file), short: stream.short };
  } finally {
    file.close();
  }
}

function answer(request: FarRequest): FarAnswers[keyof FarAnswers] | Promise<FarAnswers[keyof FarAnswers]> {
  switch (request.type) {
    case 'facts':
      return looks.factsOfFirst(request.paths);
    case 'names':
      return names(request.path);
    case 'real-path':
      return platform.realPath(Buffer.from(request.path));
    case 'start':
      return readStart(platform, Buffer.from(request.path), request.maxBytes);
    case 'link-target':
      return platform.linkTarget(Buffer.from(request.path));
    case 'attributes':
      return readAttributes(platform, Buffer.from(request.path));
    case 'open':
      return openFile(Buffer.from(request.path));
    case 'read':
      return piece.subarray(0, open!.stream.read(piece));
    case 'end':
      return endFile();
  }
}

async function reply(request: FarRequest): Promise<void> {
  let message: FarAnswer;
  try {
    message = { ok: await answer(request) };
  } catch (error) {
    message = { failed: failureOf(error) };
  }
  process.send!(message);
}

process.on('message', (request: FarRequest) => void reply(request));
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));
process.send!('ready');
