import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocatedKiB, manifestOf } from '../support/manifest.ts';

const repository = join(import.meta.dirname, '../..');
const nobody = 65_534;
const root = process.getuid?.() === 0;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const works = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
};
// In CI the tools are there; where they went missing the test must fail, not vanish from the count.
const tools = ['rsync', 'setfacl', 'getfattr'].filter((tool) => !works(tool, '--version'));
const withTools = tools.length === 0 || process.env['CI'] ? it : it.skip;
if (tools.length > 0) console.warn(`NOT SHOWN HERE: the same as tar and rsync. Not installed: ${tools.join(', ')}`);

/** Who is nobody, may not change owners or make devices; where the checkout is closed to others (below /root), who may read it all the same. */
const ordinaryUser = (): readonly string[] =>
  works(asNobody[0]!, ...asNobody.slice(1), 'test', '-r', join(repository, 'package.json'))
    ? asNobody
    : [...asNobody, '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];

const made: string[] = [];
afterAll(() => {
  if (made.length > 0) execFileSync('rm', ['-rf', '--', ...made]);
});

/** Backs a nasty tree up and brings it back, with Holdfast, tar and rsync, all as the same user. */
function threeCopies(under: readonly string[]): { original: string; holdfast: string; tar: string; rsync: string; notes: unknown } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-same-'));
  made.push(folder);
  if (under.length > 0) chownSync(folder, nobody, nobody);
  const run = (...command: string[]): string => {
    const [program = '', ...args] = [...under, ...command];
    return execFileSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, HOME: folder, TMPDIR: folder },
    });
  };
  const at = (name: string): string => join(folder, name);
  const original = at('original');
  run(process.execPath, '--conditions=holdfast-source', join(repository, 'test/support/make-nasty-tree.ts'), original);

  const engine = (...args: string[]): string => run(process.execPath, join(repository, 'test/support/engine-run.ts'), ...args);
  run('mkdir', '-p', at('state/store'));
  run('sh', '-c', `printf on > '${at('state/compression')}'`);
  engine('create', at('state'));
  engine('backup', at('state'), original);
  const notes = JSON.parse(engine('restore', at('state'), at('restored')).trim().split('\n').at(-1)!) as { notes: unknown };

  run('mkdir', at('tar'));
  const flags = '--xattrs --xattrs-include=* --acls --numeric-owner';
  run(
    'sh',
    '-c',
    `tar --create ${flags} --sparse --format=posix -C '${original}' . | tar --extract ${flags} --preserve-permissions -C '${at('tar')}'`,
  );
  run('rsync', '-aHAXS', '--devices', '--specials', '--numeric-ids', `${original}/`, at('rsync'));
  return { original, holdfast: join(at('restored'), original), tar: at('tar'), rsync: at('rsync'), notes: notes.notes };
}

function expectSame({ original, holdfast, tar, rsync, notes }: ReturnType<typeof threeCopies>, knownOfPeers: RegExp | undefined): void {
  const wanted = manifestOf(original);
  // The list sees what it should: what two other programs bring back is the same list, but for what they are known to lose.
  for (const copy of [tar, rsync]) {
    const differing = manifestOf(copy).filter((line) => !wanted.includes(line));
    expect(differing.filter((line) => !knownOfPeers?.test(line))).toEqual([]);
  }
  expect(manifestOf(holdfast)).toEqual(wanted);
  for (const name of ['sparse', 'all hole', 'last byte'])
    expect(allocatedKiB(join(holdfast, name))).toBeLessThanOrEqual(allocatedKiB(join(original, name)) + 64);
  expect(notes).toEqual([]);
}

describe('a restored tree is the same as with GNU tar and rsync', () => {
  (root ? withTools : it.skip)('as root: devices, owners, capabilities, trusted attributes', () => {
    const copies = threeCopies([]);
    expect(manifestOf(copies.original).join('\n')).toMatch(
      /security\.capability[^]*trusted\.holdfast|trusted\.holdfast[^]*security\.capability/,
    );
    expectSame(copies, undefined);
  });

  withTools('as an ordinary user', () => {
    expectSame(threeCopies(root ? ordinaryUser() : []), undefined);
  });
});
