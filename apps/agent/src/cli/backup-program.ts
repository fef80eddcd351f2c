import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { PipeSource } from '../backup/pipe/serve-pipe.ts';
import { byteCount, gather } from './option-values.ts';
import type { RunOptions } from './run-command.ts';

interface BackupFlags {
  readonly dryRun?: boolean;
  readonly waitProtected?: boolean;
  readonly timeout?: number;
  readonly readAll?: boolean;
  readonly tag?: string[];
  readonly exclude?: string[];
  readonly excludeLargerThan?: number;
  readonly oneFileSystem?: boolean;
  readonly excludeCaches?: boolean;
  readonly defaultExcludes?: boolean;
  readonly stdin?: boolean;
  readonly stdinCommand?: boolean;
  readonly stdinName?: string;
}

type Run = (command: Command, name: string, args: unknown, more?: Partial<RunOptions>) => Promise<void>;

/** `holdfast backup` and its options. */
export function addBackupCommand(program: Command, run: Run): void {
  program
    .command('backup')
    .argument('[paths...]', 'only these files and folders (default: the folders of the policy and of join)')
    .description('back up now')
    .option('--dry-run', 'read and count, but store nothing')
    .option('--wait-protected', 'return only when enough other machines hold everything')
    .option('--timeout <seconds>', 'with --wait-protected: give up after this long', Number)
    .option('--read-all', 'read every file again, trusting no size or time')
    .option('--tag <text>', 'mark the snapshot, to find it or to keep it by; repeatable', gather)
    .option('--exclude <pattern>', 'leave this out too, gitignore syntax; repeatable', gather)
    .option('--exclude-larger-than <size>', 'leave out files larger than this, such as 2G', byteCount)
    .option('--one-file-system', 'do not enter other file systems mounted below a folder')
    .option('--exclude-caches', 'leave out what a CACHEDIR.TAG marks as a cache (the default)')
    .option('--no-exclude-caches', 'take marked caches too')
    .option('--no-default-excludes', 'take also what this system makes again by itself (caches, trash)')
    .option('--stdin', 'capture what comes on standard input instead of folders, such as a database dump')
    .option('--stdin-command', 'capture what a program writes, and whether it ends well: backup --stdin-command -- pg_dump shop')
    .option('--stdin-name <name>', 'the name that it gets in the snapshot (default: stdin)')
    .action(async (paths: string[], flags: BackupFlags, command: Command) => {
      const problem = stdinProblem(paths, flags);
      if (problem) command.error(`error: ${problem}`, { exitCode: 1 });
      const piped = flags.stdin === true || flags.stdinCommand === true;
      const args = {
        paths: piped ? [] : paths.map((path) => resolve(path)),
        dryRun: flags.dryRun === true,
        waitProtected: flags.waitProtected === true,
        timeoutSeconds: flags.timeout,
        readAll: flags.readAll === true,
        tags: flags.tag ?? [],
        selection: {
          excludes: flags.exclude,
          maxFileBytes: flags.excludeLargerThan,
          oneFileSystem: flags.oneFileSystem,
          excludeCaches: flags.excludeCaches,
          // True also when nothing was said: then this machine's own rules count.
          defaultExcludes: flags.defaultExcludes === false ? false : undefined,
        },
      };
      const source: PipeSource = flags.stdin === true ? { from: 'stdin' } : { from: 'command', command: paths };
      await run(command, 'backup', args, piped ? { pipe: { source, name: flags.stdinName ?? 'stdin' } } : {});
    });
}

function stdinProblem(paths: readonly string[], { stdin, stdinCommand, stdinName, dryRun }: BackupFlags): string | undefined {
  if (stdin && stdinCommand) return '--stdin and --stdin-command exclude each other: the content comes from one of them';
  if (stdin && paths.length > 0) return '--stdin is captured alone: leave the paths out';
  if (stdinCommand && paths.length === 0) return '--stdin-command needs the program and its arguments after "--"';
  if (stdinName !== undefined && !stdin && !stdinCommand) return '--stdin-name goes with --stdin or --stdin-command';
  if (dryRun && (stdin || stdinCommand)) return '--dry-run looks at folders, and there is none with --stdin';
  return undefined;
}
