import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

/**
 * How the content of a pipe gets from the command line, which has it, to where the backup runs (the daemon, or the same process).
 *
 * Participants: two processes of one user on one machine. The command line listens on a socket beside the daemon's, in a folder that only
 * this user can enter; the backup connects once. Then frames: u32le length ‖ bytes; a length of 0 ends it and is followed by one byte:
 * 0 everything came, 1 the source failed, and then by the reason as UTF-8 up to the end. A connection that ends without that end
 * was cut off: what came is not all. Non-goals: resuming, more than one reader.
 */
export const pipeLimits = {
  /** One frame; what a pipe gives at once is 64 KiB. */
  maxFrameBytes: 1024 * 1024,
  maxReasonBytes: 4 * 1024,
} as const;

/** A socket beside the daemon's (`control`), short enough wherever that one is; a named pipe on Windows. */
export function newPipeAddress(control: string, platform: NodeJS.Platform = process.platform): string {
  const name = randomBytes(4).toString('hex');
  return platform === 'win32' ? `${control}-${name}` : join(dirname(control), `p${name}.sock`);
}

/** Whether a daemon may connect there: only beside its own socket. */
export function isPipeAddress(address: string, control: string, platform: NodeJS.Platform = process.platform): boolean {
  if (platform === 'win32') return /^-[0-9a-f]{8}$/.test(address.slice(control.length)) && address.startsWith(control);
  return dirname(address) === dirname(control) && /[/\\]p[0-9a-f]{8}\.sock$/.test(address);
}
