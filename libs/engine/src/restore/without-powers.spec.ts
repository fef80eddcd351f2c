import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { backup, currentPlatform, type LocalVault, restore } from '../index.ts';
import type { Platform } from '../platform/index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

const folder = temporaryFolders();
const platform = currentPlatform();
const capability = Buffer.from('security.capability');
/** cap_net_raw+ep, as setcap(8) writes it (VFS_CAP_REVISION_2). */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');

describe('what another machine made', () => {
  let home: string;
  let source: string;
  let fixture: VaultFixture;
  let vault: LocalVault;

  beforeAll(async () => {
    home = await folder('powers');
    source = join(home, 'source');
    fs.mkdirSync(join(source, 'sub'), { recursive: true });
    for (const [name, mode] of [
      ['plain', 0o644],
      ['set-id', 0o6755],
      ['capable', 0o755],
    ] as const) {
      fs.writeFileSync(join(source, 'sub', name), name);
      fs.chmodSync(join(source, 'sub', name), mode);
    }
    fs.chmodSync(join(source, 'sub'), 0o2755);
    const user = { name: Buffer.from('user.kept'), value: Buffer.from('1') };
    platform.setExtendedAttribute(Buffer.from(join(source, 'sub', 'capable')), user);
    if (platform.privileged) {
      platform.setExtendedAttribute(Buffer.from(join(source, 'sub', 'capable')), { name: capability, value: netRaw });
      execFileSync('mknod', [join(source, 'device'), 'c', '1', '3']);
    }
    fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
    vault = await fixture.create();
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
  });

  const restored = async (name: string, withoutPowers: boolean) => {
    const to = join(home, name);
    const report = await restore({ ...(await fixture.reader(vault)), to, conflict: 'fail', withoutPowers });
    const at = (...names: string[]): string => join(to, source, ...names);
    const mode = (...names: string[]): number => fs.statSync(at(...names)).mode & 0o7777;
    const attributes = platform.extendedAttributes(Buffer.from(at('sub', 'capable'))).map((attribute) => attribute.name.toString());
    return { report, at, mode, attributes };
  };

  it('comes without set-id bits, capabilities and devices, and says so', async () => {
    const { report, at, mode, attributes } = await restored('harmless', true);
    expect(report).toMatchObject({ files: 3, errorCount: 0 });
    expect([mode('sub'), mode('sub', 'plain'), mode('sub', 'set-id'), mode('sub', 'capable')]).toEqual([0o755, 0o644, 0o755, 0o755]);
    expect(attributes).toEqual(['user.kept']);
    expect(fs.readFileSync(at('sub', 'set-id'), 'utf8')).toBe('set-id');
    if (!platform.privileged) return;
    expect(fs.existsSync(at('device'))).toBe(false);
    expect(report.notes).toContainEqual(expect.objectContaining({ code: 'not_restored', path: join(source, 'device') }));
  });

  const ramfs = (): string => {
    const at = fs.mkdtempSync(join(home, 'ramfs-'));
    execFileSync('mount', ['-t', 'ramfs', '-o', 'mode=755', 'ramfs', at]);
    return at;
  };
  /** Real, where this account may mount one; elsewhere a platform that says what such a file system says. */
  it(`comes so, too, to a file system without extended attributes (${platform.privileged ? 'a real one' : 'as a platform tells'})`, async () => {
    const to = platform.privileged ? ramfs() : join(home, 'no-attributes');
    const without: Platform = { ...platform, setExtendedAttribute: () => 'unsupported', extendedAttributes: () => [] };
    try {
      for (const conflict of ['fail', 'overwrite'] as const) {
        // The second time there is somebody's program in the way that has them.
        if (conflict === 'overwrite') fs.chmodSync(join(to, source, 'sub', 'set-id'), 0o6777);
        const options = { ...(await fixture.reader(vault)), to, conflict, withoutPowers: true };
        const report = await restore(platform.privileged ? options : { ...options, platform: without });
        expect(report.errorCount).toBe(0);
        const modes = ['', 'plain', 'set-id', 'capable'].map((name) => fs.statSync(join(to, source, 'sub', name)).mode & 0o7777);
        expect(modes).toEqual([0o755, 0o644, 0o755, 0o755]);
        expect(fs.readFileSync(join(to, source, 'sub', 'capable'), 'utf8')).toBe('capable');
        expect(fs.existsSync(join(to, source, 'device'))).toBe(false);
        // What could not be kept is said; what was taken off on purpose is no loss to tell of.
        const lost = report.notes.filter(({ code }) => code.startsWith('attribute_not_restored')).map(({ code }) => code);
        expect(lost).toEqual(['attribute_not_restored:user.kept']);
      }
    } finally {
      if (platform.privileged) execFileSync('umount', [to]);
    }
  });

  it('is restored as it was to where it came from', async () => {
    const { at, mode, attributes } = await restored('whole', false);
    expect([mode('sub'), mode('sub', 'set-id')]).toEqual([0o2755, 0o6755]);
    if (!platform.privileged) return;
    expect(attributes.toSorted()).toEqual(['security.capability', 'user.kept']);
    expect(fs.statSync(at('device')).isCharacterDevice()).toBe(true);
  });
});
