import koffi from 'koffi';

/**
 * Gives free memory of the C library's heap back to the system: what lies between pieces still in use stays with the process otherwise. Undefined
 * where the C library has no such call (glibc has: malloc_trim(3)).
 */
export function freeMemoryTrim(): (() => void) | undefined {
  try {
    const trim = koffi.load(null).func('malloc_trim', 'int', ['size_t']);
    return () => void trim(0);
  } catch {
    return undefined;
  }
}
