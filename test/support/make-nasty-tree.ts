/** Makes the awkward tree as whoever runs this: node --conditions=holdfast-source test/support/make-nasty-tree.ts FOLDER. With root, what only root can. */
import { execFileSync } from 'node:child_process';
import { chownSync, closeSync, lchownSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeNastyTree } from '../../libs/engine/src/testing/nasty-tree.ts';

const root = process.argv[2]!;
const at = (name: string): string => join(root, name);
const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: 'pipe' });
// tar and rsync can't reach beyond PATH_MAX; the engine's own tests do.
makeNastyTree(root, 7, { deep: false });

writeFileSync(at('shared'), 'read by one more');
run('setfacl', '-m', 'u:12345:r--,g:23456:rw-', at('shared'));
mkdirSync(at('inherits'));
writeFileSync(at('inherits/older than the default'), '1');
run('setfacl', '-d', '-m', 'u:12345:rwx,g::r-x,m::rwx', at('inherits'));
writeFileSync(at('inherits/younger than the default'), '2');
mkdirSync(at('inherits/below'));
mkdirSync(at('a folder without a right'), 0o700);
writeFileSync(at('a folder without a right/inside'), 'x');
run('chmod', '500', at('a folder without a right'));
mkdirSync(at('set-group'), 0o755);
run('chmod', '2775', at('set-group'));
mkdirSync(at('far'));
mkdirSync(at('far/away'));
linkSync(at('binary'), at('far/away/the same binary'));
symlinkSync('x'.repeat(3_000), at('long target'));
closeSync(openSync(at('last byte'), 'w'));
run('truncate', '-s', '3000000', at('last byte'));
run('dd', `of=${at('last byte')}`, 'if=/dev/zero', 'bs=1', 'count=1', 'seek=2999999', 'conv=notrunc', 'status=none');
run('setfattr', '-n', 'user.note', '-v', 'on the top folder', root);
for (const [name, time] of [
  ['long target', '1999-12-31 23:59:59.999999999'],
  ['shared', '2038-01-19 03:14:08.000000001'],
  ['set-group', '1969-12-31 23:59:59.123456789'],
] as const)
  run('touch', '--no-dereference', '--date', `${time} UTC`, at(name));

if (process.getuid!() === 0) {
  run('mknod', at('block'), 'b', '7', '200');
  run('mknod', '-m', '640', at('character'), 'c', '240', '70000');
  writeFileSync(at('program'), '#!/bin/true');
  chownSync(at('program'), 0, 12345);
  run('chmod', '6755', at('program'));
  // cap_net_bind_service, effective: goes when the owner is changed, so it must be set after it.
  run('setfattr', '-n', 'security.capability', '-v', '0x0100000200040000000000000000000000000000', at('program'));
  run('setfattr', '-n', 'trusted.holdfast', '-v', '0x00ff', at('shared'));
  chownSync(at('shared'), 12345, 23456);
  chownSync(at('links'), 4_000_000_000, 4_000_000_001);
  lchownSync(at('long target'), 12345, 23456);
  run('chown', '-h', '12345:23456', at('fifo'));
}
