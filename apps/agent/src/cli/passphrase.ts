import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { messageOf } from '#libs/kernel';
import { AgentError } from '../errors.ts';

/** First line of the file, without its line end. Throws `passphrase_missing`. */
export async function passphraseFromFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new AgentError('passphrase_missing', `the passphrase file can't be read: ${messageOf(cause)}`, {
      cause,
      nextStep: 'Give --passphrase-file a file that has the passphrase in its first line.',
    });
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') {
    throw new AgentError('passphrase_missing', `${path} has no passphrase in its first line`, {
      nextStep: 'Write the passphrase there, and nothing before it.',
    });
  }
  return line;
}

/** Asks on the terminal without showing what is typed. Throws `passphrase_missing` where there is none. */
export async function askPassphrase(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new AgentError('passphrase_missing', 'a passphrase is needed and there is no terminal to ask on', {
      nextStep: 'Use --passphrase-file.',
    });
  }
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: mute, terminal: true });
  try {
    process.stderr.write(question);
    const answer = await prompt.question('', { signal });
    if (answer === '')
      throw new AgentError('passphrase_missing', 'no passphrase was given', { nextStep: 'Run it again and type the passphrase.' });
    return answer;
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
