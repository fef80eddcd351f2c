/**
 * Which pack holds a block: digest → (pack, leaf), as an open-addressing table over typed arrays. 16 bytes a leaf at a
 * load of at most 2/3, so a terabyte of packs costs 24 MiB. Only the first 8 bytes of a digest are kept: the answer is
 * a guess that whoever reads the leaf must check (with random digests a false one comes once in 10^13 look-ups).
 */
export class LeafIndex {
  /** Two words of digest, then pack number and leaf, per slot. Pack 0 means empty. */
  #slots = new Uint32Array(4 * 1024);
  #used = 0;
  #capacity = 1024;

  /** Slots in use, deleted packs included until the next growth. */
  get size(): number {
    return this.#used;
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  /** `pack` is a number from 1. The same digest may be put for several packs: look-ups give all. */
  put(digest: Uint8Array, pack: number, leaf: number): void {
    if ((this.#used + 1) * 3 > this.#capacity * 2) this.#grow();
    const low = word(digest, 0);
    const high = word(digest, 4);
    this.#place(low, high, pack, leaf);
  }

  *get(digest: Uint8Array): Generator<{ readonly pack: number; readonly leaf: number }> {
    const low = word(digest, 0);
    const high = word(digest, 4);
    for (let slot = low & (this.#capacity - 1); this.#slots[4 * slot + 2] !== 0; slot = (slot + 1) & (this.#capacity - 1)) {
      if (this.#slots[4 * slot] === low && this.#slots[4 * slot + 1] === high) {
        yield { pack: this.#slots[4 * slot + 2]!, leaf: this.#slots[4 * slot + 3]! };
      }
    }
  }

  #place(low: number, high: number, pack: number, leaf: number): void {
    let slot = low & (this.#capacity - 1);
    while (this.#slots[4 * slot + 2] !== 0) slot = (slot + 1) & (this.#capacity - 1);
    this.#slots.set([low, high, pack, leaf], 4 * slot);
    this.#used += 1;
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(4 * this.#capacity);
    this.#used = 0;
    for (let at = 0; at < old.length; at += 4) if (old[at + 2] !== 0) this.#place(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
  }
}

const word = (digest: Uint8Array, at: number): number =>
  ((digest[at]! << 24) | (digest[at + 1]! << 16) | (digest[at + 2]! << 8) | digest[at + 3]!) >>> 0;
