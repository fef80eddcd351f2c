import { EngineError, type EngineErrorCode } from '../errors.ts';
import { currentPlatform, type FileFacts, type FileKind, type OpenFile, type Platform } from '../platform/index.ts';

/** What there is at one name. A folder has `inside`. */
export interface TreeNode {
  readonly name: string;
  readonly kind: FileKind;
  readonly inside?: readonly TreeNode[];
  readonly content?: string;
  readonly device?: bigint;
  readonly inode?: bigint;
  readonly sizeBytes?: number;
  /** What comes of looking at it, and of listing it. */
  readonly lookFails?: EngineErrorCode;
  readonly listFails?: EngineErrorCode;
}

/** What was asked, and how many questions in the background were open at the same time. */
export interface AskedOfTree {
  readonly listed: string[];
  readonly looked: string[];
  most: number;
}

/** A file system in memory, for scans. Answers that are given later come in the order of `later`, which resolves when it likes. */
export function treePlatform(top: TreeNode, later: () => Promise<void>): { platform: Platform; asked: AskedOfTree } {
  const real = currentPlatform();
  const asked: AskedOfTree = { listed: [], looked: [], most: 0 };
  let open = 0;
  const fails = (code: EngineErrorCode, path: Buffer): never => {
    throw new EngineError(code, `${path.toString()}: as it was asked for`);
  };
  const find = (path: Buffer): TreeNode => {
    let at = top;
    for (const part of real.split(path).slice(1)) {
      const next: TreeNode | undefined = at.inside?.find(({ name }) => name === part.toString());
      at = next ?? fails('file_not_found', path);
    }
    return at;
  };
  const facts = (path: Buffer): FileFacts => {
    asked.looked.push(path.toString());
    const { kind, content, device = 1n, inode = 1n, sizeBytes = content?.length ?? 4096, lookFails } = find(path);
    if (lookFails) fails(lookFails, path);
    const times = { mtimeNs: 1n, ctimeNs: 1n, birthtimeNs: 1n };
    return { kind, mode: 0o644, uid: 0, gid: 0, sizeBytes, allocatedBytes: sizeBytes, ...times, device, inode, links: 1, deviceNumber: 0n };
  };
  const names = (path: Buffer): Buffer[] => {
    asked.listed.push(path.toString());
    const { inside, listFails } = find(path);
    if (listFails) fails(listFails, path);
    return (inside ?? fails('not_a_folder', path)).map(({ name }) => Buffer.from(name));
  };
  const inBackground = async <T>(call: () => T): Promise<T> => {
    open += 1;
    asked.most = Math.max(asked.most, open);
    await later();
    open -= 1;
    return call();
  };
  const platform: Platform = {
    ...real,
    facts,
    names: (path) => inBackground(() => names(path)),
    namesNow: names,
    factsLater: (path) => inBackground(() => facts(path)),
    openToRead: (path) => {
      const { content = '', kind, lookFails } = find(path);
      if (lookFails) fails(lookFails, path);
      if (kind === 'symlink') fails('symlink_in_path', path);
      return {
        facts: () => ({ kind, sizeBytes: content.length }) as FileFacts,
        read: (into: Uint8Array) => Buffer.from(content).copy(into),
        close: () => undefined,
      } as unknown as OpenFile;
    },
  };
  return { platform, asked };
}
