import { isAppError } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import { agentPaths, type AgentPaths, resolveHome } from '../home/agent-paths.ts';
import type { PipeSource, ServedPipe } from '../backup/pipe/serve-pipe.ts';
import type { CommandEvent } from '../output/command-event.ts';
import { JsonRenderer, type OutputPort, type Renderer, type TextForm, TextRenderer } from '../output/renderer.ts';
import { errorEvent, exitCodes } from './exit-codes.ts';
import { outputDrained, outputFailed, outputUnread, writeOutput } from './output-failure.ts';

export interface RunOptions {
  readonly home: string | undefined;
  readonly json: boolean;
  /** First line goes into the argument `passphrase`. */
  readonly passphraseFile?: string | undefined;
  /** Text goes into the argument `recoveryKit`. */
  readonly recoveryKitFile?: string | undefined;
  /** Ask for the passphrase when there is no file. */
  readonly askPassphrase?: boolean;
  /** Whose vault it opens: that there is none is said before anybody types a passphrase. */
  readonly ofDevice?: string | undefined;
  readonly confirmPassphrase?: boolean;
  /** Offered to the command as its argument `pipe`, under this name. */
  readonly pipe?: { readonly source: PipeSource; readonly name: string } | undefined;
}

/** Runs one command to its end, in the daemon when one runs; shows its events; returns the exit code. */
export async function runCommand(name: string, args: unknown, options: RunOptions): Promise<number> {
  const stop = new AbortController();
  const output = processOutput();
  const onInterrupt = (): void => {
    // The second Ctrl-C does not wait for a clean end.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    if (output.columns !== undefined) output.error('\nstopping…\n');
    stop.abort(new DOMException('interrupted', 'AbortError'));
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  let renderer: Renderer = options.json ? new JsonRenderer(output) : new TextRenderer(output, {});
  let exitCode: number = exitCodes.failed;
  let pipe: ServedPipe | undefined;
  try {
    const paths = agentPaths(resolveHome(options.home));
    if (options.ofDevice !== undefined && options.passphraseFile === undefined)
      await refuseUnknownDevice(options.ofDevice, paths, stop.signal);
    pipe = options.pipe && (await servedPipe(options.pipe.source, paths));
    const more = pipe && { pipe: { address: pipe.address, name: options.pipe!.name } };
    const given = { ...(await withSecrets(args, options, stop.signal)), ...more };
    const { source, text } = await findSource(name, given, paths, stop.signal);
    if (!options.json) renderer = new TextRenderer(output, text);
    for await (const event of source) {
      renderer.render(event);
      await outputDrained();
      if (event.event === 'result' || event.event === 'error') exitCode = event.exitCode;
      // What is printed is all that was asked for. Other commands do their work, whatever can be said of it.
      if (event.event !== 'item' && event.event !== 'data') continue;
      if (outputUnread()) exitCode = exitCodes.done;
      if (outputFailed() || outputUnread()) break;
    }
  } catch (error) {
    const event = errorEvent(stop.signal.aborted ? stop.signal.reason : error);
    renderer.render(event);
    exitCode = event.exitCode;
  } finally {
    pipe?.close();
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
  if (stop.signal.aborted && exitCode !== exitCodes.done) return exitCodes.interrupted;
  return outputFailed() && exitCode === exitCodes.done ? exitCodes.failed : exitCode;
}

async function findSource(
  name: string,
  args: unknown,
  paths: AgentPaths,
  signal: AbortSignal,
): Promise<{ source: AsyncIterable<CommandEvent>; text: TextForm }> {
  if (name === 'join') {
    const { joinText, joinTeam } = await import('../join/join.command.ts');
    return { source: joinTeam(paths, args, signal), text: joinText };
  }
  if (name === 'doctor') {
    const { doctorText, examine } = await import('../doctor/doctor.command.ts');
    return { source: examine(paths, signal), text: doctorText };
  }
  const { loadCommand } = await import('../commands/registry.ts');
  const command = await loadCommand(name);
  if (!command) throw new AgentError('bad_argument', `there is no command "${name}"`);
  const { commandSource } = await import('../commands/command-source.ts');
  return { source: commandSource(name, command, args, paths, signal), text: command.text };
}

/** Throws `device_not_found`. Whatever else is wrong the command itself will say. */
async function refuseUnknownDevice(device: string, paths: AgentPaths, signal: AbortSignal): Promise<void> {
  try {
    const { source } = await findSource('vault-known', { device }, paths, signal);
    for await (const event of source)
      if (event.event === 'error' && event.code === 'device_not_found')
        throw new AgentError('device_not_found', event.message, { nextStep: event.nextStep });
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error, 'device_not_found')) throw error;
  }
}

async function servedPipe(source: PipeSource, paths: AgentPaths): Promise<ServedPipe> {
  const { servePipe } = await import('../backup/pipe/serve-pipe.ts');
  const { newPipeAddress } = await import('../backup/pipe/pipe-protocol.ts');
  return servePipe(source, newPipeAddress(paths.control));
}

/** Secrets come from files or the terminal, never from the command line, which other users can see. */
async function withSecrets(args: unknown, options: RunOptions, signal: AbortSignal): Promise<object> {
  const { askPassphrase, passphraseFromFile } = await import('./passphrase.ts');
  const secrets: Record<string, string> = {};
  if (options.recoveryKitFile !== undefined) {
    const { readRecoveryKit } = await import('./recovery-kit-file.ts');
    secrets['recoveryKit'] = await readRecoveryKit(options.recoveryKitFile);
  }
  if (options.passphraseFile !== undefined) {
    secrets['passphrase'] = await passphraseFromFile(options.passphraseFile);
  } else if (options.askPassphrase) {
    secrets['passphrase'] = await askPassphrase(
      options.recoveryKitFile === undefined ? 'Passphrase: ' : 'Passphrase of the recovery kit: ',
      signal,
    );
    if (options.confirmPassphrase && (await askPassphrase('Once more: ', signal)) !== secrets['passphrase']) {
      throw new AgentError('passphrase_missing', 'the two passphrases differ', { nextStep: 'Try again.' });
    }
  }
  return { ...(args as object), ...secrets };
}

function processOutput(): OutputPort {
  return {
    out: writeOutput,
    error: (text) => void process.stderr.write(text),
    get columns() {
      return process.stderr.isTTY ? process.stderr.columns : undefined;
    },
    nowMs: () => Date.now(),
  };
}
