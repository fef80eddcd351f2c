import { accountFiles } from './accounts.ts';
import type { Platform } from './platform.ts';
import { posixCalls } from './posix-calls.ts';
import { posixPlatform } from './posix.ts';

const excludes = [
  '.Trash/',
  '.Trashes/',
  '.DocumentRevisions-V100/',
  '.Spotlight-V100/',
  '.fseventsd/',
  '.TemporaryItems/',
  'Library/Caches/',
  'Library/Application Support/holdfast/',
];

/**
 * macOS, by construction (constants from the Darwin headers). ACLs, file flags and birth times are not restored there: Darwin keeps them
 * outside extended attributes.
 */
export function macosPlatform(): Platform {
  return posixPlatform({
    name: 'macos',
    capabilities: {
      nanosecondTimes: true,
      symlinkTimes: true,
      extendedAttributes: true,
      accessControlLists: false,
      sparseFiles: true,
      fifos: true,
      devices: true,
      ownership: true,
      syncAll: false,
      // APFS refuses names that are not UTF-8.
      arbitraryNames: false,
    },
    defaultExcludes: excludes,
    calls: posixCalls({ atFdCwd: -2, atSymlinkNoFollow: 0x20, utimeOmit: -2n, seekData: 4, seekHole: 3, attributeCalls: 'macos' }),
    accounts: accountFiles(),
    readFlags: 0,
    pathOf: undefined,
    uncachedFlag: undefined,
    nameless: undefined,
    holdFlags: 0,
    reach: (path, call) => call(path),
    reachLater: (path, call) => call(path),
  });
}
