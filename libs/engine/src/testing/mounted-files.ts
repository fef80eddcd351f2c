import { seededRandom } from '#libs/kernel/testing';

/** What the vault of `mounted-vault.ts` has, for those who look at it. */
export function mountedFiles(): { readonly big: Uint8Array; readonly many: readonly string[]; readonly odd: Buffer } {
  return {
    big: seededRandom(1).bytes(3_500_000),
    many: Array.from({ length: 3000 }, (_, n) => `${n} with a name that takes some room`),
    odd: Buffer.from([0x62, 0xff, 0x3c, 0x26]),
  };
}
