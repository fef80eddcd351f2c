import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the machine lives on. */
export interface PowerFacts {
  readonly onBattery: boolean;
  /** Charge of the emptiest battery, 0 to 100; null when it does not say. */
  readonly percent: number | null;
}

/** Power and network costs of a machine. Null: the system does not say, or there is nothing to say (a desktop has no battery). */
export interface MachineCosts {
  power(): Promise<PowerFacts | null>;
  /** Whether the connection that is used is paid by volume. */
  metered(): Promise<boolean | null>;
}

/** A program that hangs must not hang the agent. */
const commandMs = 3_000;

/** The adapter of the system that this runs on. Windows says nothing yet: both are null, so nothing waits there. */
export function currentMachineCosts(platform: NodeJS.Platform = process.platform): MachineCosts {
  if (platform === 'linux') return linuxCosts();
  if (platform === 'darwin') return macosCosts();
  return { power: () => Promise.resolve(null), metered: () => Promise.resolve(null) };
}

/** Linux: sysfs, and NetworkManager by D-Bus where it runs. */
export function linuxCosts(sysfs = '/sys/class/power_supply', metered: () => Promise<string> = networkManagerMetered): MachineCosts {
  const read = (supply: string, name: string): Promise<string> =>
    readFile(join(sysfs, supply, name), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  return {
    power: async () => {
      const levels: number[] = [];
      let [batteries, discharging, mains] = [0, false, false];
      for (const supply of await readdir(sysfs).catch(() => [])) {
        const type = await read(supply, 'type');
        // Mice and headsets have batteries too, of scope Device.
        if (type === 'Battery' && (await read(supply, 'scope')) !== 'Device') {
          batteries += 1;
          if ((await read(supply, 'status')) === 'Discharging') discharging = true;
          const level = Number.parseInt(await read(supply, 'capacity'), 10);
          if (Number.isFinite(level)) levels.push(Math.max(0, Math.min(100, level)));
        } else if (type !== 'Battery' && (await read(supply, 'online')) === '1') mains = true;
      }
      if (batteries === 0) return null;
      return { onBattery: discharging && !mains, percent: levels.length === 0 ? null : Math.min(...levels) };
    },
    metered: async () => parseNetworkManagerMetered(await metered().catch(() => '')),
  };
}

function macosCosts(): MachineCosts {
  return {
    power: async () => parsePmset(await output('pmset', ['-g', 'batt']).catch(() => '')),
    // macOS tells only apps of its own frameworks.
    metered: () => Promise.resolve(null),
  };
}

/** `busctl`'s answer to NetworkManager's property Metered: 1 yes, 2 no, 3 and 4 the same as guesses, 0 unknown. */
export function parseNetworkManagerMetered(text: string): boolean | null {
  const value = /^u (\d+)\s*$/.exec(text)?.[1];
  if (value === '1' || value === '3') return true;
  return value === '2' || value === '4' ? false : null;
}

/** `pmset -g batt`. */
export function parsePmset(text: string): PowerFacts | null {
  const levels = [...text.matchAll(/InternalBattery.*?(\d{1,3})%/gs)].map((found) => Math.min(100, Number(found[1])));
  if (levels.length === 0) return null;
  return { onBattery: text.includes("'Battery Power'"), percent: Math.min(...levels) };
}

function networkManagerMetered(): Promise<string> {
  const name = 'org.freedesktop.NetworkManager';
  return output('busctl', ['get-property', name, '/org/freedesktop/NetworkManager', name, 'Metered']);
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: commandMs, encoding: 'utf8', windowsHide: true }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
