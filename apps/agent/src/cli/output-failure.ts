import process from 'node:process';
import { exitCodes } from './exit-codes.ts';

/** Commands end by {@link endCommand} when standard output takes nothing more; until a program says otherwise. */
export function endWhenOutputFails(): void {
  process.stdout.on('error', endCommand);
}

/** For a program whose output is only a log: it goes on without, and logs again once its disk has room. */
export function goOnWhenOutputFails(): void {
  process.stdout.off('error', endCommand);
  process.stdout.on('error', () => undefined);
}

/** A reader that went away (`| head`) is no failure of ours. Anything else is: what was asked for (`dump`) is not all there. */
function endCommand({ code, message }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(exitCodes.done);
  process.stderr.write(
    `holdfast: what this command prints could not be written: ${message} (output_failed)\n  Make room where it goes, and run it again.\n`,
  );
  process.exit(exitCodes.failed);
}
