import { argon2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { RandomSource } from '#libs/kernel';
import { systemRandom } from '#libs/kernel';
import { CryptoError } from '../crypto-error.ts';
import type { PassphraseCost } from '../passphrase-cost.ts';
import { isAcceptableCost, passphraseBytes } from '../passphrase-cost.ts';
import { constantTimeEqual } from '../secret-bytes.ts';

const argon2Async = promisify(argon2);

/** OWASP's first choice for Argon2id is 46 MiB with 1 pass; this is a little more, 0.15 s of one thread. */
export const defaultPasswordCost: PassphraseCost = { memoryKiB: 64 * 1024, passes: 2 };

const pattern = /^\$argon2id\$v=19\$m=([1-9][0-9]{0,7}),t=([1-9][0-9]{0,2}),p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** A decoy with the default cost, so that an unknown account takes as long as a known one. */
const nobody = `$argon2id$v=19$m=${defaultPasswordCost.memoryKiB},t=${defaultPasswordCost.passes},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * The PHC string of a password, as libsodium's `crypto_pwhash_str` writes it: `$argon2id$v=19$m=…,t=…,p=1$salt$hash`.
 * Runs on the thread pool, not on the event loop. Throws `bad_passphrase` when empty or longer than 4,096 bytes.
 */
export async function hashPassword(
  password: string,
  options: { readonly cost?: PassphraseCost; readonly random?: RandomSource } = {},
): Promise<string> {
  const cost = options.cost ?? defaultPasswordCost;
  if (!isAcceptableCost(cost)) throw new CryptoError('bad_box', 'the cost of the password hash is out of bounds', { context: { ...cost } });
  const salt = (options.random ?? systemRandom).bytes(16);
  const hash = await derive(passphraseBytes(password), salt, cost);
  return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=1$${toBase64(salt)}$${toBase64(hash)}`;
}

/**
 * Whether `password` is the one of `stored`. Pass undefined for an account that does not exist: the answer is false after the
 * same work. A stored string that is not ours is false too, never an error.
 */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const parsed = parse(stored) ?? parse(nobody)!;
  let bytes: Uint8Array;
  try {
    bytes = passphraseBytes(password);
  } catch {
    return false;
  }
  const same = constantTimeEqual(await derive(bytes, parsed.salt, parsed.cost), parsed.hash);
  return same && stored !== undefined && parsed.text === stored;
}

interface Parsed {
  readonly text: string;
  readonly cost: PassphraseCost;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

function parse(stored: string | undefined): Parsed | undefined {
  if (stored === undefined || stored.length > 200) return undefined;
  const match = pattern.exec(stored);
  if (!match) return undefined;
  const cost = { memoryKiB: Number(match[1]), passes: Number(match[2]) };
  if (!isAcceptableCost(cost)) return undefined;
  return { text: stored, cost, salt: Buffer.from(match[3]!, 'base64'), hash: Buffer.from(match[4]!, 'base64') };
}

function derive(password: Uint8Array, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  return argon2Async('argon2id', {
    message: password,
    nonce: salt,
    parallelism: 1,
    tagLength: 32,
    memory: cost.memoryKiB,
    passes: cost.passes,
  });
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
