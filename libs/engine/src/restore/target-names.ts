import { nameProblem, windowsNameProblem } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type FileFacts, type Platform } from '../platform/index.ts';
import type { FolderTarget } from './folder-targets.ts';
import type { Notes } from './note-collector.ts';
import { apart, nameKey, type NameRules, otherCase, otherForm, portableName, textName } from './portable-name.ts';
import { probeRules, probeWindowsNames, removeProbe } from './probe-names.ts';

/** A name that is taken in a folder that does not tell all spellings apart; `original` when this restore took it. Bytes as latin1. */
interface Taken {
  readonly name: string;
  readonly original: string | undefined;
}

interface FolderNames {
  /** What is known so far; undefined until a name came to which it matters. */
  rules: Partial<NameRules>;
  /** By {@link nameKey}; only where some spellings are one. */
  taken: Map<string, Taken> | undefined;
}

/**
 * What names of a snapshot are called where they are restored to. A name that the target can't have is written with `%`; of names that are one name
 * there (`README` and `readme`) the first keeps its spelling and each other gets a mark. No name ever stands for two files of a snapshot, and every
 * run gives the same names. What the target can have is found out by trying it, folder by folder where that matters, and not by the system's name.
 */
export class TargetNames {
  readonly #platform: Platform;
  readonly #notes: Notes;
  readonly #dryRun: boolean;
  readonly #folders = new WeakMap<FolderTarget, FolderNames>();
  /** By device: a matter of the file system. */
  readonly #windowsNames = new Map<bigint, boolean>();

  constructor(options: { readonly platform: Platform; readonly notes: Notes; readonly dryRun: boolean }) {
    this.#platform = options.platform;
    this.#notes = options.notes;
    this.#dryRun = options.dryRun;
  }

  /** A folder that was just made in another one has its rules, and nothing in it. */
  made(folder: FolderTarget, parent: FolderTarget): void {
    if (folder.device !== parent.device) return;
    const { rules } = this.#of(parent);
    this.#folders.set(folder, { rules: { ...rules }, taken: this.#mustList(folder, rules) ? new Map() : undefined });
  }

  /** To be awaited before {@link nameIn}: finds out what matters for this name. Undefined, as mostly, when there is nothing to wait for. */
  prepare(folder: FolderTarget, name: Uint8Array): Promise<void> | undefined {
    const names = this.#of(folder);
    const bytes = bytesOf(name);
    if (windowsNameProblem(bytes) !== undefined && !this.#windowsNames.has(folder.device)) this.#learnWindowsNames(folder, bytes);
    if (names.rules.foldsCase === undefined || names.rules.foldsForms === undefined) this.#learnRules(folder, names, bytes);
    return names.taken || !this.#mustList(folder, names.rules) ? undefined : this.#list(folder, names);
  }

  /** Throws `unsafe_name`. */
  nameIn(folder: FolderTarget, name: Uint8Array): Buffer {
    const bytes = bytesOf(name);
    const shown = (): string => displayPath(this.#platform.join(folder.path, bytes));
    const problem = nameProblem(bytes);
    if (problem) throw new EngineError('unsafe_name', `${shown()}: the name ${problem}`);
    const { rules, taken } = this.#of(folder);
    const possible = this.#possibleName(folder, bytes);
    let given = possible;
    if (taken) {
      const original = bytes.toString('latin1');
      for (let digits = 6; ; digits = digits < 60 ? digits * 3 : 64) {
        const name = given.toString('latin1');
        const key = nameKey(given, rules);
        const other = taken.get(key);
        if (!other || (other.name === name && (other.original ?? original) === original)) {
          taken.set(key, { name, original });
          break;
        }
        given = apart(possible, bytes, digits);
      }
    }
    const refused = this.#platform.nameProblem(given);
    if (refused) throw new EngineError('unsafe_name', `${shown()}: the name ${refused}`);
    if (!given.equals(bytes)) {
      const why = given.equals(possible)
        ? "the file system here can't have this name"
        : 'for the file system here another name beside it is the same';
      this.#notes.note(
        this.#platform.join(folder.path, given),
        'renamed',
        `${displayPath(bytes)}: ${why}; it is called ${displayPath(given)}`,
      );
    }
    return given;
  }

  #possibleName(folder: FolderTarget, name: Buffer): Buffer {
    if (windowsNameProblem(name) !== undefined && this.#windowsNames.get(folder.device) === true) return portableName(name);
    return this.#platform.capabilities.arbitraryNames ? name : textName(name);
  }

  /** Whether two names of a snapshot can become one here. */
  #mustList(folder: FolderTarget, { foldsCase, foldsForms }: Partial<NameRules>): boolean {
    return foldsCase === true || foldsForms === true || this.#windowsNames.get(folder.device) === true;
  }

  /** Where the system itself refuses the name there is nothing to try. */
  #learnWindowsNames(folder: FolderTarget, name: Buffer): void {
    const isRefused = name.length <= 255 && this.#platform.nameProblem(name) !== undefined;
    const found = isRefused ? true : this.#dryRun ? undefined : probeWindowsNames(this.#platform, folder.path);
    if (found !== undefined) this.#windowsNames.set(folder.device, found);
  }

  /** By looking, where something of that name is there; else by trying, since then something is written here anyway. */
  #learnRules(folder: FolderTarget, names: FolderNames, name: Buffer): void {
    const { rules } = names;
    const cased = rules.foldsCase === undefined ? otherCase(name) : undefined;
    const formed = rules.foldsForms === undefined ? otherForm(name) : undefined;
    if (!cased && !formed) return;
    const existing = folder.fresh ? undefined : this.#platform.factsIfAny(this.#platform.join(folder.path, name));
    const foldsCase = existing && cased ? this.#isSame(folder, existing, cased) : rules.foldsCase;
    const foldsForms = existing && formed ? this.#isSame(folder, existing, formed) : rules.foldsForms;
    const isKnown = (!cased || foldsCase !== undefined) && (!formed || foldsForms !== undefined);
    const tried = isKnown || this.#dryRun ? undefined : probeRules(this.#platform, folder.path);
    names.rules = tried ?? { ...(foldsCase !== undefined && { foldsCase }), ...(foldsForms !== undefined && { foldsForms }) };
  }

  /** Whether another spelling leads to the same file; undefined when that can't be told by looking. */
  #isSame(folder: FolderTarget, existing: FileFacts, spelling: Buffer): boolean | undefined {
    const other = this.#platform.factsIfAny(this.#platform.join(folder.path, spelling));
    if (!other) return false;
    // Some file systems (FUSE) number a file by the spelling that it was asked for by, and a hard link has the same number.
    const alike = other.kind === existing.kind && other.sizeBytes === existing.sizeBytes && other.mtimeNs === existing.mtimeNs;
    if (!alike) return false;
    return other.inode === existing.inode && (existing.links === 1 || existing.kind === 'directory') ? true : undefined;
  }

  async #list(folder: FolderTarget, names: FolderNames): Promise<void> {
    const taken = new Map<string, Taken>();
    if (!folder.fresh)
      for (const name of await this.#platform.names(folder.path))
        taken.set(nameKey(name, names.rules), { name: name.toString('latin1'), original: undefined });
    names.taken = taken;
  }

  #of(folder: FolderTarget): FolderNames {
    let names = this.#folders.get(folder);
    if (!names) {
      this.#folders.set(folder, (names = { rules: {}, taken: undefined }));
      if (!folder.fresh && !this.#dryRun) removeProbe(this.#platform, folder.path);
    }
    return names;
  }
}

function bytesOf(name: Uint8Array): Buffer {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength);
}
