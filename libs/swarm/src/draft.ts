import type { Receipt, SignedStatement } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import type { FilePackStore } from './pack-store/file-pack-store.ts';

/** Signs "I keep this whole pack, verified and durable" with the holder's Ed25519 seed. Only after `fetchPack` resolved. */
export declare function makeReceipt(seed: Uint8Array, receipt: Receipt): SignedStatement;
/** Throws `receipt_invalid` unless `holderKey` (Ed25519 public key) signed it. */
export declare function verifyReceipt(statement: SignedStatement, holderKey: Uint8Array): Receipt;
/** The pack as a CARv1 stream: root block, then the leaves in order. */
export declare function exportCar(store: FilePackStore, packId: PackId): AsyncIterable<Uint8Array>;
/** Stores the one pack that a CAR stream holds. Throws `car_invalid`, `pack_corrupt`, `store_full`. */
export declare function importCar(store: FilePackStore, stream: AsyncIterable<Uint8Array>): Promise<{ packId: PackId; sizeBytes: number }>;
