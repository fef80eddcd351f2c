import { open } from 'node:fs/promises';
import { messageOf } from '#libs/kernel';
import { AgentError } from '../errors.ts';

/** A kit has about 1 KB. */
const maxKitBytes = 64 * 1024;

/** Text of the recovery kit's file; its content is judged by who opens it. Throws `recovery_kit_invalid`. */
export async function readRecoveryKit(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maxKitBytes) throw new Error(`it has ${size} bytes`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new AgentError('recovery_kit_invalid', `the recovery kit can't be read: ${messageOf(cause)}`, {
      cause,
      nextStep: 'Give the file as it was downloaded.',
    });
  }
}
