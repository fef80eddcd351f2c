import { existsSync, writeFileSync } from 'node:fs';

const libraries = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'];

/** The wall clock of one machine, which jumps while its processes run (libfaketime, Debian's package `faketime`). */
export class MachineClock {
  readonly #file: string;
  #offsetSeconds = 0;

  constructor(file: string) {
    this.#file = file;
    this.set(0);
  }

  static get library(): string | undefined {
    return libraries.find((path) => existsSync(path));
  }

  get offsetSeconds(): number {
    return this.#offsetSeconds;
  }

  set(offsetSeconds: number): void {
    this.#offsetSeconds = offsetSeconds;
    writeFileSync(this.#file, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`);
  }

  /** For the environment of the machine's processes. The monotonic clock stays true, as it does when a real clock is set. */
  environment(): Record<string, string> {
    const { library } = MachineClock;
    if (!library) return {};
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }
}
