import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CoordinatorError } from '../errors.ts';

/** Asks on the terminal without showing what is typed: secrets never stand on a command line. Throws `passphrase_missing` where there is no terminal. */
export async function askPassphrase(): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CoordinatorError('passphrase_missing', 'The passphrase of the recovery kit is needed, and there is no terminal to ask on.', {
      nextStep: 'Use --passphrase-file: its first line.',
    });
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: mute, terminal: true });
  try {
    process.stderr.write('Passphrase of the recovery kit: ');
    return await prompt.question('');
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
