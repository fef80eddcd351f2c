import { CommanderError } from 'commander';
import { expect, it } from '@jest/globals';
import { createProgram } from './program.ts';

async function usageError(argv: readonly string[]): Promise<{ code: number; events: Record<string, unknown>[] }> {
  const lines: string[] = [];
  const program = createProgram({ json: true, out: (line) => void lines.push(line) });
  const error: unknown = await program.parseAsync(['node', 'holdfast', ...argv]).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CommanderError)) throw new Error(`not refused: ${argv.join(' ')}`);
  return { code: error.exitCode, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

it.each([
  ['an unknown command', ['--json', 'frobnicate']],
  ['an unknown option', ['--json', 'status', '--frobnicate']],
  ['an option that resembles another', ['--json', 'backup', '--nope']],
  ['a port that there is not', ['--json', 'mount', '--port', '99999']],
  ['no command at all', ['--json']],
  ['half a command', ['--json', 'key']],
  ['a missing argument', ['--json', 'join']],
  ['a value that does not fit', ['--json', 'ls', '--snapshot', 'yesterday']],
])('%s is one JSON event for a script', async (_what, argv) => {
  const { code, events } = await usageError(argv);
  expect(code).toBe(1);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ event: 'error', code: 'bad_usage', exitCode: 1, temporary: false });
  expect(events[0]!['message']).not.toMatch(/^error:|\n/);
});
