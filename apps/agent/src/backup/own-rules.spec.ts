import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy } from '#libs/contracts';
import { examineRules } from '../doctor/examine-rules.ts';
import { parseAmount } from './amount.ts';
import { readOwnRules } from './own-rules.ts';
import { scanRules } from './selection.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-rules-'));
  file = join(folder, 'backup.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));
const rules = (text: string) => {
  writeFileSync(file, text, { mode: 0o600 });
  return readOwnRules(file);
};

describe('backup.yaml', () => {
  it('says nothing when it is not there or empty', async () => {
    expect(await readOwnRules(file)).toEqual({ selection: {}, hooks: {} });
    expect(await rules('# nothing yet\n')).toEqual({ selection: {}, hooks: {} });
  });

  it('has rules and hooks', async () => {
    const text = `
excludes: ['*.iso', '/scratch/']
excludeLargerThan: 2G
oneFileSystem: true
hooks:
  before: { command: [systemctl, stop, shop] }
  after: { command: [systemctl, start, shop], timeoutSeconds: 20 }
`;
    expect(await rules(text)).toEqual({
      selection: { excludes: ['*.iso', '/scratch/'], maxFileBytes: 2 * 1024 ** 3, oneFileSystem: true },
      hooks: {
        before: { command: ['systemctl', 'stop', 'shop'], timeoutSeconds: 300, onFailure: 'stop' },
        after: { command: ['systemctl', 'start', 'shop'], timeoutSeconds: 20 },
      },
    });
  });

  it.each([
    ['a key that it does not know', 'exlcudes: [a]', /exlcudes/],
    ['a command as one text, which a shell would split', 'hooks: { before: { command: "rm -rf /" } }', /hooks\.before\.command/],
    ['an amount that is none', 'excludeLargerThan: plenty', /plenty/],
    ['no YAML', 'a: [', /backup\.yaml/],
    ['a list', '- a', /object/],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
      /alias/i,
    ],
  ])('with %s is refused', async (_what, text, message) => {
    await expect(rules(text)).rejects.toMatchObject({ code: 'rules_invalid', message: expect.stringMatching(message) });
    expect(await examineRules(file)).toEqual([expect.objectContaining({ severity: 'error', code: 'rules_invalid' })]);
  });

  it('that others may write to is refused: it names programs', async () => {
    writeFileSync(file, 'excludes: [a]');
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(file, mode);
      await expect(readOwnRules(file)).rejects.toMatchObject({
        code: 'rules_invalid',
        message: expect.stringContaining('others may write'),
      });
    }
    chmodSync(file, 0o644);
    expect((await readOwnRules(file)).selection.excludes).toEqual(['a']);
  });
});

describe('what is taken', () => {
  const policy = { ...defaultPolicy, excludes: ['*.policy'] };
  it('adds excludes up and lets the nearest decide the rest', () => {
    expect(scanRules(policy, {})).toEqual({ excludes: ['*.policy'], oneFileSystem: false, cacheFolders: true, defaultExcludes: true });
    expect(
      scanRules(
        policy,
        { excludes: ['own'], maxFileBytes: 5, excludeCaches: false },
        { excludes: ['asked'], maxFileBytes: 7, oneFileSystem: true },
      ),
    ).toEqual({
      excludes: ['*.policy', 'own', 'asked'],
      maxFileBytes: 7,
      oneFileSystem: true,
      cacheFolders: false,
      defaultExcludes: true,
    });
  });
  it('follows the policy where nothing nearer says otherwise', () => {
    const selection = { maxFileBytes: 9, oneFileSystem: true, excludeCaches: false, defaultExcludes: false };
    const team = { ...policy, selection };
    expect(scanRules(team, {})).toEqual({
      excludes: ['*.policy'],
      maxFileBytes: 9,
      oneFileSystem: true,
      cacheFolders: false,
      defaultExcludes: false,
    });
    expect(scanRules(team, { maxFileBytes: 5, oneFileSystem: false }, { defaultExcludes: true })).toMatchObject({
      maxFileBytes: 5,
      oneFileSystem: false,
      defaultExcludes: true,
    });
  });
  it.each([
    ['1', 1],
    ['2G', 2 * 1024 ** 3],
    ['1.5 MiB', 1.5 * 1024 ** 2],
    ['700kB', 700 * 1024],
    ['0', undefined],
    ['-1', undefined],
    ['many', undefined],
    ['9999999999T', undefined],
  ])('%s is %s bytes', (text, bytes) => expect(parseAmount(text)).toBe(bytes));
});
