import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { isAppError, messageOf } from '#libs/kernel';
import type { LoadConfigOptions } from '../config/load-config.ts';
import { configEnvironments, loadConfig } from '../config/load-config.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';

interface Options {
  readonly home?: string;
  readonly host?: string;
  readonly port?: number;
  readonly config?: string;
  readonly env?: string;
}

/**
 * `holdfast-coordinator`. Resolves to the exit code: 0 done, 1 failed, 2 wrong use, 3 the audit log is broken.
 * What a command needs is loaded when it runs, so that `--help` answers at once.
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('holdfast-coordinator')
    .description('Keeps the roster of a Holdfast team, decides where packs go and counts their replicas. It can read none of them.')
    .option('--home <folder>', 'folder for keys, certificate and embedded database')
    .option('--config <file>', 'YAML file laid over the installed configuration')
    .addOption(new Option('--env <name>', 'which installed configuration to use').choices([...configEnvironments]))
    .showHelpAfterError()
    .exitOverride();
  program
    .command('serve', { isDefault: true })
    .description('run the coordinator (what happens without a command)')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port to listen on; 0: any free one', toPort)
    .option('--json', 'print one JSON event a line instead of text')
    .allowExcessArguments()
    .action(async (options: Options & { json?: boolean }, command: Command) => {
      refuseWords(program, command);
      const { serve } = await import('./serve.ts');
      await serve(configOf({ ...program.opts<Options>(), ...options }), options.json ?? false);
    });
  program
    .command('login-link')
    .description('print a link that signs somebody in, once, within minutes; for whoever has a shell on this machine')
    .option('--email <address>', 'whose account; default: the first owner’s')
    .option('--json', 'print JSON')
    .action(async (options: { email?: string; json?: boolean }) => {
      const { printLoginLink } = await import('./login-link.ts');
      await printLoginLink(configOf(program.opts()), options);
    });
  program
    .command('restore')
    .argument('<bundles...>', 'files from "holdfast coordinator bundle FILE" on devices; the newest counts')
    .requiredOption('--recovery-kit <file>', 'the team’s recovery kit')
    .option('--passphrase-file <file>', 'passphrase of the kit: the first line (default: asked for)')
    .option('--json', 'print JSON')
    .description('put a lost coordinator back: into an empty folder, from what it left with the devices')
    .action(async (files: string[], options: { recoveryKit: string; passphraseFile?: string; json?: boolean }) => {
      const { restoreCoordinator } = await import('./restore.ts');
      await restoreCoordinator(configOf(program.opts()), { files, ...options });
    });
  program
    .command('renew-certificate')
    .requiredOption('--recovery-kit <file>', 'the team’s recovery kit')
    .option('--passphrase-file <file>', 'passphrase of the kit: the first line (default: asked for)')
    .option('--json', 'print JSON')
    .description('have the team root certify this coordinator for another year; devices notice nothing')
    .action(async (options: { recoveryKit: string; passphraseFile?: string; json?: boolean }) => {
      const { renewCertificate } = await import('./renew-certificate.ts');
      await renewCertificate(configOf(program.opts()), options);
    });
  program
    .command('verify-audit-log')
    .description('recompute the hash chain of the audit log')
    .action(async () => {
      const { verifyAuditLog } = await import('./verify-audit-log.ts');
      if (!(await verifyAuditLog(configOf(program.opts())))) exitCode = 3;
    });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(`holdfast-coordinator: ${messageOf(error)}`);
    if (isAppError(error)) {
      if (error.nextStep) console.error(error.nextStep);
      console.error(`(${error.code})`);
    } else if (error instanceof Error) console.error(error.stack);
    return 1;
  }
}

/** What nobody knows comes here, since this is the command without a name: it is said what was wrong, not that `serve` takes no words. */
function refuseWords(program: Command, serve: Command): void {
  const [word] = serve.args;
  if (word === undefined) return;
  const names = program.commands.map((command) => command.name()).join(', ');
  const isNamed = program.args[0] === serve.name();
  (isNamed ? serve : program).error(
    isNamed
      ? `error: "serve" takes no words, but options: "${word}" is none of them`
      : `error: unknown command "${word}". The commands are ${names}; without one the coordinator runs`,
  );
}

function configOf({ home, host, port, config, env }: Options): CoordinatorConfig {
  const listen = { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
  const options: LoadConfigOptions = {
    ...(env === undefined ? {} : { environment: env }),
    ...(config === undefined ? {} : { file: config }),
    overrides: { listen, ...(home === undefined ? {} : { dataDir: home }) },
  };
  return loadConfig(options);
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is no port: 0 to 65535.');
  return port;
}
