import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TeamKeys } from '#libs/crypto';
import { openRecoveryKit } from '#libs/crypto';
import { messageOf } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import { askPassphrase } from './ask-passphrase.ts';

const MAX_KIT_BYTES = 64 * 1024;

export interface KitOptions {
  readonly recoveryKit: string;
  /** Its first line is the passphrase; without one it is asked for. */
  readonly passphraseFile?: string;
}

/** Opens the team's recovery kit. Whoever calls it wipes the keys. Throws `recovery_kit_unreadable` and what the kit is refused with. */
export async function openKitFile({ recoveryKit, passphraseFile }: KitOptions): Promise<TeamKeys> {
  const kit = await readText(recoveryKit, MAX_KIT_BYTES, 'recovery_kit_unreadable', 'The recovery kit');
  const passphrase = passphraseFile === undefined ? await askPassphrase() : await firstLine(passphraseFile);
  return openRecoveryKit(kit, passphrase);
}

async function firstLine(file: string): Promise<string> {
  const [line = ''] = (await readText(file, MAX_KIT_BYTES, 'recovery_kit_unreadable', 'The passphrase file')).split(/\r?\n/, 1);
  return line;
}

/** A file that somebody named, no larger than it can be. Throws `code`. */
export async function readText(
  file: string,
  maxBytes: number,
  code: 'bundle_invalid' | 'recovery_kit_unreadable',
  what: string,
): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maxBytes) throw new Error(`it has ${size} bytes`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new CoordinatorError(code, `${what} can't be read from ${join(file)}: ${messageOf(cause)}`, {
      cause,
      nextStep: 'Give the file as it was stored.',
    });
  }
}
