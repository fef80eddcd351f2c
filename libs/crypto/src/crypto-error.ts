import { AppError } from '#libs/kernel';
import type { AppErrorOptions } from '#libs/kernel';

export type CryptoErrorCode =
  /** A sealed chunk: bytes, number, associated data or key differ from what was sealed. */
  | 'open_failed'
  /** A sealed box was not made for this key, or was altered. */
  | 'wrong_key'
  /** A passphrase box or a recovery kit does not open with this passphrase (or its sealed bytes were altered on purpose). */
  | 'wrong_passphrase'
  /** A passphrase that can't be used to seal: empty or too long. */
  | 'bad_passphrase'
  /** A passphrase box whose bytes or cost parameters are not acceptable. */
  | 'bad_box'
  | 'bad_signature'
  /** A statement of the wrong shape, type or size, or whose body does not say what it must. */
  | 'bad_statement'
  /** A certificate of the coordinator that is not valid at this time. */
  | 'certificate_expired'
  | 'decompress_failed'
  | 'compression_unavailable'
  /** A key, seed, nonce prefix or number of the wrong size or range. */
  | 'bad_key'
  | 'bad_kit'
  /** A coordinator's bundle that is torn, altered, of an unknown version, or not by a coordinator of this team. */
  | 'bad_bundle'
  /** A coordinator's bundle of a team that the recovery kit is not of. */
  | 'other_team'
  | 'bad_join_link'
  /** A vault's key that was sealed for another restore than the one it came with. */
  | 'order_altered'
  /** What the coordinator showed is not what the join link promised. */
  | 'fingerprint_mismatch'
  | 'bad_certificate'
  | 'not_ready';

/** Everything that libs/crypto throws. Never carries key material, plaintext or passphrases, in the message or in the context. */
export class CryptoError extends AppError<CryptoErrorCode> {
  override readonly name = 'CryptoError';

  constructor(code: CryptoErrorCode, message: string, options: AppErrorOptions = {}) {
    super(code, message, options);
  }
}
