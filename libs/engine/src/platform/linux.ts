import { constants, existsSync } from 'node:fs';
import { accountFiles } from './accounts.ts';
import { namelessFiles } from './nameless-files.ts';
import type { Platform } from './platform.ts';
import { posixCalls } from './posix-calls.ts';
import { posixPlatform } from './posix.ts';
import { reach, reachLater } from './reach.ts';

/** fcntl.h; the same on every architecture that Node.js runs on. Needs no permission to read the folder. */
const O_PATH = 0o10000000;
const excludes = ['.cache/', '.thumbnails/', '.local/share/Trash/', '.Trash-*/', 'lost+found/', '.gvfs/', '.local/share/holdfast/'];

/** Linux, any C library that exports the POSIX calls (glibc, musl). */
export function linuxPlatform(): Platform {
  const calls = posixCalls({
    atFdCwd: -100,
    atSymlinkNoFollow: 0x100,
    utimeOmit: 0x3ffffffen,
    seekData: 3,
    seekHole: 4,
    attributeCalls: 'linux',
  });
  return posixPlatform({
    name: 'linux',
    capabilities: {
      nanosecondTimes: true,
      symlinkTimes: true,
      extendedAttributes: true,
      accessControlLists: true,
      sparseFiles: true,
      fifos: true,
      devices: true,
      ownership: true,
      syncAll: true,
      arbitraryNames: true,
    },
    defaultExcludes: excludes,
    calls,
    accounts: accountFiles(),
    readFlags: constants.O_NOATIME,
    // Not in every chroot.
    pathOf: existsSync('/proc/self/fd') ? (fd) => Buffer.from(`/proc/self/fd/${fd}`) : undefined,
    uncachedFlag: constants.O_DIRECT,
    nameless: namelessFiles((fd, mtimeNs) => calls.tryFutimens(fd, mtimeNs)),
    holdFlags: O_PATH,
    reach,
    reachLater,
  });
}
