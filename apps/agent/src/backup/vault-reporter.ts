import { z } from 'zod';
import type { AnnouncePacks } from '#libs/contracts';
import type { CommittedSnapshot, LocalVault } from '#libs/engine';
import { Mutex, type PackId, toBase64Url } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import type { JsonFile } from '../home/json-file.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { ReleasePort } from '../releases/release-proposal.ts';
import type { Protection } from '../protection/protection.ts';

/** `state/delivered.json`: how much of the vault the outbox has taken over. */
export const deliveredState = z.strictObject({
  headerSha256: z.string(),
  /** Every pack with a smaller ordinal. */
  announcedBelow: z.int().min(0),
  committedSequence: z.int().min(0),
  /** The head whose state the coordinator knows in full, what each snapshot needs included. */
  headSequence: z.int().min(0).optional(),
});
export type DeliveredState = z.infer<typeof deliveredState>;

export interface VaultReporterPorts {
  readonly file: JsonFile<DeliveredState>;
  readonly outbox: Pick<Outbox, 'put'>;
  readonly protection: Pick<Protection, 'captured' | 'moved'>;
  /** Takes heads that come without a snapshot; undefined: nobody does yet. */
  readonly releases?: () => Pick<ReleasePort, 'headChanged'> | undefined;
  readonly sha256: (bytes: Uint8Array) => string;
}

/** The coordinator takes this many in one call. */
const maxPacksPerCall = 1000;
/** The state of protection is about one or two of the newest. */
const snapshotsMoved = 50;
/** New packs are announced together, so that a quick backup does not make a call a pack. */
const announceAfterMs = 2_000;

/**
 * Sees to it that the coordinator learns of header, packs and snapshots. The vault on the disk is the truth: whatever
 * it has beyond `delivered.json` goes into the outbox, header first, then packs, then the snapshot that needs them. A
 * crash anywhere makes the next reconciliation put the same things again, which the coordinator takes as known.
 */
export class VaultReporter {
  readonly #ports: VaultReporterPorts;
  readonly #working = new Mutex();
  /** Announced by this process before the run that made them ended. */
  readonly #early = new Set<number>();
  #gathered: PackInfo[] = [];
  #timer: NodeJS.Timeout | undefined;
  #vaultId: string | undefined;

  constructor(ports: VaultReporterPorts) {
    this.#ports = ports;
  }

  /** A pack is durable: announce it soon, so that holders fetch it while the backup goes on. */
  onPack(vaultId: string, pack: PackInfo): void {
    this.#vaultId = vaultId;
    this.#gathered.push(pack);
    this.#timer ??= setTimeout(() => void this.flushPacks().catch(() => undefined), announceAfterMs);
    this.#timer.unref();
  }

  /** Puts gathered packs into the outbox. A failure (a full disk) is no loss: {@link reconcile} finds them again. */
  async flushPacks(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#working.run(async () => {
      const packs = this.#gathered.filter((p) => !this.#early.has(p.ordinal));
      this.#gathered = [];
      if (this.#vaultId !== undefined && packs.length > 0) await this.#announce(this.#vaultId, packs);
      for (const pack of packs) this.#early.add(pack.ordinal);
    });
  }

  /** `needsUnchanged`: since the last time only a forget or a pin changed the head. `fromScratch`: announce every pack again (a coordinator that may have lost its database). */
  async reconcile(vault: LocalVault, options: { readonly fromScratch?: boolean; readonly needsUnchanged?: boolean } = {}): Promise<void> {
    await this.flushPacks().catch(() => undefined);
    await this.#working.run(async () => {
      const before = (await this.#ports.file.read()) ?? { headerSha256: '', announcedBelow: 0, committedSequence: 0 };
      let state = before;
      const headerSha256 = this.#ports.sha256(vault.headerBytes);
      if (headerSha256 !== state.headerSha256) {
        await this.#ports.outbox.put({ kind: 'vault-header', body: { vaultId: vault.vaultId, header: toBase64Url(vault.headerBytes) } });
        state = { ...state, headerSha256 };
      }
      const all = vault.allPacks();
      const packs = options.fromScratch ? all : all.filter((p) => p.ordinal >= state.announcedBelow && !this.#early.has(p.ordinal));
      if (packs.length > 0) await this.#announce(vault.vaultId, packs);
      state = { ...state, announcedBelow: all.reduce((below, p) => Math.max(below, p.ordinal + 1), state.announcedBelow) };
      const latest = vault.head.snapshots.at(-1);
      if (latest && latest.sequence > state.committedSequence) {
        const snapshot = await vault.describeSnapshot(latest.sequence);
        await this.#commit(vault, snapshot);
        // One step after what was known: then only this snapshot is new.
        const follows = state.headSequence === snapshot.headSequence - 1;
        state = { ...state, committedSequence: latest.sequence, ...(follows && { headSequence: snapshot.headSequence }) };
      }
      state = { ...state, ...(await this.#reportHead(vault, state.headSequence, options.needsUnchanged === true)) };
      if (JSON.stringify(state) !== JSON.stringify(before)) await this.#ports.file.write(state);
      this.#early.clear();
    });
  }

  /** The head that came last, when forget, pin or prune made it, with what each snapshot needs now. */
  async #reportHead(vault: LocalVault, known: number | undefined, needsUnchanged: boolean): Promise<{ headSequence?: number }> {
    const { sequence, snapshots, dead, pinned } = vault.head;
    if (known === sequence) return {};
    // From before heads were counted: a vault that was never pruned has nothing to restate.
    const untouched = !dead && !pinned && snapshots.every((one, i) => one.sequence === i + 1);
    if (known === undefined && untouched) return { headSequence: sequence };
    const releases = this.#ports.releases?.();
    if (!releases) return {};
    const needs: { sequence: number; neededPacks: Uint8Array }[] = [];
    if (!(needsUnchanged && known === sequence - 1)) {
      const { retainedSnapshots } = await import('#libs/engine');
      for await (const one of retainedSnapshots(vault)) needs.push({ sequence: one.sequence, neededPacks: one.neededPacks });
    }
    await releases.headChanged({ sequence, bytes: vault.headBytes, needs });
    const packIds = new Map<number, PackId[]>();
    for (const one of needs.slice(-snapshotsMoved)) packIds.set(one.sequence, await packIdsOf(vault, one.neededPacks));
    await this.#ports.protection.moved(sequence, (snapshot) => packIds.get(snapshot));
    return { headSequence: sequence };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #announce(vaultId: string, packs: readonly PackInfo[]): Promise<void> {
    for (let at = 0; at < packs.length; at += maxPacksPerCall) {
      const part = packs
        .slice(at, at + maxPacksPerCall)
        .map(({ packId, ordinal, kind, sizeBytes }) => ({ packId, ordinal, kind, sizeBytes }));
      await this.#ports.outbox.put({ kind: 'packs', body: { vaultId: vaultId as AnnouncePacks['vaultId'], packs: part } });
    }
  }

  async #commit(vault: LocalVault, snapshot: CommittedSnapshot): Promise<void> {
    const packIds = await packIdsOf(vault, snapshot.neededPacks);
    await this.#ports.protection.captured({
      sequence: snapshot.sequence,
      capturedAtMs: snapshot.endedAtMs,
      partial: snapshot.partial,
      packIds,
      stats: snapshot.stats,
      adHoc: snapshot.adHoc,
      headSequence: snapshot.headSequence,
    });
    await this.#ports.outbox.put({
      kind: 'snapshot',
      body: {
        vaultId: vault.vaultId,
        sequence: snapshot.sequence,
        head: toBase64Url(snapshot.headBytes),
        neededPacks: toBase64Url(snapshot.neededPacks),
        startedAtMs: snapshot.startedAtMs,
        endedAtMs: snapshot.endedAtMs,
        partial: snapshot.partial,
        ...(snapshot.adHoc && { adHoc: true }),
        stats: snapshot.stats,
      },
    });
  }
}

async function packIdsOf(vault: LocalVault, neededPacks: Uint8Array): Promise<PackId[]> {
  const { inflateSync } = await import('node:zlib');
  const { PackBitmap } = await import('#libs/vault');
  const ordinals = PackBitmap.fromBytes(inflateSync(neededPacks, { maxOutputLength: 64 * 1024 * 1024 })).ordinals();
  const byOrdinal = new Map(vault.allPacks().map((p) => [p.ordinal, p.packId]));
  return [...ordinals].flatMap((ordinal) => byOrdinal.get(ordinal) ?? []);
}
