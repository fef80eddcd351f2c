import { AppError } from '#libs/kernel';

/**
 * - `pack_not_found`: neither here nor at the one who was asked; like the next one temporary where all sources of a fetch say so, since they mend themselves
 * - `pack_corrupt`: bytes that do not match their id; `context` says where (block, leaf, who sent it)
 * - `pack_invalid`: a pack id, size or root block that no pack of ours can have
 * - `store_full` (temporary): no space left; nothing that was kept is lost
 * - `store_failed`: the disk refused for another reason
 * - `source_unavailable` (temporary): the device can't be reached, or the connection broke
 * - `transfer_stalled` (temporary): the other side stopped sending
 * - `peer_refused`: the device answers, but not this pack to us
 * - `peer_busy` (temporary): the device serves as many transfers as it wants to
 * - `protocol_violation`: a message that the protocol does not allow; the connection's stream was reset
 * - `not_a_member`: the device is not in the newest roster, or revoked
 * - `roster_rollback`: a roster older than the one in force
 * - `receipt_invalid`: a receipt that its holder did not sign, or that is about something else
 * - `document_invalid`: a vault header or head that is too large or malformed
 * - `car_invalid`: a CAR stream that is not exactly one pack
 * - `block_refused`: someone tried to put a block into the pack-backed blockstore
 * - `listen_failed`: no listening address could be opened
 * - `swarm_stopped`: used after `stop()`
 */
export type SwarmErrorCode =
  | 'pack_not_found'
  | 'pack_corrupt'
  | 'pack_invalid'
  | 'store_full'
  | 'store_failed'
  | 'source_unavailable'
  | 'transfer_stalled'
  | 'peer_refused'
  | 'peer_busy'
  | 'protocol_violation'
  | 'not_a_member'
  | 'roster_rollback'
  | 'receipt_invalid'
  | 'document_invalid'
  | 'car_invalid'
  | 'block_refused'
  | 'listen_failed'
  | 'swarm_stopped';

export class SwarmError extends AppError<SwarmErrorCode> {
  override readonly name = 'SwarmError';
}
