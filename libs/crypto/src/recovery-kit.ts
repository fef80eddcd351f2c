import { z } from 'zod';
import type { RandomSource } from '#libs/kernel';
import { fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { boxKeyPairFromSecretKey } from './box-keys.ts';
import { CryptoError } from './crypto-error.ts';
import { openWithPassphrase, passphraseBoxCost, sealWithPassphrase } from './passphrase-box.ts';
import type { PassphraseCost } from './passphrase-cost.ts';
import { passphraseCosts } from './passphrase-cost.ts';
import { sha256 } from './loaded-parts.ts';
import { wipe } from './secret-bytes.ts';
import { signingKeyPairFromSeed, signingSeed } from './signing-keys.ts';
import type { TeamKeys } from './team-keys.ts';

/** A kit is some 1,200 characters; nothing longer is parsed. */
export const maxRecoveryKitCharacters = 64 * 1024;

const about = 'This file and its passphrase open every backup of the team. Keep it offline, in two places, apart from the passphrase.';
const base64Url = z
  .string()
  .max(8192)
  .regex(/^[A-Za-z0-9_-]*$/);

/** The file: a header that a person can read, and one passphrase box. `check` finds damage, it protects from nobody. */
const kitFile = z.strictObject({
  holdfast: z.literal('recovery-kit'),
  version: z.literal(1),
  about: z.string().max(1000),
  team: z.string().min(1).max(100),
  teamId: z.uuid(),
  created: z.iso.datetime({ precision: 3 }),
  argon2id: z.strictObject({ memoryKiB: z.int(), passes: z.int() }),
  sealed: base64Url,
  check: base64Url,
});
type KitFile = z.infer<typeof kitFile>;

/** What is sealed repeats the header, so that an edited header is found out even by somebody who mends the check. */
const kitContent = z.strictObject({
  teamId: z.uuid(),
  team: z.string(),
  createdAtMs: z.int(),
  rootSeed: base64Url.length(43),
  recoverySecretKey: base64Url.length(43),
});

export interface RecoveryKitOptions {
  /** Default: {@link passphraseCosts.strong}. */
  readonly cost?: PassphraseCost;
  readonly random?: RandomSource;
}

/** The text of the kit file. Throws `bad_passphrase`, or `bad_kit` when name or date can't stand in one. */
export async function sealRecoveryKit(keys: TeamKeys, passphrase: string, options: RecoveryKitOptions = {}): Promise<string> {
  const cost = options.cost ?? passphraseCosts.strong;
  const content = utf8(
    JSON.stringify({
      teamId: keys.teamId,
      team: keys.name,
      createdAtMs: keys.createdAtMs,
      rootSeed: toBase64Url(signingSeed(keys.root.secretKey)),
      recoverySecretKey: toBase64Url(keys.recovery.secretKey),
    } satisfies z.infer<typeof kitContent>),
  );
  try {
    const sealed = await sealWithPassphrase(content, passphrase, { ...options, cost });
    const unchecked: Omit<KitFile, 'check'> = {
      holdfast: 'recovery-kit',
      version: 1,
      about,
      team: keys.name,
      teamId: keys.teamId,
      created: new Date(keys.createdAtMs).toISOString(),
      argon2id: { memoryKiB: cost.memoryKiB, passes: cost.passes },
      sealed: toBase64Url(sealed),
    };
    const text = `${JSON.stringify({ ...unchecked, check: checkOf(unchecked) }, null, 2)}\n`;
    // Nobody may store a kit that can't be read back (a name too long, a date beyond the year 9999).
    parseKit(text);
    return text;
  } finally {
    wipe(content);
  }
}

/** What a kit says in clear, without its passphrase. Throws `bad_kit` when the file is damaged, edited or no kit. */
export function readRecoveryKit(text: string): { team: string; teamId: string; createdAtMs: number } {
  const kit = parseKit(text);
  return { team: kit.team, teamId: kit.teamId, createdAtMs: Date.parse(kit.created) };
}

/** Throws `bad_kit` (damaged, edited, no kit) or `wrong_passphrase`. */
export async function openRecoveryKit(text: string, passphrase: string): Promise<TeamKeys> {
  const kit = parseKit(text);
  const opened = await openWithPassphrase(fromBase64Url(kit.sealed), passphrase);
  try {
    const content = kitContent.safeParse(parseJson(new TextDecoder().decode(opened)));
    if (!content.success) throw badKit('what is sealed in the recovery kit is not what a kit holds');
    const { teamId, team, createdAtMs, rootSeed, recoverySecretKey } = content.data;
    if (teamId !== kit.teamId || team !== kit.team || createdAtMs !== Date.parse(kit.created)) {
      throw badKit('the header of the recovery kit was changed after it was made');
    }
    const seed = fromBase64Url(rootSeed);
    const secret = fromBase64Url(recoverySecretKey);
    const keys = { teamId, name: team, createdAtMs, root: signingKeyPairFromSeed(seed), recovery: boxKeyPairFromSecretKey(secret) };
    wipe(seed, secret);
    return keys;
  } finally {
    wipe(opened);
  }
}

function parseKit(text: string): KitFile {
  if (text.length > maxRecoveryKitCharacters) throw badKit('the file is too long for a recovery kit');
  const value = parseJson(text.replace(/^\uFEFF/, ''));
  if (
    typeof value === 'object' &&
    value !== null &&
    'holdfast' in value &&
    value.holdfast === 'recovery-kit' &&
    'version' in value &&
    value.version !== 1
  ) {
    throw new CryptoError('bad_kit', 'the recovery kit is of a version that this program does not know', { nextStep: 'Update Holdfast.' });
  }
  const parsed = kitFile.safeParse(value);
  if (!parsed.success) throw badKit('the file is not a whole recovery kit');
  const { check, ...rest } = parsed.data;
  if (check !== checkOf(rest)) throw badKit('the recovery kit is damaged or was edited');
  try {
    const cost = passphraseBoxCost(fromBase64Url(rest.sealed));
    if (cost.memoryKiB === rest.argon2id.memoryKiB && cost.passes === rest.argon2id.passes) return parsed.data;
  } catch {
    // Falls through: an unacceptable box is a bad kit too.
  }
  throw badKit('the sealed part of the recovery kit is not acceptable');
}

/** First 16 bytes of SHA-256 over the JSON text of the other fields in their fixed order, base64url. */
function checkOf(kit: Omit<KitFile, 'check'>): string {
  const { holdfast, version, about: aboutText, team, teamId, created, argon2id, sealed } = kit;
  const text = JSON.stringify([holdfast, version, aboutText, team, teamId, created, argon2id.memoryKiB, argon2id.passes, sealed]);
  return toBase64Url(sha256(utf8(text)).subarray(0, 16));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badKit('the file is not a whole recovery kit');
  }
}

function badKit(message: string): CryptoError {
  return new CryptoError('bad_kit', message, { nextStep: 'Use another copy of the recovery kit, as it was downloaded.' });
}
