import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { currentMachineCosts, linuxCosts, parseNetworkManagerMetered, parsePmset } from './power.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'holdfast-power-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function supply(name: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(folder, name));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`);
}
const power = () => linuxCosts(folder, () => Promise.reject(new Error('no NetworkManager'))).power();

describe('what a machine lives on', () => {
  it('is the battery when it discharges and no mains is there', async () => {
    await supply('BAT0', { type: 'Battery', status: 'Discharging', capacity: '37' });
    await supply('BAT1', { type: 'Battery', status: 'Unknown', capacity: '80' });
    await supply('AC', { type: 'Mains', online: '0' });
    expect(await power()).toEqual({ onBattery: true, percent: 37 });
  });

  it('is the mains while that is there, also when a weak charger lets the battery fall', async () => {
    await supply('BAT0', { type: 'Battery', status: 'Discharging', capacity: '37' });
    await supply('ucsi', { type: 'USB', online: '1' });
    expect(await power()).toEqual({ onBattery: false, percent: 37 });
  });

  it('is unknown without a battery of its own: a desktop, a mouse, no sysfs, nonsense in it', async () => {
    expect(await power()).toBeNull();
    await supply('mouse', { type: 'Battery', scope: 'Device', status: 'Discharging', capacity: '3' });
    expect(await power()).toBeNull();
    await supply('BAT0', { type: 'Battery', status: 'Discharging', capacity: 'much' });
    expect(await power()).toEqual({ onBattery: true, percent: null });
    expect(await linuxCosts(join(folder, 'nowhere'), () => Promise.resolve('')).power()).toBeNull();
  });

  it('is read from what macOS prints', () => {
    const text = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=123)\t57%; discharging; 3:12 remaining present: true\n";
    expect(parsePmset(text)).toEqual({ onBattery: true, percent: 57 });
    expect(parsePmset(text.replace('Battery Power', 'AC Power'))).toEqual({ onBattery: false, percent: 57 });
    expect(parsePmset("Now drawing from 'AC Power'\n")).toBeNull();
  });

  it('never fails on this very machine', async () => {
    const costs = currentMachineCosts();
    expect([null, 'object']).toContain((await costs.power()) === null ? null : 'object');
    expect([null, true, false]).toContain(await costs.metered());
  });
});

describe('whether a connection is metered', () => {
  it.each([
    ['u 1\n', true],
    ['u 3', true],
    ['u 2', false],
    ['u 4\n', false],
    ['u 0', null],
    ['', null],
    ['Failed to get property', null],
  ])('%j is %s', (text, metered) => {
    expect(parseNetworkManagerMetered(text)).toBe(metered);
  });
});
