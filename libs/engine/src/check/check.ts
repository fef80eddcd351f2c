import { equalBytes, isAppError, messageOf, systemClock, systemRandom, toHex } from '#libs/kernel';
import {
  hasLostChunks,
  openPackDirectory,
  type PackInfo,
  readDirectory,
  type Snapshot,
  type SnapshotLoss,
  type TreeEntry,
} from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import { displayPath } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import type { CheckOptions, CheckReport, Finding } from './check-types.ts';
import { lossOf } from '../repair/lost-entries.ts';
import { packsToRead } from './packs-to-read.ts';
import { readWholePack } from './read-whole-pack.ts';
import { believedMs } from './verified-times.ts';

/** Errors, notes and affected files that are named; more of the same helps nobody. */
const reportedFindings = 1_000;
const namedFiles = 50;

/**
 * Looks for everything that could keep a restore from working: records and their chain, every tree and chunk of every snapshot, every pack and
 * its directory against the index, and, when asked, every byte. Findings are values; only an interruption throws.
 */
export async function check(options: CheckOptions): Promise<CheckReport> {
  return new Check(options).run();
}

class Check {
  readonly #options: CheckOptions;
  readonly #findings: Finding[] = [];
  readonly #trees = new Set<string>();
  readonly #progress: ProgressReporter;
  readonly #badPacks = new Set<number>();
  readonly #found = { error: 0, note: 0 };
  #snapshots = 0;
  #files = 0;
  #packsRead = 0;
  #bytesRead = 0;
  #current: string | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#progress = new ProgressReporter(options.onProgress, systemClock);
  }

  async run(): Promise<CheckReport> {
    const { reader } = this.#options;
    if (!reader.complete)
      this.#find({
        severity: 'error',
        code: 'live_digest_differs',
        message: 'the index does not name the packs that the head counts as live',
      });
    const snapshots = await this.#checkRecords();
    // Marked ones last: of a folder that they share with others, nothing is taken for known.
    for (const snapshot of [...snapshots.filter(({ lost }) => !lost), ...snapshots.filter(({ lost }) => lost)]) {
      for (const { entry, path } of snapshot.roots) await this.#checkEntry(entry, displayPath(path), snapshot);
      if (snapshot.lost) await this.#checkLoss(snapshot, snapshot.lost);
    }
    await this.#checkPacks();
    await this.#readPacks();
    if (this.#badPacks.size > 0) await this.#nameFiles(snapshots);
    return {
      ok: this.#found.error === 0,
      findings: this.#findings,
      unlistedErrors: Math.max(0, this.#found.error - reportedFindings),
      snapshots: this.#snapshots,
      packs: reader.packs.size,
      trees: this.#trees.size,
      files: this.#files,
      packsRead: this.#packsRead,
      bytesRead: this.#bytesRead,
      ...this.#ages(),
    };
  }

  /** Each record by itself and as a link of the chain. */
  async #checkRecords(): Promise<Snapshot[]> {
    const { reader } = this.#options;
    const readable: Snapshot[] = [];
    let previous: { readonly sequence: number; readonly recordId: Uint8Array } | undefined;
    for (const { sequence, recordId } of reader.head.snapshots) {
      this.#snapshots += 1;
      const record = await this.#try({ code: 'record_invalid', sequence }, () => reader.snapshot(sequence, this.#read));
      if (record) {
        readable.push(record);
        // It may follow one that was forgotten: then its number says so.
        const before = previous?.sequence === sequence - 1 ? previous : undefined;
        const linked = !before || (record.previous !== undefined && equalBytes(record.previous, before.recordId));
        if (!linked)
          this.#find({
            severity: 'error',
            code: 'records_chain_broken',
            message: `snapshot ${sequence} does not follow the one before it`,
            sequence,
          });
      }
      previous = { sequence, recordId };
    }
    return readable;
  }

  async #checkEntry(entry: TreeEntry, path: string, snapshot: Snapshot): Promise<void> {
    throwIfInterrupted(this.#options.signal);
    const { sequence } = snapshot;
    if (entry.type === 'file') {
      this.#files += 1;
      if (entry.error !== undefined) return;
      await this.#try({ code: 'chunk_not_indexed', path, sequence }, async () => {
        if (snapshot.lost && (await hasLostChunks(this.#options.reader, entry, this.#read))) return;
        for await (const chunk of this.#options.reader.chunksOf(entry, this.#read)) {
          if (!this.#options.reader.packs.get(chunk.ordinal))
            throw new Error(`the index names pack number ${chunk.ordinal}, which it does not know`);
        }
      });
      return;
    }
    if (!entry.tree || this.#trees.has(toHex(entry.tree))) return;
    this.#trees.add(toHex(entry.tree));
    this.#current = path;
    this.#report();
    await this.#try({ code: 'tree_unreadable', path, sequence }, async () => {
      const onLostPart = snapshot.lost ? (): void => undefined : undefined;
      for await (const child of this.#options.reader.readTree(entry.tree!, { ...this.#read, onLostPart }))
        await this.#checkEntry(child, `${path}/${displayPath(child.name)}`, snapshot);
    });
  }

  /** What a repair marked is known; what was lost since is not. */
  async #checkLoss(snapshot: Snapshot, known: SnapshotLoss): Promise<void> {
    const { signal, reader } = this.#options;
    const { sequence } = snapshot;
    const now = await this.#try({ code: 'tree_unreadable', sequence }, () => lossOf(reader, snapshot, signal));
    if (!now) return;
    const more = now.files > known.files || now.folders > known.folders || now.bytes > known.bytes;
    const files = `${now.files} files and ${now.folders} folders of snapshot ${sequence} are lost`;
    this.#find({
      severity: more ? 'error' : 'note',
      code: more ? 'chunk_not_indexed' : 'parts_lost',
      message: more ? `${files}, more than when it was marked; "holdfast repair snapshots" names them` : `${files}, as a repair marked it`,
      sequence,
    });
  }

  /** Every pack that the index names is there, as long as it says, and its directory says the same as the index. */
  async #checkPacks(): Promise<void> {
    const { reader, store, blocks, opener } = this.#options;
    for (const pack of reader.packs.values()) {
      throwIfInterrupted(this.#options.signal);
      this.#current = pack.packId;
      this.#report();
      const size = store ? await store.size(pack.packId) : pack.sizeBytes;
      if (size === undefined) {
        this.#badPacks.add(pack.ordinal);
        this.#find({
          severity: 'error',
          code: 'pack_missing',
          message: `pack ${pack.packId} is not in the ${store!.name}`,
          packId: pack.packId,
        });
      } else if (size !== pack.sizeBytes) {
        this.#badPacks.add(pack.ordinal);
        this.#find({
          severity: 'error',
          code: 'pack_size_differs',
          message: `pack ${pack.packId} has ${size} bytes, the index says ${pack.sizeBytes}`,
          packId: pack.packId,
        });
      } else if (blocks && opener && this.#options.structureOnly !== true) {
        const opened = await this.#try({ code: 'pack_corrupt', packId: pack.packId }, () =>
          openPackDirectory(opener, blocks, pack.packId, this.#read),
        );
        if (opened) this.#compareDirectory(pack, opened.directory);
        else this.#badPacks.add(pack.ordinal);
      }
    }
    if (!store) return;
    let waiting = 0;
    for await (const packId of store.ids(this.#read)) {
      if (reader.packs.ordinalOf(packId) !== undefined) continue;
      if (this.#options.retired?.has(packId)) waiting += 1;
      else {
        this.#find({
          severity: 'note',
          code: 'pack_unknown',
          message: this.#options.lost?.has(packId)
            ? `pack ${packId}, which a repair has given up, is here again; "holdfast repair index" takes it back if it is whole`
            : `pack ${packId} is stored but no index names it; an unfinished backup left it`,
          packId,
        });
      }
    }
    if (waiting > 0)
      this.#find({
        severity: 'note',
        code: 'packs_retired',
        message: `packs that a prune took out and that stay on this disk until their release is accepted: ${waiting}`,
      });
  }

  #compareDirectory(pack: PackInfo, directory: Uint8Array): void {
    for (const { kind, id, offset, sealedLength, plainLength } of readDirectory(directory)) {
      if (kind !== 'data' && kind !== 'tree' && kind !== 'chunkList') continue;
      const known = this.#options.reader.locate(id);
      // A chunk that is in two packs is indexed at one of them.
      const agrees =
        known &&
        (known.ordinal !== pack.ordinal ||
          (known.offset === offset && known.sealedLength === sealedLength && known.plainLength === plainLength));
      if (agrees) continue;
      this.#badPacks.add(pack.ordinal);
      this.#find({
        severity: 'error',
        code: 'directory_disagrees',
        message: `pack ${pack.packId}: the index disagrees about the chunk at ${offset}`,
        packId: pack.packId,
      });
      return;
    }
  }

  async #readPacks(): Promise<void> {
    const { blocks, opener, reader, verifiedTimes, readData = 'none' } = this.#options;
    if (!blocks || !opener) return;
    const clock = this.#options.clock ?? systemClock;
    const random = this.#options.random ?? systemRandom;
    for (const pack of packsToRead(reader.packs.values(), readData, verifiedTimes, random, clock.nowMs())) {
      throwIfInterrupted(this.#options.signal);
      this.#current = pack.packId;
      this.#report();
      this.#packsRead += 1;
      this.#bytesRead += pack.sizeBytes;
      if (await this.#readPack(pack)) verifiedTimes?.verified(pack.packId, clock.nowMs());
      else this.#badPacks.add(pack.ordinal);
    }
  }

  async #readPack(pack: PackInfo): Promise<boolean> {
    const { blocks, opener } = this.#options;
    const { packId } = pack;
    const wrong = await this.#try({ code: 'pack_corrupt', packId }, () => readWholePack(pack, blocks!, opener!, this.#read));
    for (const message of wrong ?? []) this.#find({ severity: 'error', code: 'chunk_corrupt', message, packId });
    return wrong?.length === 0;
  }

  #ages(): Pick<CheckReport, 'packsNeverRead' | 'oldestReadMs'> {
    const { reader, verifiedTimes } = this.#options;
    if (!verifiedTimes) return { packsNeverRead: undefined, oldestReadMs: undefined };
    const nowMs = (this.#options.clock ?? systemClock).nowMs();
    const times = Array.from(reader.packs.values(), ({ packId }) => believedMs(verifiedTimes, packId, nowMs));
    const read = times.filter((ms) => ms !== undefined);
    const packsNeverRead = times.length - read.length;
    return { packsNeverRead, oldestReadMs: packsNeverRead > 0 || read.length === 0 ? undefined : read.reduce((a, b) => Math.min(a, b)) };
  }

  /** Which files can't be restored from here because of bad packs. */
  async #nameFiles(snapshots: readonly Snapshot[]): Promise<void> {
    const latest = snapshots.at(-1);
    if (!latest) return;
    const { reader } = this.#options;
    let named = 0;
    await this.#try({ code: 'tree_unreadable', sequence: latest.sequence }, async () => {
      for await (const { path, entry } of reader.walk(latest, '/', this.#read)) {
        if (entry.type !== 'file' || entry.error !== undefined || named >= namedFiles) continue;
        if (latest.lost && (await hasLostChunks(reader, entry, this.#read))) continue;
        for await (const { ordinal } of reader.chunksOf(entry, this.#read)) {
          if (!this.#badPacks.has(ordinal)) continue;
          named += 1;
          const { packId } = reader.packs.get(ordinal)!;
          const shown = `/${path.map((name) => displayPath(name)).join('/')}`;
          this.#find({
            severity: 'error',
            code: 'chunk_corrupt',
            message: `${shown} needs pack ${packId}`,
            path: shown,
            packId,
            sequence: latest.sequence,
          });
          break;
        }
      }
    });
  }

  get #read() {
    return this.#options.signal ? { signal: this.#options.signal } : {};
  }

  /** The result, or undefined and a finding. */
  async #try<T>(what: Omit<Finding, 'severity' | 'message'>, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      throwIfInterrupted(this.#options.signal);
      // What has no code is a mistake of ours or of the system, but here every answer is better than none.
      const code = isAppError(error, 'chunk_not_found') ? 'chunk_not_indexed' : what.code;
      this.#find({ severity: 'error', ...what, code, message: `${what.path === undefined ? '' : `${what.path}: `}${messageOf(error)}` });
      return undefined;
    }
  }

  /** Notes never take the room of errors. */
  #find(finding: Finding): void {
    const found = (this.#found[finding.severity] += 1);
    if (found <= reportedFindings) this.#findings.push(finding);
  }

  #report(): void {
    this.#progress.update('check', () => ({
      filesDone: this.#files,
      bytesDone: this.#bytesRead,
      filesTotal: undefined,
      bytesTotal: undefined,
      current: this.#current,
      errors: this.#found.error,
    }));
  }
}
