import { execFileSync } from 'node:child_process';

/**
 * A folder as GNU find, sha256sum, stat and getfattr see it, one line a fact: names as bytes, kinds, modes, owners, modification times to the
 * nanosecond, sizes, link targets, groups of hard links, contents, device numbers, extended attributes (ACLs and capabilities among them).
 * None of Holdfast's own code, so that a mistake in it can't hide. Sockets are left out: they end with their program.
 */
export function manifestOf(root: string): string[] {
  const run = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd: root, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, LC_ALL: 'C' } }).toString('latin1');
  const records = (text: string): string[] => text.split('\0').filter((record) => record !== '');
  const find = (...test: string[]): string[] => ['.', '!', '-type', 's', ...test];

  const facts = records(run('find', find('-printf', '%p\\1%y %#m %U:%G %T@ %l\\1%s\\1%i\\0'))).map((record) => {
    const [path, line, size, inode] = record.split('\x01') as [string, string, string, string];
    // A folder's size is the file system's own affair.
    return { path, line: line.startsWith('d') ? line : `${line} ${size}`, inode };
  });
  const firstOf = new Map<string, string>();
  for (const { path, inode } of facts.toSorted((a, b) => (a.path < b.path ? -1 : 1))) if (!firstOf.has(inode)) firstOf.set(inode, path);
  return [
    ...facts.map(({ path, line, inode }) => `${path}: ${line}, same file as ${firstOf.get(inode)}`),
    ...records(run('find', find('-type', 'f', '-exec', 'sha256sum', '--zero', '{}', '+'))),
    ...records(
      run('find', find('(', '-type', 'b', '-o', '-type', 'c', ')', '-exec', 'stat', '--printf', '%n: device %t:%T\\0', '{}', '+')),
    ),
    ...run('getfattr', ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex', '.'])
      .split('\n\n')
      .filter((block) => block !== '')
      .map((block) => block.split('\n').sort().join(' ')),
  ].sort();
}

/** KiB on the disk, holes not counted. */
export function allocatedKiB(path: string): number {
  return Number(execFileSync('du', ['-k', path], { encoding: 'utf8' }).split('\t')[0]);
}
