import { describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '#libs/kernel';
import { memoryPackStore } from '#libs/vault/testing';
import { backup, compareTrees, dumpTar } from '../index.ts';
import { makeNastyTree } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';
import { tarHeaders } from './tar-header.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();

describe('a folder as a tar archive', () => {
  it('comes back from GNU tar as it was: names that are no text, links, holes, times, attributes, devices', async () => {
    const home = await folder('tar');
    const source = join(home, 'source');
    makeNastyTree(source, 4, { deep: false });
    mkdirSync(join(source, 'd'.repeat(120), 'e'.repeat(120)), { recursive: true });
    writeFileSync(join(source, 'd'.repeat(120), 'e'.repeat(120), 'f'.repeat(120)), 'a long path');
    const fixture = await vaultFixture(join(home, 'vault'), memoryPackStore());
    const vault = await fixture.create();
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    const { reader } = await vault.openReader();
    const out = join(home, 'out');
    mkdirSync(out);
    const tar = spawn('tar', ['--xattrs', '--xattrs-include=*', '-xpf', '-', '-C', out], { stdio: ['pipe', 'inherit', 'pipe'] });
    let complaints = '';
    tar.stderr.on('data', (piece: Buffer) => (complaints += piece.toString()));
    const ended = once(tar, 'close');
    for await (const piece of dumpTar(reader, await reader.snapshot('latest'), source))
      if (!tar.stdin.write(piece)) await once(tar.stdin, 'drain');
    tar.stdin.end();
    const [code] = (await ended) as [number];
    // It does not know the keyword that says that a name is no text, and thinks little of times before 1970; it says so and takes both.
    const unexpected = complaints.split('\n').filter((line) => line !== '' && !/hdrcharset|implausibly old/.test(line));
    expect({ code, unexpected }).toEqual({ code: 0, unexpected: [] });
    expect(await compareTrees(source, join(out, 'source'), { ignore: ['sparse'] })).toEqual([]);
    await vault.close();
  });

  it('a single file is an archive of one; sockets and what was not read are named', async () => {
    const home = await folder('one');
    writeFileSync(join(home, 'file'), 'hello');
    const fixture = await vaultFixture(join(home, 'vault'), memoryPackStore());
    const vault = await fixture.create();
    await backup({ vault, folders: [join(home, 'file')], host: 'h', user: 'u' });
    const { reader } = await vault.openReader();
    const pieces: Uint8Array[] = [];
    for await (const piece of dumpTar(reader, await reader.snapshot('latest'), join(home, 'file'))) pieces.push(piece);
    const archive = Buffer.concat(pieces);
    expect(archive.length % 512).toBe(0);
    expect(execFileSync('tar', ['-tf', '-'], { input: archive }).toString()).toBe('file\n');
    expect(execFileSync('tar', ['-xOf', '-'], { input: archive }).toString()).toBe('hello');
    await vault.close();
  });

  it('headers carry what the old fields can not hold', () => {
    const member = { type: '0' as const, sizeBytes: 9_000_000_000_0, mode: 0o644, uid: 3_000_000, gid: 1, mtimeNs: -1_500_000_000n };
    const text = Buffer.from(
      tarHeaders({ ...member, path: utf8('x'.repeat(150)), xattrs: [{ name: utf8('user.a=b'), value: utf8('1\n2') }] }),
    ).toString();
    expect(text).toContain(`160 path=${'x'.repeat(150)}\n`);
    expect(text).toContain('size=90000000000\n');
    expect(text).toContain('uid=3000000\n');
    expect(text).toContain('mtime=-1.5\n');
    expect(text).toContain('SCHILY.xattr.user.a%3Db=1\n2\n');
    expect(tarHeaders({ ...member, path: utf8('short'), sizeBytes: 1, uid: 1, mtimeNs: 0n })).toHaveLength(512);
  });
});
