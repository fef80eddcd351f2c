import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nodePrimitives } from '#libs/crypto/node';
import { parsePackId, packDag } from '#libs/vault';
import type { PackId } from '#libs/kernel';

/** One pack file as it lies on a machine's disk. */
export interface FoundPack {
  readonly machine: string;
  readonly whose: 'own' | 'held';
  readonly packId: PackId;
  readonly path: string;
  readonly sizeBytes: number;
  /** Its bytes hash to its name. */
  readonly intact: boolean;
}

/**
 * Looks at what really lies on the disks, with nothing of the product between but the definition of a pack id. Contents are hashed again
 * when a file's size or times differ from the last look.
 */
export class Disks {
  readonly #seen = new Map<string, { readonly mark: string; readonly intact: boolean }>();

  inspect(machines: readonly { readonly name: string; readonly home: string }[]): FoundPack[] {
    return machines.flatMap(({ name, home }) => [...this.#store(name, home, 'own'), ...this.#store(name, home, 'held')]);
  }

  #store(machine: string, home: string, whose: FoundPack['whose']): FoundPack[] {
    const folder = join(home, 'packs', whose);
    const found: FoundPack[] = [];
    for (const name of packNames(folder)) {
      const path = join(folder, name);
      const packId = basename(name, '.pack') as PackId;
      const facts = factsOf(path);
      if (!facts) continue;
      const mark = `${facts.size}.${facts.mtimeNs}.${facts.ino}`;
      const seen = this.#seen.get(path);
      const intact = seen?.mark === mark ? seen.intact : isIntact(packId, path);
      this.#seen.set(path, { mark, intact });
      found.push({ machine, whose, packId, path, sizeBytes: Number(facts.size), intact });
    }
    return found;
  }
}

const primitives = nodePrimitives();

function packNames(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pack'));
  } catch {
    // A machine that has not kept anything yet, or whose disk is gone.
    return [];
  }
}

/** Undefined for a file that went away since it was listed: the machines are running. */
function factsOf(path: string) {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function isIntact(packId: PackId, path: string): boolean {
  try {
    return packDag(primitives, readFileSync(path), parsePackId(packId).hash).packId === packId;
  } catch {
    return false;
  }
}
