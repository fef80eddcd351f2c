import { forEachConcurrent } from '#libs/kernel';
import type { Platform } from '../platform/index.ts';
import { restoreLimits } from './limits.ts';

/**
 * How what was restored gets onto the disk for good. Few files are made durable one by one; many by writing out the whole file system at once,
 * where the system can: fifty thousand calls of fsync take minutes, and one call for all waits for everybody else's data too. Large restores do
 * it now and then in the background, so that little is left for the end.
 */
export class Durability {
  readonly #platform: Platform;
  readonly #wanted: boolean;
  readonly #roots = new Map<bigint, Buffer>();
  #paths: Buffer[] = [];
  #sinceBytes = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `wanted` false: whatever the system does by itself. */
  constructor(platform: Platform, wanted: boolean) {
    this.#platform = platform;
    this.#wanted = wanted;
  }

  /** Whether a file must be durable before it takes another's place. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Things are restored into this folder, which is there. One of each file system is enough: what is mounted below a folder is another. */
  addFolder(folder: Buffer, device: bigint): void {
    if (!this.#roots.has(device)) this.#roots.set(device, folder);
  }

  /** A file has all its bytes under this name now, or a folder its entries. */
  wrote(path: Buffer, bytes = 0): void {
    if (!this.#wanted) return;
    this.#paths.push(path);
    this.#sinceBytes += bytes;
    if (this.#sinceBytes >= restoreLimits.flushBytes && !this.#running) void this.#sync();
  }

  /** Everything said before this call is durable when it resolves. Throws `io_failed` when the disk did not take it. */
  async flush(): Promise<void> {
    if (!this.#wanted) return;
    // One that runs may have begun before the last write, and so may that of somebody else who waited for it.
    while (this.#running) await this.#running;
    await this.#sync();
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for what runs in the background. */
  async settle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #sync(): Promise<void> {
    const paths = this.#paths;
    this.#paths = [];
    this.#sinceBytes = 0;
    const work = async (): Promise<void> => {
      try {
        const { syncAll } = this.#platform.capabilities;
        let together = syncAll && paths.length > restoreLimits.syncedOneByOne;
        if (!together)
          await forEachConcurrent(paths, restoreLimits.syncsAtOnce, async (path) => {
            together ||= syncAll && (await this.#platform.syncPath(path)) === 'unsupported';
          });
        if (together) for (const folder of this.#roots.values()) await this.#platform.syncAll(folder);
      } catch (error) {
        this.#failure ??= { error };
      } finally {
        this.#running = undefined;
      }
    };
    return (this.#running = work());
  }
}
