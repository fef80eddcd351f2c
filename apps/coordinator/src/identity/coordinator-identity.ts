import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignedStatement } from '#libs/contracts';
import { boxKeyPairFromSecretKey, peerIdFromSigningKey, signStatement, signingKeyPairFromSeed } from '#libs/crypto';
import type { PeerId, RandomSource } from '#libs/kernel';
import { fromBase64Url, systemErrorCode, toBase64Url } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import { writeSecretFile } from './secret-file.ts';

export const identityFile = (folder: string): string => join(folder, 'coordinator.key');

/**
 * The coordinator's Ed25519 key, made at first start and kept in the data folder (0600). The team root certifies it; it signs
 * rosters, is the coordinator's libp2p identity, and further keys are derived from it. Needs `cryptoReady()`.
 */
export class CoordinatorIdentity {
  /** 32 bytes, for libp2p. Never logged, never sent. */
  readonly seed: Uint8Array;
  readonly peerId: PeerId;
  /** Base64url, as in statements and in the roster. */
  readonly publicKey: string;
  readonly boxPublicKey: string;
  readonly #secretKey: Uint8Array;

  private constructor(seed: Uint8Array) {
    const pair = signingKeyPairFromSeed(seed);
    this.seed = seed;
    this.#secretKey = pair.secretKey;
    this.publicKey = toBase64Url(pair.publicKey);
    this.peerId = peerIdFromSigningKey(pair.publicKey);
    this.boxPublicKey = toBase64Url(boxKeyPairFromSecretKey(this.derive('box-key')).publicKey);
  }

  /** Reads the key of `folder`, or makes one. Throws `data_folder_unusable`. */
  static open(folder: string, random: RandomSource): CoordinatorIdentity {
    const file = identityFile(folder);
    try {
      return new CoordinatorIdentity(parse(readFileSync(file, 'utf8'), file));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
    const seed = random.bytes(32);
    writeSecretFile(file, `${toBase64Url(seed)}\n`);
    return new CoordinatorIdentity(seed);
  }

  sign(type: 'roster' | 'memory', body: unknown): SignedStatement {
    return signStatement(type, body, this.#secretKey);
  }

  /** For statements that `libs/crypto` puts together: the key stays in here. */
  use<T>(work: (secretKey: Uint8Array) => T): T {
    return work(this.#secretKey);
  }

  /** 32 bytes that follow from the key, one for each purpose. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.seed, '', `holdfast/${purpose}/1`, 32));
  }
}

function parse(text: string, file: string): Uint8Array {
  const line = text.trim();
  if (/^[A-Za-z0-9_-]{43}$/.test(line)) return fromBase64Url(line);
  throw new CoordinatorError('data_folder_unusable', `${file} does not hold a coordinator key.`, {
    nextStep: 'Restore the file from a backup of the data folder.',
  });
}
