import { sealRestoreOrder } from '#libs/crypto';
import { portablePrimitives } from '#libs/crypto/portable';
import { fromBase64Url, systemRandom, toBase64Url } from '#libs/kernel';
import type { Snapshot, TreeEntry } from '#libs/vault';
import { VaultReader, VerifiedBlocks, decodeHeader, unlockHeader } from '#libs/vault';
import { describeEntry } from './entry-words.ts';
import { gatewaySource } from './gateway-source.ts';
import type { KeyKeeper } from './key-keeper.ts';
import { PanelError } from './panel-error.ts';
import type { EntryPath, ListedEntry, Listing, OpenedVault, Totals, VaultWorkerMethods } from './protocol.ts';

type Inputs<M extends keyof VaultWorkerMethods> = Parameters<VaultWorkerMethods[M]>[0];

interface Open {
  readonly reader: VaultReader;
  readonly masterKey: Uint8Array;
  readonly snapshots: Map<number, Snapshot>;
  /** The directory listed last, so that paging and filtering do not read it again. */
  listed?: { readonly key: string; readonly entries: readonly ListedEntry[] };
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const foldersFirst = (a: ListedEntry, b: ListedEntry): number =>
  Number(b.type === 'directory') - Number(a.type === 'directory') || collator.compare(a.label, b.label);

/** The vaults that were opened with the recovery key, and what is read from them. */
export class VaultShelf {
  readonly #open = new Map<string, Open>();
  readonly #keys: KeyKeeper;

  constructor(keys: KeyKeeper) {
    this.#keys = keys;
  }

  async openVault({ document, signingKey }: Inputs<'openVault'>): Promise<OpenedVault> {
    if (document.head === null)
      throw new PanelError('vault_empty', `${document.deviceName} has captured nothing yet.`, { nextStep: 'Back it up first.' });
    const primitives = await portablePrimitives();
    const headerBytes = fromBase64Url(document.header);
    const header = decodeHeader(headerBytes);
    const masterKey = await unlockHeader(primitives, header, { recoveryKeyPair: this.#keys.recovery });
    const reader = await VaultReader.open({
      primitives,
      masterKey,
      headerBytes,
      headBytes: fromBase64Url(document.head),
      expectedSigningKey: fromBase64Url(signingKey),
      blocks: new VerifiedBlocks({ primitives, sources: [gatewaySource(document.vaultId)] }),
    });
    this.#open.set(document.vaultId, { reader, masterKey, snapshots: new Map() });
    return { vaultId: document.vaultId, headSequence: reader.head.sequence, headWrittenAtMs: reader.head.writtenAtMs };
  }

  async list({ vaultId, sequence, path, offset, limit, filter }: Inputs<'list'>): Promise<Listing> {
    const open = this.#vault(vaultId);
    const key = `${sequence}:${path.map((name) => toBase64Url(name)).join('/')}`;
    if (open.listed?.key !== key) {
      const entries: ListedEntry[] = [];
      for await (const entry of open.reader.list(await this.#snapshot(open, sequence), path)) entries.push(describeEntry(entry));
      open.listed = { key, entries: entries.sort(foldersFirst) };
    }
    const wanted = filter.trim().toLowerCase();
    const matching = wanted === '' ? open.listed.entries : open.listed.entries.filter(({ label }) => label.toLowerCase().includes(wanted));
    return { entries: matching.slice(offset, offset + limit), total: matching.length };
  }

  async measure({ vaultId, sequence, paths }: Inputs<'measure'>): Promise<Totals> {
    const open = this.#vault(vaultId);
    const snapshot = await this.#snapshot(open, sequence);
    const sum = { files: 0, directories: 0, bytes: 0 };
    const add = (totals: Totals): void => {
      sum.files += totals.files;
      sum.directories += totals.directories;
      sum.bytes += totals.bytes;
    };
    for (const path of paths) {
      const entry = path.length === 0 ? undefined : await open.reader.entry(snapshot, path);
      if (entry !== undefined && entry.type !== 'directory') add({ files: 1, directories: 0, bytes: entry.size });
      else if (entry?.summary !== undefined) add({ ...entry.summary, directories: entry.summary.directories + 1 });
      else
        for await (const walked of open.reader.walk(snapshot, path))
          add(
            walked.entry.type === 'directory'
              ? { files: 0, directories: 1, bytes: 0 }
              : { files: 1, directories: 0, bytes: walked.entry.size },
          );
    }
    return sum;
  }

  /** A file's plain bytes, each piece verified; throws when the pieces do not add up to the size that the tree states. */
  async openFile({ vaultId, sequence, path }: Inputs<'openFile'>): Promise<{ entry: TreeEntry; bytes: AsyncIterable<Uint8Array> }> {
    const open = this.#vault(vaultId);
    const entry = await open.reader.entry(await this.#snapshot(open, sequence), path);
    if (entry.type !== 'file')
      throw new PanelError('not_downloadable', 'Only files can be downloaded here.', { nextStep: 'Send folders to a device instead.' });
    if (entry.error !== undefined)
      throw new PanelError('not_downloadable', `This file could not be read when it was backed up (${entry.error}).`, {
        nextStep: 'Choose another snapshot.',
      });
    return { entry, bytes: open.reader.readFile(entry) };
  }

  sealOrder({ order, boxKey, nowMs }: Inputs<'sealOrder'>): string {
    const { masterKey } = this.#vault(order.vaultId);
    return toBase64Url(sealRestoreOrder(order, masterKey, fromBase64Url(boxKey), { nowMs, random: systemRandom }));
  }

  #vault(vaultId: string): Open {
    const open = this.#open.get(vaultId);
    if (open === undefined) throw new PanelError('locked', 'This vault is not open.', { nextStep: 'Unlock it with the recovery kit.' });
    return open;
  }

  async #snapshot(open: Open, sequence: number): Promise<Snapshot> {
    const known = open.snapshots.get(sequence);
    if (known !== undefined) return known;
    const snapshot = await open.reader.snapshot(sequence);
    open.snapshots.set(sequence, snapshot);
    return snapshot;
  }
}

export type { EntryPath };
