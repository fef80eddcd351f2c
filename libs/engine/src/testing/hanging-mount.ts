/**
 * A program of its own for tests: mounts a small file system on the folder given and says `mounted` on a line. Whoever comes to where it is silent waits until this
 * program is killed; that must never be the process that serves it. What it answers is the second argument: `nothing`, `all`, `until-reading` (no more of
 * `b-large` than its first MiB), `until-folder` (nothing of what is in `z`), `closed` (that its top may not be listed), `slowly` (all, and 300 names `s…` that take
 * 4 ms each; the size of `most` says how many of them were asked for at the same time).
 */
import { mountFuse } from '../mount/fuse/fuse-channel.ts';
import * as wire from '../mount/fuse/fuse-wire.ts';

const [folder = '', answers = 'all'] = process.argv.slice(2);
const mebibyte = 1024 * 1024;
/** errno.h of Linux; snapshots are closed to nobody. */
const EACCES = 13;

interface Node {
  readonly id: number;
  readonly name: string;
  /** A folder has names instead. */
  readonly content?: Buffer;
  readonly inside: readonly Node[];
}
let nodes = 0;
const byId = new Map<number, Node>();
function node(name: string, content: Buffer | undefined, ...inside: Node[]): Node {
  nodes += 1;
  const made = { id: nodes, name, inside, ...(content && { content }) };
  byId.set(made.id, made);
  return made;
}
// The first is the kernel's number of the top.
const top = { ...node('', undefined), inside: [] as Node[] };
byId.set(top.id, top);
top.inside.push(
  node('.holdfastignore', Buffer.from('left-out\n')),
  node('a', Buffer.from('first')),
  node('b-large', Buffer.alloc(3 * mebibyte, 'large ')),
  node('c', Buffer.from('third')),
  node('left-out', Buffer.from('not wanted')),
  node('z', undefined, node('inside', Buffer.from('below'))),
);

if (answers === 'slowly') for (let i = 0; i < 300; i += 1) top.inside.push(node(`s${i}`, Buffer.from(`slow ${i}`)));
let asked = 0;
let most = 0;

/** How many wait for such a name is seen while this one takes its time. */
async function takeTime({ opcode, body }: wire.FuseRequest): Promise<void> {
  if (answers !== 'slowly' || opcode !== wire.fuseOpcodes.lookup || !/^s\d/.test(wire.nameOf(body).toString())) return;
  most = Math.max(most, (asked += 1));
  await new Promise((resolve) => setTimeout(resolve, 4));
  asked -= 1;
}

function attributesOf({ id, content }: Node): wire.FuseAttributes {
  const size = content?.length ?? 0;
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const times = { mtimeNs: 1_700_000_000_000_000_000n, ctimeNs: 1_700_000_000_000_000_000n };
  return {
    inode: BigInt(id),
    size,
    dataBytes: size,
    mode: content ? 0o100644 : 0o040755,
    links: content ? 1 : 2,
    rdev: 0,
    ...owner,
    ...times,
  };
}

/** Undefined: none, for ever. */
function answerTo({ opcode, unique, node: id, body }: wire.FuseRequest): Buffer | undefined {
  const { fuseOpcodes: codes, fuseErrors } = wire;
  const ok = (bytes?: Uint8Array): Buffer => wire.encodeReply(unique, 0, bytes);
  const error = (name: wire.FuseErrorName): Buffer => wire.encodeReply(unique, fuseErrors[name]);
  if (opcode === codes.init) return ok(wire.encodeInit(body));
  const at = byId.get(id);
  if (answers === 'nothing' || !at) return undefined;
  if (answers === 'until-folder' && at.name === 'z' && opcode !== codes.getattr) return undefined;
  switch (opcode) {
    case codes.lookup: {
      const name = wire.nameOf(body).toString();
      if (answers === 'slowly' && name === 'most') top.inside.push(node(name, Buffer.alloc(most)));
      const found = at.inside.find((one) => one.name === name);
      return ok(wire.encodeEntry(found?.id ?? 0, found && attributesOf(found)));
    }
    case codes.getattr:
      return ok(wire.encodeAttributes(attributesOf(at)));
    case codes.opendir:
      return answers === 'closed' && at === top ? wire.encodeReply(unique, EACCES) : ok(wire.encodeOpen(id, 0));
    case codes.open:
      return ok(wire.encodeOpen(id, 0));
    case codes.readdir:
    case codes.readdirplus: {
      const asked = wire.decodeRead(body)!;
      const listing = new wire.FuseListing(asked.size, opcode === codes.readdirplus);
      for (const [i, one] of at.inside.entries())
        if (i >= asked.offset && listing.reserve(Buffer.from(one.name)))
          listing.add({ name: Buffer.from(one.name), node: one.id, attributes: attributesOf(one) }, i + 1);
      return ok(listing.bytes());
    }
    case codes.read: {
      const { offset, size } = wire.decodeRead(body)!;
      if (answers === 'until-reading' && offset >= mebibyte) return undefined;
      return ok(at.content!.subarray(offset, offset + size));
    }
    case codes.flush:
    case codes.release:
    case codes.releasedir:
      return ok();
    default:
      return error('ENOSYS');
  }
}

const channel = await mountFuse(folder);
const into = Buffer.alloc(wire.fuseLimits.requestBytes);
let told = false;
async function reply(request: wire.FuseRequest): Promise<void> {
  const answer = [wire.fuseOpcodes.forget, wire.fuseOpcodes.batchForget].includes(request.opcode as never) ? undefined : answerTo(request);
  await takeTime(request);
  if (answer) channel.reply(answer);
}
for (let bytes = await channel.next(into); bytes; bytes = await channel.next(into)) {
  const request = wire.decodeRequest(bytes)!;
  // The next one is read into the same memory.
  void reply({ ...request, body: Buffer.from(request.body) });
  if (!told) console.log('mounted');
  told = true;
}
