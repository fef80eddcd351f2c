import type { AgentDocument } from '../home/agent-document.ts';
import type { JsonFile } from '../home/json-file.ts';

/**
 * The folders that this machine names itself, at join or with `holdfast folders`; the policy's come on top. Kept in
 * `agent.json`, and changed for the running daemon at once.
 */
export class OwnFolders {
  readonly #file: JsonFile<AgentDocument>;
  #document: AgentDocument;

  constructor(file: JsonFile<AgentDocument>, document: AgentDocument) {
    this.#file = file;
    this.#document = document;
  }

  list(): readonly string[] {
    return this.#document.folders;
  }

  /** Absolute paths. Those that are named already stay where they are. */
  async add(folders: readonly string[]): Promise<void> {
    await this.#write([...new Set([...this.#document.folders, ...folders])]);
  }

  /** Returns those that were not named. What is backed up of them stays in the snapshots there are. */
  async remove(folders: readonly string[]): Promise<string[]> {
    const unknown = folders.filter((folder) => !this.#document.folders.includes(folder));
    await this.#write(this.#document.folders.filter((folder) => !folders.includes(folder)));
    return unknown;
  }

  async #write(folders: string[]): Promise<void> {
    // Its other parts may have been changed since by other commands.
    const changed = { ...((await this.#file.read()) ?? this.#document), folders };
    await this.#file.write(changed);
    this.#document = changed;
  }
}
