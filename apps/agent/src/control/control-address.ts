import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Linux allows 107 bytes for the path of a unix socket, macOS 103. */
const maxSocketPathBytes = 100;

/**
 * Where the daemon of `home` listens: a socket inside the home, a named pipe on Windows. A home whose path is too long
 * for a socket gets one in a folder of this user under the temporary folder, named after the home.
 */
export function controlAddress(home: string, platform: NodeJS.Platform = process.platform): string {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 24);
  if (platform === 'win32') return `\\\\.\\pipe\\holdfast-${name}`;
  const inside = join(home, 'control.sock');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  return join(tmpdir(), `holdfast-${userInfo().uid}`, `${name}.sock`);
}
