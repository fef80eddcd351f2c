import { type Command, Option } from 'commander';
import { resolve } from 'node:path';
import { byteCount, gather, howMany, portNumber, snapshotNumber } from './option-values.ts';

type Run = (command: Command, name: string, args: unknown) => Promise<void>;

/** Commands about the snapshots there are: list, pin, forget, prune, find, compare, look into. */
export function addHistoryCommands(program: Command, run: Run): void {
  addSnapshots(program, run);
  addForgetAndPrune(program, run);
  addLooking(program, run);
}

function addSnapshots(program: Command, run: Run): void {
  const snapshots = program.command('snapshots').description('the backups of this machine, newest last');
  snapshots
    .command('list', { isDefault: true })
    .description('list them, those of named paths apart')
    .option('--tag <text>', 'only with this tag; repeatable: with any of them', gather)
    .option('--path <path>', 'only those that have this file or folder')
    .option('--last <number>', 'only the newest so many of each group', howMany)
    .action(async (o: { tag?: string[]; path?: string; last?: number }, c: Command) =>
      run(c, 'snapshots', { tags: o.tag ?? [], path: o.path === undefined ? undefined : resolve(o.path), last: o.last }),
    );
  for (const [name, pinned, description] of [
    ['pin', true, 'keep it, whatever the retention rules say'],
    ['unpin', false, 'let the retention rules decide again'],
  ] as const) {
    snapshots
      .command(name)
      .argument('<numbers...>', 'from "holdfast snapshots"')
      .description(description)
      .action(async (numbers: string[], _o: unknown, c: Command) =>
        run(c, 'snapshots-pin', { sequences: numbers.map((number) => snapshotNumber(number)), pinned }),
      );
  }
}

const keepRules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

function addForgetAndPrune(program: Command, run: Run): void {
  const forget = program
    .command('forget')
    .argument('[numbers...]', 'just these snapshots (default: those that no rule keeps)')
    .description('show which snapshots the retention rules no longer keep, and why; with --apply forget them')
    .option('--apply', 'really forget them');
  for (const rule of keepRules)
    forget.option(
      `--keep-${rule} <number>`,
      rule === 'last'
        ? "keep the newest so many (any --keep option: instead of the policy's rules)"
        : `keep the newest of so many ${periods[rule]}`,
      howMany,
    );
  forget
    .option('--keep-within <days>', 'keep all that are at most so many days older than the newest', howMany)
    .option('--keep-tag <text>', 'keep those with this tag; repeatable', gather)
    .action(async (numbers: string[], o: Record<string, number | string[] | boolean | undefined>, c: Command) =>
      run(c, 'forget', {
        sequences: numbers.map((number) => snapshotNumber(number)),
        rules: {
          ...Object.fromEntries(keepRules.map((rule) => [rule, o[`keep${rule[0]!.toUpperCase()}${rule.slice(1)}`]])),
          withinDays: o['keepWithin'],
          tags: o['keepTag'] ?? [],
        },
        apply: o['apply'] === true,
      }),
    );
  program
    .command('prune')
    .description('take out of the vault what no snapshot needs any more, and propose it for release')
    .option('--dry-run', 'show what would be done and why')
    .option('--max-rewrite <size>', 'copy at most so much, such as 2G, but one pack at least (default: a tenth of the vault)', byteCount)
    .action(async (o: { dryRun?: boolean; maxRewrite?: number }, c: Command) =>
      run(c, 'prune', { dryRun: o.dryRun === true, maxRewriteBytes: o.maxRewrite }),
    );
}

/** `./notes.txt` means that very file; `notes*` means a name anywhere. */
function absoluteIfPath(pattern: string): string {
  return /^\.{1,2}(\/|$)/.test(pattern) ? resolve(pattern) : pattern;
}

const periods = { hourly: 'hours', daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' } as const;

function addLooking(program: Command, run: Run): void {
  program
    .command('find')
    .argument('<patterns...>', 'names in gitignore syntax, such as "*.odt"; or the whole path of one file or folder')
    .description('where it is in all snapshots, and when it changed')
    .option('--snapshot <number>', 'look into this one only', snapshotNumber)
    .option('--content', 'a change of times, owner or mode alone is no new version')
    .action(async (patterns: string[], o: { snapshot?: number | 'latest'; content?: boolean }, c: Command) =>
      run(c, 'find', { patterns: patterns.map(absoluteIfPath), snapshot: o.snapshot, contentOnly: o.content === true }),
    );
  program
    .command('diff')
    .argument('<from>', 'number of a snapshot', snapshotNumber)
    .argument('<to>', 'number of another one, or "latest"', snapshotNumber)
    .argument('[path]', 'only what is at or below this')
    .description('what differs between two snapshots')
    .action(async (from: number | 'latest', to: number | 'latest', path: string | undefined, _o: unknown, c: Command) =>
      run(c, 'diff', { from, to, path: path === undefined ? undefined : resolve(path) }),
    );
  program
    .command('mount')
    .argument('[folder]', 'an empty folder to show them in (Linux with FUSE)')
    .description('show all snapshots, read-only, until Ctrl-C: in a folder, or as a WebDAV share of this machine')
    .option('--port <number>', 'where the share is (default: any free port)', portNumber)
    .action(async (folder: string | undefined, o: { port?: number }, c: Command) =>
      run(c, 'mount', { folder: folder === undefined ? undefined : resolve(folder), port: o.port }),
    );
  const snapshot = (): Option => new Option('--snapshot <number>', 'which one, by its number').argParser(snapshotNumber).default('latest');
  program
    .command('dump')
    .argument('<path>', 'file or folder inside the snapshot')
    .description('write a file, or a folder as a tar archive, to standard output')
    .addOption(snapshot())
    .action(async (path: string, o: { snapshot: number | 'latest' }, c: Command) =>
      run(c, 'dump', { path: resolve(path), snapshot: o.snapshot }),
    );
}
