import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { messageOf, systemErrorCode } from '#libs/kernel';
import { parse } from 'yaml';
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import { parseAmount } from './amount.ts';
import { type Selection, selection } from './selection.ts';

/** A rule file is a page; one of this size is a mistake. */
const maxBytes = 1024 * 1024;

const hook = z.strictObject({
  /** A program and its arguments, started as they are: no shell looks at them. */
  command: z.array(z.string().max(4096)).min(1).max(200),
  /** After this long it is stopped and counts as failed. */
  timeoutSeconds: z.number().positive().max(86_400).default(300),
});
const rulesFile = z.strictObject({
  ...selection.omit({ maxFileBytes: true }).shape,
  excludeLargerThan: z.union([z.int().min(1), z.string().max(40)]).optional(),
  hooks: z
    .strictObject({
      /** `stop`: a failure means that no backup is made; `continue`: it is made all the same. */
      before: hook.extend({ onFailure: z.enum(['stop', 'continue']).default('stop') }).optional(),
      after: hook.optional(),
    })
    .optional(),
  panelRestores: z
    .union([
      z.literal('anywhere'),
      z.array(z.string().max(4096).refine(isAbsolute, 'a folder must be given with its whole path')).min(1).max(50),
    ])
    .optional(),
});

export type Hook = z.infer<typeof hook>;
export type Hooks = NonNullable<z.infer<typeof rulesFile>['hooks']>;

/** Folders; undefined: the one in the home folder. See `restore/restore-place.ts`. */
export type PanelRestores = z.infer<typeof rulesFile>['panelRestores'];

/** What this machine itself says about its backups, and about restores that are sent to it. */
export interface OwnRules {
  readonly selection: Selection;
  readonly hooks: Hooks;
  readonly panelRestores: PanelRestores;
}

/**
 * Reads `backup.yaml` of the data folder; no file: no rules. It may name programs to run, so it must belong to this user or to root and be
 * writable by nobody else. Throws `rules_invalid` saying what is wrong: a backup with half its rules would take too much or too little.
 */
export async function readOwnRules(path: string): Promise<OwnRules> {
  const text = await readChecked(path);
  if (text === undefined) return { selection: {}, hooks: {}, panelRestores: undefined };
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw invalid(path, messageOf(error).split('\n')[0]!, error);
  }
  const parsed = rulesFile.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(path, `${issue?.path.join('.') || 'the file'}: ${issue?.message}`, parsed.error);
  }
  const { excludeLargerThan, hooks = {}, panelRestores, ...rest } = parsed.data;
  const maxFileBytes = typeof excludeLargerThan === 'string' ? parseAmount(excludeLargerThan) : excludeLargerThan;
  if (typeof excludeLargerThan === 'string' && maxFileBytes === undefined)
    throw invalid(path, `excludeLargerThan: "${excludeLargerThan}" is no amount such as 2G`);
  return { selection: { ...rest, ...(maxFileBytes !== undefined && { maxFileBytes }) }, hooks, panelRestores };
}

async function readChecked(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw invalid(path, messageOf(error), error);
  }
  try {
    // Of the file that is open, so that it can't be exchanged in between.
    const { size, mode, uid } = await file.stat();
    const own = process.getuid?.();
    if (own !== undefined && uid !== own && uid !== 0) throw invalid(path, 'it belongs to another user');
    if (own !== undefined && (mode & 0o022) !== 0) throw invalid(path, 'others may write to it (chmod go-w)');
    if (size > maxBytes) throw invalid(path, `it is larger than ${maxBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function invalid(path: string, what: string, cause?: unknown): AgentError {
  return new AgentError('rules_invalid', `${path}: ${what}`, {
    context: { path },
    nextStep: 'Correct the file, or move it away. Nothing was done: what this machine wants is not known.',
    cause,
  });
}
