import { isAppError } from '#libs/kernel';

/**
 * Codes of failures that call themselves permanent, since who typed the command should look at them, and that pass by themselves often enough at night:
 * a disk that is mounted later, a database that the hook did not find up, a file that another program had open.
 */
const passing: ReadonlySet<string> = new Set(['folder_not_found', 'access_denied', 'io_failed', 'too_many_open_files', 'hook_failed']);

/**
 * Whether a failed backup may succeed when it is tried again and nobody does anything. What no error type describes is unforeseen, and so worth another
 * try; wrong settings, keys and damaged vaults are not.
 */
export const mayPass = (error: unknown): boolean => !isAppError(error) || error.status === 'temporary' || passing.has(error.code);
