import { deflateSync, inflateSync } from 'node:zlib';
import { type Receipt, type Release, roster as rosterSchema, type Roster, type SignedStatement } from '#libs/contracts';
import {
  createTeam,
  newBoxKeyPair,
  openBox,
  openBundle,
  openCountersigned,
  openRelease,
  openStatement,
  openTeamDocument,
  parseJoinLink,
  passphraseBoxCost,
  peerIdFromSigningKey,
  readRecoveryKit,
  sealBundle,
  sealToBox,
  sealWithPassphrase,
  signCountersign,
  signingKeyPairFromSeed,
  signRelease,
  signStatement,
  buildJoinLink,
} from '#libs/crypto';
import { type DeviceId, fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { makeReceipt, verifyReceipt } from '#libs/swarm';
import { PackBitmap } from '#libs/vault';
import { aPack, aVaultId } from '#libs/vault/testing';
import type { Dice } from './dice.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { type FuzzTarget, target } from './target.ts';

const MiB = 1024 * 1024;
const cryptoErrors: FuzzTarget['errors'] = [['CryptoError']];
const cheap = { memoryKiB: 64, passes: 1 };

/** What is signed, sealed or typed by people: statements (damaged outside, and inside by their own signer), kits, boxes, links, bitmaps. */
export async function statementTargets(): Promise<FuzzTarget[]> {
  const seed = new Uint8Array(32).fill(5);
  const keys = signingKeyPairFromSeed(seed);
  const device = (n: number): DeviceId => `00000000-0000-4000-8000-00000000000${n}` as DeviceId;
  const { packId, sizeBytes } = await aPack();
  const receipt: Receipt = {
    packId,
    sizeBytes,
    vaultId: aVaultId,
    ownerDeviceId: device(1),
    holderDeviceId: device(2),
    generation: 0,
    atMs: 1,
  };
  const random = seededRandom(1);
  const teamId = device(8);
  const release: Release = {
    teamId,
    releaseId: device(9),
    vaultId: aVaultId,
    ownerDeviceId: device(1),
    releaseSequence: 1,
    headSequence: 2,
    generation: 0,
    reason: 'retention',
    packIds: [packId],
    atMs: 3,
  };
  const boxKeys = newBoxKeyPair(random);
  const roster: Roster = {
    teamId,
    version: 1,
    issuedAtMs: 1,
    members: [
      {
        deviceId: device(1),
        peerId: peerIdFromSigningKey(keys.publicKey),
        name: 'a',
        site: 's',
        class: 'workstation',
        state: 'active',
        signingKey: toBase64Url(keys.publicKey),
        boxKey: toBase64Url(boxKeys.publicKey),
        addresses: ['/ip4/127.0.0.1/tcp/1'],
      },
    ],
  };
  const signedReceipt = makeReceipt(seed, receipt);
  const signedRelease = signRelease(release, keys.secretKey);
  const countersigned = signCountersign(signedRelease, release, { holdMs: 5, atMs: 6 }, keys.secretKey);
  const {
    keys: teamKeys,
    teamDocument,
    recoveryKit,
  } = await createTeam({
    name: 'team',
    nowMs: 1_800_000_000_000,
    coordinatorKey: keys.publicKey,
    passphrase: 'long enough for a kit',
    random,
    cost: cheap,
  });
  const bundle = sealBundle(
    utf8('what a coordinator knows'),
    { teamId: teamKeys.teamId, madeAtMs: 1, rosterVersion: 2, certificate: teamDocument.coordinator },
    teamKeys.recovery.publicKey,
    keys.secretKey,
  );
  const box = await sealWithPassphrase(utf8('secret'), 'passphrase', { random, cost: cheap });
  const sealed = sealToBox(boxKeys.publicKey, utf8('secret'));
  const link = buildJoinLink({ host: 'backup.example', port: 7443, secret: toBase64Url(seed), fingerprint: toBase64Url(seed) });
  const bitmaps = [deflateSync(new Uint8Array(5_000).fill(0x55)), deflateSync(Uint8Array.of(1, 2, 3))].map(
    (bytes) => new Uint8Array(bytes),
  );

  /** Half: the statement itself damaged; half: its body, signed again by whoever may. */
  const statementInput =
    (signed: SignedStatement) =>
    (dice: Dice): SignedStatement => {
      if (dice.below(2) === 0) return mutateJson(dice, signed) as SignedStatement;
      const body = JSON.parse(Buffer.from(fromBase64Url(signed.payload)).toString()) as unknown;
      const mutated = mutateJson(dice, body);
      return mutated === undefined ? signed : signStatement(signed.type, mutated, keys.secretKey);
    };
  const releaseKeys = { teamId, ownerKey: keys.publicKey, rootKey: keys.publicKey, coordinatorKey: keys.publicKey };

  return [
    target({
      name: 'receipt',
      weight: 4,
      errors: [['SwarmError', ['receipt_invalid']]],
      memoryBytes: 4 * MiB,
      input: statementInput(signedReceipt),
      decode: (statement) => verifyReceipt(statement, keys.publicKey),
    }),
    target({
      name: 'release',
      weight: 3,
      errors: cryptoErrors,
      memoryBytes: 4 * MiB,
      input: statementInput(signedRelease),
      decode: (statement) => openRelease(statement, releaseKeys),
    }),
    target({
      name: 'countersigned release',
      weight: 2,
      errors: cryptoErrors,
      memoryBytes: 4 * MiB,
      input: statementInput(countersigned),
      decode: (statement) => openCountersigned(signedRelease, statement, releaseKeys),
    }),
    target({
      name: 'roster',
      weight: 2,
      errors: cryptoErrors,
      memoryBytes: 4 * MiB,
      input: statementInput(signStatement('roster', roster, keys.secretKey)),
      decode: (statement) => rosterSchema.safeParse(openStatement('roster', statement, keys.publicKey)),
    }),
    target({
      name: 'bundle of a coordinator',
      weight: 3,
      errors: cryptoErrors,
      memoryBytes: 8 * MiB,
      input: statementInput(bundle),
      decode: (statement) => openBundle(statement, teamKeys),
    }),
    target({
      name: 'team document',
      weight: 2,
      errors: cryptoErrors,
      memoryBytes: 4 * MiB,
      input: (dice) => mutateJson(dice, teamDocument) as typeof teamDocument,
      decode: (document) => openTeamDocument(document, 1_800_000_000_000),
    }),
    target({
      name: 'recovery kit',
      weight: 3,
      errors: cryptoErrors,
      memoryBytes: 4 * MiB,
      input: (dice) =>
        dice.below(2) === 0
          ? JSON.stringify(mutateJson(dice, JSON.parse(recoveryKit)))
          : Buffer.from(mutateBytes(dice, utf8(recoveryKit), [utf8(recoveryKit)])).toString('latin1'),
      decode: readRecoveryKit,
    }),
    target({
      name: 'passphrase box',
      weight: 2,
      errors: cryptoErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, box, [box]),
      decode: passphraseBoxCost,
    }),
    target({
      name: 'sealed box',
      weight: 2,
      errors: cryptoErrors,
      memoryBytes: MiB,
      input: (dice) => mutateBytes(dice, sealed, [sealed]),
      decode: (bytes) => openBox(bytes, boxKeys),
    }),
    target({
      name: 'join link',
      weight: 3,
      errors: cryptoErrors,
      memoryBytes: MiB,
      input: (dice) => Buffer.from(mutateBytes(dice, utf8(link), [utf8(link)])).toString('latin1'),
      decode: parseJoinLink,
    }),
    target({
      name: 'bitmap of needed packs',
      refuses: false,
      weight: 2,
      errors: [['VaultError']],
      memoryBytes: 8 * MiB,
      // What does not inflate never reaches the decoder: the bitmap itself is damaged.
      input: (dice) => mutateBytes(dice, new Uint8Array(inflateSync(dice.of(bitmaps))), bitmaps),
      decode: (bytes) => PackBitmap.fromBytes(bytes).ordinals().toArray().length,
    }),
  ];
}
