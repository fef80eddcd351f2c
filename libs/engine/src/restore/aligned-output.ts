import { pageAligned, pageBytes } from '#libs/kernel/page-aligned';
import { restoreLimits } from './limits.ts';

/** Page-aligned memory of one writer for what is on its way to the disk, taken at the first use and used again and again. */
export class AlignedRooms {
  #free: Uint8Array[] | undefined;
  readonly #waiting: ((room: Uint8Array) => void)[] = [];
  readonly #prepare: ((memory: Uint8Array) => void) | undefined;

  /** `prepare` is told of all the memory when it is taken. */
  constructor(prepare?: (memory: Uint8Array) => void) {
    this.#prepare = prepare;
  }

  /** Waits while all of it is on its way. */
  take(): Promise<Uint8Array> {
    const room = this.#rooms().pop();
    return room ? Promise.resolve(room) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(room: Uint8Array): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(room);
    else this.#rooms().push(room);
  }

  #rooms(): Uint8Array[] {
    if (!this.#free) {
      const { alignedRooms: count, alignedRoomBytes: bytes } = restoreLimits;
      const all = pageAligned(count * bytes);
      this.#prepare?.(all);
      this.#free = Array.from({ length: count }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes));
    }
    return this.#free;
  }
}

/** Bytes that follow each other in a file. Their place in memory is as far into a page as their place in the file. */
export interface Stretch<T> {
  readonly of: T;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * Gathers the chunks of a run that follow each other in a file, right where they are opened into, and hands them on as one stretch: pages that two chunks share
 * are whole, and what goes past the page cache goes in few large writes. Memory: that of the {@link AlignedRooms}.
 */
export class AlignedOutput<T> {
  readonly #rooms: AlignedRooms;
  readonly #write: (stretch: Stretch<T>) => Promise<void>;
  readonly #writes: Promise<void>[] = [];
  #room: { readonly memory: Uint8Array; used: number; readonly writes: Promise<void>[] } | undefined;
  #stretch: { readonly of: T; readonly position: number; readonly at: number; length: number } | undefined;

  /** `write` must not touch the bytes any more once it has resolved. */
  constructor(rooms: AlignedRooms, write: (stretch: Stretch<T>) => Promise<void>) {
    this.#rooms = rooms;
    this.#write = write;
  }

  /** Memory for at least `length` bytes that go to `position`; {@link put} says that they stand there. Undefined: more than there ever is. */
  async room(of: T, position: number, length: number): Promise<Uint8Array | undefined> {
    const within = position % pageBytes;
    if (within + length > restoreLimits.alignedRoomBytes) return undefined;
    const last = this.#stretch;
    if (this.#room && last && last.of === of && last.position + last.length === position) {
      const at = last.at + last.length;
      if (at + length <= this.#room.memory.length) return this.#room.memory.subarray(at);
    }
    this.#endStretch();
    let at = this.#room ? Math.ceil(this.#room.used / pageBytes) * pageBytes + within : within;
    if (!this.#room || at + length > this.#room.memory.length) {
      this.#endRoom();
      this.#room = { memory: await this.#rooms.take(), used: 0, writes: [] };
      at = within;
    }
    this.#stretch = { of, position, at, length: 0 };
    return this.#room.memory.subarray(at);
  }

  /** So many bytes are in the memory that {@link room} gave last. */
  put(length: number): void {
    const stretch = this.#stretch!;
    stretch.length += length;
    this.#room!.used = stretch.at + stretch.length;
  }

  /** Everything was handed on, and `write` is done with it. Throws what it threw first. */
  async finish(): Promise<void> {
    this.#endStretch();
    this.#endRoom();
    const ended = await Promise.allSettled(this.#writes);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  #endStretch(): void {
    const stretch = this.#stretch;
    this.#stretch = undefined;
    if (!stretch || stretch.length === 0) return;
    const { memory, writes } = this.#room!;
    const { of, position, at, length } = stretch;
    const write = this.#write({ of, position, bytes: memory.subarray(at, at + length) });
    // Seen when everything is awaited.
    write.catch(() => undefined);
    writes.push(write);
    this.#writes.push(write);
  }

  #endRoom(): void {
    const room = this.#room;
    this.#room = undefined;
    if (room) void Promise.allSettled(room.writes).then(() => this.#rooms.give(room.memory));
  }
}
