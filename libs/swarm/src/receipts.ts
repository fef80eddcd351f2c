import type { Receipt, SignedStatement } from '#libs/contracts';
import { receipt as receiptSchema } from '#libs/contracts';
import { openStatement, signStatement, signingKeyPairFromSeed } from '#libs/crypto';
import { messageOf } from '#libs/kernel';
import { SwarmError } from './errors.ts';

const statementType = 'receipt';

/**
 * Signs "I keep this whole pack, verified and durable" with the holder's Ed25519 seed. Call it only after `fetchPack`
 * resolved. Needs `cryptoReady()`. Throws `receipt_invalid` when the body does not fit the contract.
 */
export function makeReceipt(seed: Uint8Array, receipt: Receipt): SignedStatement {
  const parsed = receiptSchema.safeParse(receipt);
  if (!parsed.success)
    throw new SwarmError('receipt_invalid', `this is no receipt: ${parsed.error.issues[0]?.message}`, { cause: parsed.error });
  return signStatement(statementType, parsed.data, signingKeyPairFromSeed(seed).secretKey);
}

/** What the receipt has to be about, as far as the caller knows it. */
export type ExpectedReceipt = Partial<
  Pick<Receipt, 'packId' | 'vaultId' | 'ownerDeviceId' | 'holderDeviceId' | 'sizeBytes' | 'generation'>
>;

/**
 * The body, once the holder's signature (Ed25519 public key, 32 bytes, from the roster) is checked and every part of
 * `expected` agrees. Throws `receipt_invalid`. Needs `cryptoReady()`.
 */
export function verifyReceipt(statement: SignedStatement, holderKey: Uint8Array, expected: ExpectedReceipt = {}): Receipt {
  let body: unknown;
  try {
    body = openStatement(statementType, statement, holderKey);
  } catch (error) {
    throw new SwarmError('receipt_invalid', `the receipt was not signed by its holder: ${messageOf(error)}`, { cause: error });
  }
  const parsed = receiptSchema.safeParse(body);
  if (!parsed.success) throw new SwarmError('receipt_invalid', 'the holder signed something that is no receipt', { cause: parsed.error });
  for (const [key, value] of Object.entries(expected)) {
    if (value !== undefined && parsed.data[key as keyof Receipt] !== value) {
      throw new SwarmError('receipt_invalid', `the receipt is about another ${key}`, { context: { [key]: value } });
    }
  }
  return parsed.data;
}
