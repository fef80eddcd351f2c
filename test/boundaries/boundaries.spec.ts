/** Each import boundary is broken by one fixture file, named after the rule; the rule must fire on it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const repository = new URL('../..', import.meta.url).pathname;

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

function cruise(folders: readonly string[], root: string): Violation[] {
  const output = execFileSync(
    process.execPath,
    [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'json',
      ...folders,
    ],
    {
      cwd: repository,
      env: { ...process.env, HOLDFAST_BOUNDARY_ROOT: root },
      maxBuffer: 64 * 1024 * 1024,
      encoding: 'utf8',
    },
  );
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}

const { default: config } = (await import(`${repository}.dependency-cruiser.mjs`)) as {
  default: { forbidden: { name: string; comment?: string }[] };
};

describe('import boundaries', () => {
  const violations = cruise(['test/boundaries/fixtures'], 'test/boundaries/fixtures/');

  it.each(config.forbidden.map((rule) => rule.name))('%s fires on its fixture', (name) => {
    const files = violations.filter((v) => v.rule.name === name).map((v) => v.from);
    expect(files).toEqual(expect.arrayContaining([expect.stringContaining(`breaks-${name}`)]));
  });

  it('says why each rule is there', () => {
    for (const rule of config.forbidden) expect(rule.comment?.length ?? 0).toBeGreaterThan(30);
  });
});
