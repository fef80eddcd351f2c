import { join } from 'node:path';
import type { Roster } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import type { StartedProcess } from '../support/processes.ts';
import { start } from '../support/processes.ts';

/** What the serving side of a measurement is started with. */
export interface HolderOptions {
  readonly folder: string;
  readonly seed: Uint8Array;
  readonly roster: Roster;
  readonly packCount: number;
  readonly packBytes: number;
  /** null: as fast as it can. */
  readonly uploadBytesPerSecond: number | null;
}

/** What the serving side says of itself, as one JSON line. */
export interface HolderFacts {
  /** The same for every holder: the bytes follow from the number of the pack. */
  readonly packs: PackId[];
  readonly addresses: string[];
  readonly rawPort: number;
  readonly tlsPort: number;
}

const program = join(import.meta.dirname, 'transfer-holder.ts');
/** Some hundred MiB to make and to sync. */
const readyWithinMs = 120_000;

/** Starts a holder in a process of its own. */
export function startHolder(options: HolderOptions): { readonly process: StartedProcess; readonly facts: Promise<HolderFacts> } {
  const process = start(program, [JSON.stringify({ ...options, seed: Buffer.from(options.seed).toString('hex') })]);
  return { process, facts: process.waitFor(/^\{.*\}$/m, readyWithinMs).then(([line]) => JSON.parse(line) as HolderFacts) };
}
