import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const listening = z.strictObject({ origin: z.url(), pid: z.int() });
/** Where a running coordinator listens, left in its data folder for the commands beside it. */
export type Listening = z.infer<typeof listening>;

export const listeningFile = (folder: string): string => join(folder, 'listening.json');

export function writeListening(folder: string, at: Listening): void {
  writeFileSync(listeningFile(folder), `${JSON.stringify(at)}\n`, { mode: 0o600 });
}

/** Undefined when none runs on this folder (or it was killed, and left a file that names a dead process). */
export function readListening(folder: string): Listening | undefined {
  try {
    const at = listening.parse(JSON.parse(readFileSync(listeningFile(folder), 'utf8')));
    process.kill(at.pid, 0);
    return at;
  } catch {
    return undefined;
  }
}
