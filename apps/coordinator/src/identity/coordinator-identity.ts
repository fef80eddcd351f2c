import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomSource } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import { writeSecretFile } from './secret-file.ts';

const FILE = 'coordinator.key';

/**
 * The coordinator's Ed25519 key, made at first start and kept in the data folder (0600). The team root certifies it; it signs
 * rosters, is the coordinator's libp2p identity, and further keys are derived from it.
 */
export class CoordinatorIdentity {
  /** 32 bytes; for libp2p and for signing. Never logged, never sent. */
  readonly seed: Uint8Array;
  readonly privateKey: KeyObject;
  /** Base64url of the raw 32 bytes. */
  readonly publicKey: string;

  private constructor(seed: Uint8Array) {
    this.seed = seed;
    this.privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.privateKey).export({ format: 'jwk' }).x!;
  }

  /** Reads the key of `folder`, or makes one. Throws `data_folder_unusable`. */
  static open(folder: string, random: RandomSource): CoordinatorIdentity {
    const file = join(folder, FILE);
    try {
      return new CoordinatorIdentity(parse(readFileSync(file, 'utf8'), file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const seed = random.bytes(32);
    writeSecretFile(file, `${toBase64Url(seed)}\n`);
    return new CoordinatorIdentity(seed);
  }

  /** 32 bytes that follow from the key, one for each purpose. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.seed, '', `holdfast/${purpose}/1`, 32));
  }
}

/** RFC 8410: what stands before the seed in a PKCS#8 Ed25519 key. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function parse(text: string, file: string): Uint8Array {
  const line = text.trim();
  if (/^[A-Za-z0-9_-]{43}$/.test(line)) return fromBase64Url(line);
  throw new CoordinatorError('data_folder_unusable', `${file} does not hold a coordinator key.`, {
    nextStep: 'Restore the file from a backup of the data folder.',
  });
}
