import process from 'node:process';
import { exitCodes } from './exit-codes.ts';

let failed = false;

/**
 * A reader of standard output that went away (`| head`) is no failure of ours, and ends a command. When it takes nothing more for another reason (a full
 * disk) that is said on standard error, once, and the command ends with `failed` at best.
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

function endOrNote({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(exitCodes.done);
  if (failed) return;
  failed = true;
  process.exitCode ||= exitCodes.failed;
  process.stderr.write(`holdfast: what this command prints could not be written: ${message} (output_failed)\n  Make room where it goes.\n`);
}
