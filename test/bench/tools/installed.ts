import { borg } from './borg.ts';
import { holdfast } from './holdfast.ts';
import { kopia } from './kopia.ts';
import { restic } from './restic.ts';
import type { Tool } from './tool.ts';

/** Programs by name or path; several of one kind are several tools. */
export interface ToolCommands {
  readonly restic: readonly string[];
  readonly borg: readonly string[];
  readonly kopia: readonly string[];
}

/** Holdfast first, then every peer that is there. `only`: kinds to take, such as `holdfast,borg`; empty takes all. */
export async function installedTools(commands: ToolCommands, only: readonly string[]): Promise<Tool[]> {
  const peers = [...commands.restic.map(restic), ...commands.borg.map(borg), ...commands.kopia.map(kopia)];
  const byName = new Map([await holdfast(), ...peers].flatMap((tool) => (tool ? [[tool.name, tool] as const] : [])));
  return [...byName.values()].filter(({ name }) => only.length === 0 || only.includes(name.split(' ')[0]!));
}
