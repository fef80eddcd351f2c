import { constants, setPriority } from 'node:os';
import { isAppError, systemClock } from '#libs/kernel';
import { agentVersion } from '../cli/agent-version.ts';
import { errorEvent, exitCodes } from '../cli/exit-codes.ts';
import { goOnWithoutOutput } from '../cli/output-failure.ts';
import { checkedArgs } from '../commands/command-source.ts';
import { loadCommand } from '../commands/registry.ts';
import { ControlServer } from '../control/control-server.ts';
import { AgentError } from '../errors.ts';
import { agentPaths, type AgentPaths, resolveHome } from '../home/agent-paths.ts';
import { FolderLock } from '#libs/kernel/node';
import { type AgentLog, errorFields, lineLog } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { openAgent } from '../runtime/open-agent.ts';
import { Daemon } from './daemon.ts';
import { daemonTimes } from './daemon-times.ts';
import { heldDocuments } from './held-documents.ts';

export interface DaemonOptions {
  readonly home: string | undefined;
  readonly listen: readonly string[] | undefined;
  readonly announce: readonly string[] | undefined;
  readonly mdns: boolean;
}

/** `holdfast daemon`: runs until SIGTERM or SIGINT; its log goes to standard output, one JSON object a line, as far as that takes it. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  goOnWithoutOutput();
  const log = lineLog(
    (line) => void process.stdout.write(line),
    () => Date.now(),
  );
  try {
    await serve(options, log);
    return exitCodes.done;
  } catch (error) {
    const { code, message, nextStep, exitCode } = errorEvent(error);
    log.write('error', message, { ...errorFields(error), code, nextStep });
    return exitCode;
  }
}

async function serve(options: DaemonOptions, log: AgentLog): Promise<void> {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const onSignal = (signal: NodeJS.Signals): void => stop.resolve(signal);
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  lowerPriority(log);
  const paths = agentPaths(resolveHome(options.home));
  const lock = await ownHome(paths, log, stop.promise);
  if (!lock) return;
  let agent: AgentRuntime | undefined;
  let control: ControlServer | undefined;
  let daemon: Daemon | undefined;
  try {
    agent = await openAgent(paths, {
      role: 'daemon',
      log,
      network: {
        listen: options.listen ?? ['/ip4/0.0.0.0/tcp/0'],
        ...(options.announce ? { announce: options.announce } : {}),
        mdns: options.mdns,
        documents: heldDocuments(paths.heldDocuments, () => (agent?.manners.mayTakeIn() === false ? undefined : agent?.roster)),
        // A roster that nobody confirmed for a month says nothing about who is a member now.
        mayGiveOut: () => agent?.manners.mayGiveOut() ?? true,
        onEvent: (event) => {
          if (event.kind === 'connected' || event.kind === 'disconnected')
            log.write('info', `colleague ${event.kind}`, { name: event.peer.name });
          else if (event.kind === 'denied')
            log.write('info', 'a peer outside the roster was refused', { direction: event.direction, peerId: event.peerId });
          else if (event.kind === 'source-dropped')
            log.write('warn', 'a source of a pack was dropped', {
              name: event.peer.name,
              packId: event.packId,
              code: event.code,
              reason: event.message,
            });
        },
      },
    });
    const runtime = agent;
    daemon = new Daemon(runtime);
    await daemon.start();
    const startedAtMs = systemClock.nowMs();
    control = await ControlServer.listen(paths.control, {
      about: () => ({ pid: process.pid, version: agentVersion, startedAtMs }),
      run: async function* (name, args, signal) {
        const command = await loadCommand(name);
        if (!command) throw new AgentError('bad_argument', `there is no command "${name}"`);
        yield* command.run({ agent: runtime, signal }, checkedArgs(command, args));
      },
    });
    log.write('info', 'daemon ready', {
      device: runtime.document.name,
      peerId: runtime.identity.peerId,
      addresses: runtime.swarm.running?.addresses(),
      home: paths.home,
    });
    log.write('info', 'daemon stops', { signal: await stop.promise });
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    const late = setTimeout(() => {
      log.write('warn', 'stopping took too long');
      process.exit(exitCodes.done);
    }, daemonTimes.stopMs);
    await Promise.allSettled([control?.close(), daemon?.stop()]);
    await agent?.close();
    await lock.release();
    clearTimeout(late);
  }
}

/**
 * The home's lock. A command that has it ends by itself: it is waited for, so that a service that starts in between does
 * not fail. Undefined when told to stop meanwhile. Throws `busy` when another daemon has it.
 */
async function ownHome(paths: AgentPaths, log: AgentLog, stop: Promise<unknown>): Promise<FolderLock | undefined> {
  const stopped = new AbortController();
  void stop.then(() => stopped.abort());
  for (let told = false; !stopped.signal.aborted; told = true) {
    try {
      return await FolderLock.acquire(paths.lock, 'daemon');
    } catch (error) {
      if (!isAppError(error, 'busy') || error.context['what'] === 'daemon') throw error;
      if (!told) log.write('info', 'waiting for a command that uses this folder', errorFields(error));
    }
    await systemClock.sleep(daemonTimes.lockRetryMs, stopped.signal).catch(() => undefined);
  }
  return undefined;
}

/**
 * Backups give way to the person at the machine. On Linux their sealing threads lower themselves, and the process stays as it is: what an ordinary user
 * lowered can't be raised again, and a restore that somebody waits for runs here too. Elsewhere only whole processes have priorities.
 */
function lowerPriority(log: AgentLog): void {
  if (process.platform === 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch (error) {
    if (!isAppError(error)) log.write('info', 'the priority could not be lowered', errorFields(error));
  }
}
