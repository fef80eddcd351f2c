import { fstatSync, writeSync } from 'node:fs';
import process from 'node:process';
import { exitCodes } from './exit-codes.ts';

let failed = false;
let unread = false;

/**
 * A reader of standard output that went away (`| head`) is no failure of ours, and ends a command that is asked for what it prints; others do their work. When it
 * takes nothing more for another reason (a full disk) that is said on standard error, once, and the command ends with `failed` at best.
 */
export function watchOutput(): void {
  process.stdout.on('error', endOrNote);
}

/** For a program whose output is only a log: it goes on without, and logs again once its disk has room. */
export function goOnWithoutOutput(): void {
  process.stdout.off('error', endOrNote);
  process.stdout.on('error', () => undefined);
}

/** Whether something that was printed is missing. */
export const outputFailed = (): boolean => failed;

/** Whether nobody reads any more what is printed. */
export const outputUnread = (): boolean => unread;

/**
 * Writes to standard output. Node.js takes a file that accepts only a part of what it was given (a disk that gets full, a limit) for one that accepted it all, so a
 * file is written to here, to the end or to the error.
 */
export function writeOutput(text: string | Uint8Array): void {
  if (failed || unread) return;
  if (!isFile()) return void process.stdout.write(text);
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
  } catch (error) {
    endOrNote(error as NodeJS.ErrnoException);
  }
}

/** Once what was written has gone its way, or nothing does any more. */
export async function outputDrained(): Promise<void> {
  const { stdout } = process;
  if (failed || unread || !stdout.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stdout.off('drain', done).off('error', done);
      resolve();
    };
    stdout.on('drain', done).on('error', done);
  });
}

let knownAsFile: boolean | undefined;

/** Anything with neither a reader nor a person at its other end. */
function isFile(): boolean {
  if (knownAsFile === undefined) {
    try {
      const facts = fstatSync(1);
      knownAsFile = facts.isFile() || facts.isBlockDevice() || (facts.isCharacterDevice() && !process.stdout.isTTY);
    } catch {
      knownAsFile = false;
    }
  }
  return knownAsFile;
}

function endOrNote({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') unread = true;
  if (failed || unread) return;
  failed = true;
  process.exitCode ||= exitCodes.failed;
  process.stderr.write(`holdfast: what this command prints could not be written: ${message} (output_failed)\n  Make room where it goes.\n`);
}
