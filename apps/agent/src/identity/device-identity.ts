import {
  type BoxKeyPair,
  boxKeyPairFromSecretKey,
  peerIdFromSigningKey,
  sign,
  type SigningKeyPair,
  signingKeyPairFromSeed,
} from '#libs/crypto';
import { isAppError, type PeerId, type RandomSource, toBase64Url, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { AgentError } from '../errors.ts';

/** Who this device is: the key that signs and names it, and the key that others seal to. Never leaves the device. */
export interface DeviceIdentity {
  /** 32 bytes; libp2p's identity follows from it too. */
  readonly seed: Uint8Array;
  readonly signing: SigningKeyPair;
  readonly box: BoxKeyPair;
  readonly peerId: PeerId;
  /** base64url */
  readonly signingKey: string;
  readonly boxKey: string;
}

const seedBytes = 32;

/** Undefined when the device has none yet. Needs `cryptoReady()`. Throws `home_corrupt`. */
export async function readIdentity(files: DurableFiles, path: string): Promise<DeviceIdentity | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await files.read(path, { maxBytes: 4096 });
  } catch (error) {
    if (isAppError(error, 'file_not_found')) return undefined;
    throw error;
  }
  if (bytes.length !== 2 * seedBytes) {
    throw new AgentError('home_corrupt', `the identity file has ${bytes.length} bytes instead of ${2 * seedBytes}`, {
      context: { path },
      nextStep: 'Put the file back from a copy, or join again with a new link in an empty folder and restore with the recovery kit.',
    });
  }
  return identityOf(bytes);
}

/** Makes an identity and writes it: signing seed, then box secret key. */
export async function createIdentity(files: DurableFiles, path: string, random: RandomSource): Promise<DeviceIdentity> {
  const bytes = random.bytes(2 * seedBytes);
  await files.replace(path, bytes);
  return identityOf(bytes);
}

function identityOf(bytes: Uint8Array): DeviceIdentity {
  const seed = bytes.slice(0, seedBytes);
  const signing = signingKeyPairFromSeed(seed);
  const box = boxKeyPairFromSecretKey(bytes.slice(seedBytes));
  return {
    seed,
    signing,
    box,
    peerId: peerIdFromSigningKey(signing.publicKey),
    signingKey: toBase64Url(signing.publicKey),
    boxKey: toBase64Url(box.publicKey),
  };
}

/** Proves to the coordinator that the device has its key: for enrolment (`enrol`, the link's secret) and tokens (`token`, the nonce). */
export function proofOf(identity: DeviceIdentity, type: 'enrol' | 'token', text: string): string {
  return toBase64Url(sign(type, utf8(text), identity.signing.secretKey));
}
