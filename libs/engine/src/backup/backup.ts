import type { BackupOptions, BackupResult } from './backup-types.ts';

/** See index.ts. */
export declare function backup(options: BackupOptions): Promise<BackupResult>;
