import { setFlagsFromString } from 'node:v8';

/**
 * For whatever goes through a lot of files: keeps V8 from letting the heap grow to several times what is in use before it collects (by default up to four times,
 * and a young generation of three times 16 MiB). Measured on a backup of 20,000 small files: 60 MiB less of 315, in the same processor time. V8 looks at both
 * settings at each collection, so they count from now on, for all of the process; a version that knows them no more says so on stderr and goes on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
  setFlagsFromString('--semi-space-growth-factor=1');
}
