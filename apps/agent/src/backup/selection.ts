import { z } from 'zod';
import { defaultSelection, type Policy } from '#libs/contracts';
import type { BackupOptions } from '#libs/engine';

/** What of the folders is taken: on the command line for one run, in `backup.yaml` for all of this machine's, in the policy for the team's. */
export const selection = z.strictObject({
  /** Gitignore lines, relative to each folder. */
  excludes: z.array(z.string().min(1).max(4096)).max(10_000).optional(),
  /** Files larger than this are left out. */
  maxFileBytes: z.int().min(1).optional(),
  /** Do not enter other file systems that are mounted below a folder. */
  oneFileSystem: z.boolean().optional(),
  /** Leave out the content of folders with a CACHEDIR.TAG. */
  excludeCaches: z.boolean().optional(),
  /** Leave out what this operating system makes again by itself: caches, trash. */
  defaultExcludes: z.boolean().optional(),
});
export type Selection = z.infer<typeof selection>;

/** The engine's options: excludes add up, of everything else the nearest counts (command line, then this machine, then policy). */
export function scanRules(
  policy: Policy,
  own: Selection,
  asked: Selection = {},
): Pick<BackupOptions, 'excludes' | 'maxFileBytes' | 'oneFileSystem' | 'cacheFolders' | 'defaultExcludes'> {
  const team = policy.selection ?? defaultSelection;
  const maxFileBytes = asked.maxFileBytes ?? own.maxFileBytes ?? team.maxFileBytes;
  return {
    excludes: [...policy.excludes, ...(own.excludes ?? []), ...(asked.excludes ?? [])],
    ...(maxFileBytes !== null && { maxFileBytes }),
    oneFileSystem: asked.oneFileSystem ?? own.oneFileSystem ?? team.oneFileSystem,
    cacheFolders: asked.excludeCaches ?? own.excludeCaches ?? team.excludeCaches,
    defaultExcludes: asked.defaultExcludes ?? own.defaultExcludes ?? team.defaultExcludes,
  };
}
