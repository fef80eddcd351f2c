import { EngineError } from '../errors.ts';
import { linuxPlatform } from './linux.ts';
import { macosPlatform } from './macos.ts';
import type { Platform } from './platform.ts';
import { windowsPlatform } from './windows.ts';

let current: Platform | undefined;

/** The adapter of the system that this runs on. Throws `unsupported` on any other than Linux, macOS and Windows. */
export function currentPlatform(): Platform {
  if (current) return current;
  if (process.platform === 'linux') current = linuxPlatform();
  else if (process.platform === 'darwin') current = macosPlatform();
  else if (process.platform === 'win32') current = windowsPlatform();
  else throw new EngineError('unsupported', `there is no adapter for ${process.platform}`);
  return current;
}

export { displayPath } from './display-path.ts';
export type * from './platform.ts';
