import { execFile, spawn } from 'node:child_process';
import { close, closeSync, readSync, statSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { messageOf, systemErrorCode } from '#libs/kernel';
import { EngineError } from '../../errors.ts';
import { descriptorSockets, readyDescriptor } from '../../platform/passed-descriptor.ts';
import { fuseLimits } from './fuse-wire.ts';

/** The set-user-id program of libfuse that mounts for everybody. */
const helper = 'fusermount3';
/** It ends the mount when this process is gone, however that happened (as root; others have to say `fusermount3 -u`). */
const mountOptions = 'ro,nosuid,nodev,auto_unmount,fsname=holdfast,subtype=holdfast';

/** How soon a waiting reader sees that nothing is mounted any more while programs still have something of it open. */
const lookMs = 1000;

/** The kernel's end of a mounted file system. */
export interface FuseChannel {
  /** The next request; undefined once nothing is mounted any more. The bytes are those of the caller's `into`. */
  next(into: Buffer): Promise<Buffer | undefined>;
  /** Replies to requests that the kernel has given up are dropped. */
  reply(bytes: Buffer): void;
  /** Nobody sees the folder any more; what programs have open of it fails them from then on. `next` returns within a second. */
  unmount(): Promise<void>;
}

/** Mounts on an existing folder (UTF-8 path). Throws `unsupported` where there is no FUSE or no {@link helper}, `mount_failed` with the helper's words. */
export async function mountFuse(folder: string): Promise<FuseChannel> {
  // The helper would mount a file system on a file, too.
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) throw refused(`${folder}: it is no folder`);
  const sockets = descriptorSockets();
  const child = spawn(helper, ['-o', mountOptions, '--', folder], {
    env: { ...process.env, _FUSE_COMMFD: '3' },
    stdio: ['ignore', 'ignore', 'pipe', sockets.theirs],
  });
  let said = '';
  child.stderr!.on('data', (part: Buffer) => (said = `${said}${part.toString()}`.slice(0, 1000)));
  const ended = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      const missing = systemErrorCode(error) === 'ENOENT';
      reject(missing ? noHelper(error) : new EngineError('mount_failed', `${helper} can't be run: ${messageOf(error)}`, { cause: error }));
    });
    // After its end and that of its pipe, whichever comes first.
    child.once('close', () => reject(refused(said)));
  });
  ended.catch(() => undefined);
  child.once('spawn', () => close(sockets.theirs));
  child.once('error', () => close(sockets.theirs));
  let fd: number;
  try {
    fd = await Promise.race([sockets.receive(), ended]);
  } catch (error) {
    sockets.close();
    // The helper's own words say more than the end of the socket.
    throw await ended.catch((reason: unknown) => reason).then((reason) => reason ?? error);
  }
  // It stays until the end; neither it nor its pipe keeps this process alive.
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  // `open`: once it is closed, its number may be that of another file.
  const state = { mounted: true, open: true };
  const waiting = readyDescriptor(fd);

  return {
    async next(into) {
      while (state.mounted) {
        try {
          return into.subarray(0, readSync(fd, into, 0, fuseLimits.requestBytes, null));
        } catch (error) {
          const code = systemErrorCode(error) ?? '';
          if (code === 'ENODEV') break;
          // ENOENT: the request was taken back before it was read.
          if (!['EAGAIN', 'EINTR', 'ENOENT'].includes(code)) throw error;
          if (code === 'EAGAIN') await waiting.ready(lookMs);
        }
      }
      if (state.open) {
        state.open = false;
        waiting.free();
        closeSync(fd);
      }
      return undefined;
    },
    reply: (bytes) => {
      if (!state.open) return;
      try {
        writeSync(fd, bytes);
      } catch (error) {
        if (!['ENOENT', 'ENODEV'].includes(systemErrorCode(error) ?? '')) throw error;
      }
    },
    async unmount() {
      if (!state.mounted) return;
      state.mounted = false;
      await unmountFuse(folder);
      sockets.close();
    },
  };
}

/** Takes a mount away, at once even when programs are in it; one that its process left behind, too. */
export async function unmountFuse(folder: string): Promise<void> {
  await promisify(execFile)(helper, ['-u', '-z', '-q', '--', folder]).catch(() => undefined);
}

function noHelper(cause: unknown): EngineError {
  return new EngineError('unsupported', `${helper} is not installed, so nothing can be mounted on a folder`, {
    cause,
    nextStep: 'Install the package fuse3; or leave the folder out: the snapshots are then shown over WebDAV.',
  });
}

function refused(said: string): EngineError {
  const words = said.trim().replace(/^fusermount3: /, '') || 'it gave no reason';
  return new EngineError('mount_failed', `nothing can be mounted there: ${words}`, {
    nextStep: 'Choose an empty folder of your own; or leave the folder out: the snapshots are then shown over WebDAV.',
  });
}
