import { Command, Option } from 'commander';
import { resolve } from 'node:path';
import { gather, pauseDuration, snapshotNumber } from './option-values.ts';
import { addHistoryCommands } from './history-commands.ts';
import { agentVersion } from './agent-version.ts';
import { addBackupCommand } from './backup-program.ts';
import type { ErrorEvent } from '../output/command-event.ts';
import type { RunOptions } from './run-command.ts';

interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** Where wrong usage is told. */
export interface UsageOutput {
  /** As one JSON event, like everything else that a script reads. */
  readonly json: boolean;
  out(line: string): void;
}

/** Commander's sentence as the last event of a command that failed. */
function usageErrorLine(message: string): string {
  const event: ErrorEvent = {
    event: 'error',
    code: 'bad_usage',
    message: message
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' '),
    nextStep: '"holdfast help COMMAND" shows how it is used.',
    temporary: false,
    exitCode: 1,
  };
  return `${JSON.stringify(event)}\n`;
}

/**
 * The command line: names, options and help. What a command does is loaded when it is run. Parsing throws a
 * `CommanderError` with its exit code where commander would end the process.
 */
export function createProgram(usage: UsageOutput): Command {
  let saidMissing = false;
  const program = new Command('holdfast')
    // Before the commands: each takes these settings over when it is made.
    .exitOverride()
    .configureOutput({
      outputError: (message, write) => (usage.json ? usage.out(usageErrorLine(message)) : write(message)),
      // All that is written there beside errors is the help, in pieces, that stands in for a command that nobody named.
      ...(usage.json && {
        writeErr: () => {
          if (!saidMissing) usage.out(usageErrorLine('a command is missing'));
          saidMissing = true;
        },
      }),
    })
    .description("Backs up this machine, encrypted, onto the team's spare disks - and keeps others' backups in return.")
    .version(agentVersion)
    .option('--home <folder>', 'the agent\'s data folder (default: $HOLDFAST_HOME, or "holdfast" in the user\'s data folder)')
    .option('--json', 'one event as JSON a line, for scripts')
    .showHelpAfterError(usage.json ? false : '(see "holdfast help <command>")')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 3 some files could not be read, 10 not enrolled, 11 busy, 12 wrong key, 130 interrupted.\nFirst steps: holdfast join LINK --folder ~/Documents, then holdfast daemon (or its service), then holdfast backup.',
    );

  const run = async (command: Command, name: string, args: unknown, more: Partial<RunOptions> = {}): Promise<void> => {
    const { home, json } = command.optsWithGlobals<GlobalOptions>();
    const { runCommand } = await import('./run-command.ts');
    process.exitCode = await runCommand(name, args, { home, json: json === true, ...more });
  };

  program
    .command('join')
    .argument('<link>', 'holdfast://… from the admin panel')
    .description('enrol this machine in a team')
    .option('--name <name>', 'how the team sees this machine (default: its host name)')
    .option('--folder <path>', 'back this folder up, besides what the policy says; repeatable', gather)
    .option('--passphrase-file <file>', "also let a passphrase of your own open this machine's vault: its first line")
    .action(async (link: string, o: { name?: string; folder?: string[]; passphraseFile?: string }, c: Command) =>
      run(c, 'join', { link, name: o.name, folders: (o.folder ?? []).map((f) => resolve(f)) }, { passphraseFile: o.passphraseFile }),
    );

  program
    .command('status')
    .description('is this machine protected, and what is going on')
    .action(async (_o: unknown, c: Command) => run(c, 'status', {}));

  const folders = program.command('folders').description('what this machine backs up, by the policy and of its own');
  folders
    .command('list', { isDefault: true })
    .description('all of them')
    .action(async (_o: unknown, c: Command) => run(c, 'folders', { action: 'list', paths: [] }));
  for (const [action, description] of [
    ['add', 'back these up too, from the next backup on'],
    ['remove', 'leave these out from now on; what is backed up of them stays'],
  ] as const) {
    folders
      .command(action)
      .argument('<paths...>')
      .description(description)
      .action(async (paths: string[], _o: unknown, c: Command) => run(c, 'folders', { action, paths: paths.map((p) => resolve(p)) }));
  }
  addBackupCommand(program, run);

  addHistoryCommands(program, run);

  program
    .command('ls')
    .argument('[path]', 'folder or file inside the snapshot')
    .description('list what a snapshot holds')
    .option('--snapshot <number>', 'which one, by its number', snapshotNumber, 'latest')
    .option('-r, --recursive', 'all below it too')
    .action(async (path: string | undefined, o: { snapshot: number | 'latest'; recursive?: boolean }, c: Command) =>
      run(c, 'ls', { path: path === undefined ? '/' : resolve(path), snapshot: o.snapshot, recursive: o.recursive === true }),
    );

  program
    .command('restore')
    .argument('[paths...]', 'files and folders, as they were called (default: everything)')
    .description('bring files back, from this disk and from the holders')
    .option('--to <folder>', 'restore below this folder (default: to where they were)')
    .option('--snapshot <number>', 'which one, by its number', snapshotNumber, 'latest')
    .option('--include <pattern>', 'only what matches, gitignore syntax; repeatable', gather)
    .addOption(
      new Option('--conflict <rule>', 'when a file is there already')
        .choices(['keep-both', 'overwrite', 'skip', 'fail'])
        .default('keep-both'),
    )
    .option('--dry-run', 'say what would be done')
    .option('--verify', 'read everything back and compare')
    .option('--no-sync', 'report success before the disk has everything for good')
    .option('--ignore-free-space', 'go on though the disk seems too small (it may compress)')
    .option('--device <name>', "another machine's backup, by its name or device id")
    .option('--recovery-kit <file>', "the team's recovery kit: opens another machine's backup")
    .option('--passphrase-file <file>', "passphrase of the kit, or of the other machine's vault: the first line (default: asked for)")
    .action(async (paths: string[], o: RestoreOptions, c: Command) =>
      run(
        c,
        'restore',
        {
          paths: paths.map((p) => (o.device === undefined ? resolve(p) : p)),
          to: o.to === undefined ? undefined : resolve(o.to),
          snapshot: o.snapshot,
          include: o.include ?? [],
          conflict: o.conflict,
          dryRun: o.dryRun === true,
          verify: o.verify === true,
          sync: o.sync,
          ignoreFreeSpace: o.ignoreFreeSpace === true,
          device: o.device,
        },
        { passphraseFile: o.passphraseFile, recoveryKitFile: o.recoveryKit, askPassphrase: o.device !== undefined, ofDevice: o.device },
      ),
    );

  program
    .command('check')
    .description('is the vault whole')
    .option('--structure', 'only the quick part: open no pack')
    .addOption(
      new Option('--read-data [how-much]', 'also read the data itself: all, 5%, or 2G; what was read longest ago comes first').conflicts(
        'structure',
      ),
    )
    .action(async (o: { readData?: string | true; structure?: true }, c: Command) =>
      run(c, 'check', {
        readData: o.readData === undefined ? 'none' : o.readData === true ? 'all' : o.readData,
        structure: o.structure === true,
      }),
    );

  const repair = program.command('repair').description('put right what a check found and no holder has');
  repair
    .command('index')
    .description('make the index say what is really there, so that the next backup stores again what is lost')
    .option('--read-data', 'also read all packs to the last byte')
    .option('--dry-run', 'say what would be done')
    .option('--forget-lost-snapshots', 'give up for good the snapshots whose record no machine has')
    .action(async (o: { readData?: true; dryRun?: true; forgetLostSnapshots?: true }, c: Command) =>
      run(c, 'repair-index', { readData: o.readData === true, dryRun: o.dryRun === true, forgetLost: o.forgetLostSnapshots === true }),
    );
  repair
    .command('snapshots')
    .description('name what is lost of each snapshot, and mark it, so that the rest counts as whole')
    .option('--dry-run', 'only name what is lost')
    .action(async (o: { dryRun?: true }, c: Command) => run(c, 'repair-snapshots', { dryRun: o.dryRun === true }));

  program
    .command('pause')
    .argument('[duration]', 'such as 90m, 2h or 1d; at most 7d (default: 8h)', pauseDuration)
    .description('keep quiet: no scheduled backups, nothing taken in for others')
    .action(async (durationMs: number | undefined, _o: unknown, c: Command) => run(c, 'pause', { durationMs }));
  program
    .command('resume')
    .description('end a pause')
    .action(async (_o: unknown, c: Command) => run(c, 'resume', {}));

  const key = program.command('key').description("the keys that open this machine's vault");
  key
    .command('list')
    .description('who can open it')
    .action(async (_o: unknown, c: Command) => run(c, 'key-list', {}));
  key
    .command('add-passphrase')
    .description('let a passphrase open it')
    .option('--label <text>', 'to tell it from others', 'passphrase')
    .option('--passphrase-file <file>', 'its first line (default: asked for)')
    .action(async (o: { label: string; passphraseFile?: string }, c: Command) =>
      run(c, 'key-add-passphrase', { label: o.label }, { passphraseFile: o.passphraseFile, askPassphrase: true, confirmPassphrase: true }),
    );
  key
    .command('remove')
    .argument('<id>', 'from "holdfast key list"')
    .description('a key must no longer open it')
    .action(async (slotId: string, _o: unknown, c: Command) => run(c, 'key-remove', { slotId }));

  const coordinator = program.command('coordinator').description("the team's coordinator, and what it leaves here for a new one");
  coordinator
    .command('show', { isDefault: true })
    .description('where it is, and the bundle that is kept here')
    .action(async (_o: unknown, c: Command) => run(c, 'coordinator', {}));
  coordinator
    .command('bundle')
    .argument('<file>', 'a file that is not there yet')
    .description("copy out what a new coordinator needs (only the team's recovery kit opens it)")
    .action(async (file: string, _o: unknown, c: Command) => run(c, 'coordinator-bundle', { file: resolve(file) }));
  coordinator
    .command('move')
    .argument('<address>', 'HOST:PORT')
    .description('it answers at another address now; it must show the same certificate')
    .action(async (address: string, _o: unknown, c: Command) => run(c, 'coordinator-move', { address }));

  program
    .command('devices')
    .description('the team as this machine knows it')
    .action(async (_o: unknown, c: Command) => run(c, 'devices', {}));

  program
    .command('daemon')
    .description('run in the foreground: schedule, holding, repair, restores sent by the panel')
    .option('--listen <multiaddr>', 'where colleagues reach this machine (default: /ip4/0.0.0.0/tcp/0); repeatable', gather)
    .option('--announce <multiaddr>', 'address to tell them instead; repeatable', gather)
    .option('--no-mdns', 'do not look for colleagues on the local network')
    .action(async (o: { listen?: string[]; announce?: string[]; mdns: boolean }, c: Command) => {
      const { home } = c.optsWithGlobals<GlobalOptions>();
      const { becomeLean } = await import('../daemon/lean-process.ts');
      becomeLean();
      const { runDaemon } = await import('../daemon/run-daemon.ts');
      process.exitCode = await runDaemon({ home, listen: o.listen, announce: o.announce, mdns: o.mdns });
    });

  program
    .command('doctor')
    .description('what is wrong here, in plain words')
    .action(async (_o: unknown, c: Command) => run(c, 'doctor', {}));

  return program;
}

interface RestoreOptions {
  readonly to?: string;
  readonly snapshot: number | 'latest';
  readonly include?: string[];
  readonly conflict: string;
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  readonly sync: boolean;
  readonly ignoreFreeSpace?: boolean;
  readonly device?: string;
  readonly recoveryKit?: string;
  readonly passphraseFile?: string;
}
