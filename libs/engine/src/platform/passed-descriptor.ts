import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { EngineError } from '../errors.ts';

/** sys/socket.h of Linux, the same on every architecture that Node.js runs on. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** A control message of one descriptor on 64-bit systems: length (8), level (4), type (4), descriptor (4), padding (4). */
const controlBytes = 24;

/** Two connected sockets: one to be handed to a child process, one on which its descriptor comes. */
export interface DescriptorSockets {
  /** For the child. The caller closes it once the child has it. */
  readonly theirs: number;
  /** Stays open until {@link DescriptorSockets.close}: some programs take its end for the end of their work. */
  receive(): Promise<number>;
  close(): void;
}

/**
 * For what Node.js lacks: an open file that another process hands over (SCM_RIGHTS, unix(7)). Only Linux. `receive` throws `io_failed` when the
 * other side ends without handing one over.
 */
export function descriptorSockets(): DescriptorSockets {
  const library = koffi.load(null);
  const socketpair = library.func('socketpair', 'int', ['int', 'int', 'int', koffi.out('int *')]);
  const part = koffi.struct({ base: 'void *', length: 'size_t' });
  const message = koffi.struct({
    ...{ name: 'void *', nameLength: 'uint32_t', parts: koffi.pointer(part), partCount: 'size_t' },
    ...{ control: 'void *', controlLength: 'size_t', flags: 'int' },
  });
  const recvmsg = library.func('recvmsg', 'int64_t', ['int', koffi.inout(koffi.pointer(message)), 'int']);
  const pair: [number, number] = [-1, -1];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) !== 0) throw new EngineError('io_failed', 'no pair of sockets can be made');
  const [ours, theirs] = pair;
  let open = true;

  return {
    theirs,
    async receive() {
      const byte: unknown = koffi.alloc('uint8_t', 1);
      const control: unknown = koffi.alloc('uint8_t', controlBytes);
      const parts: unknown = koffi.alloc(part, 1);
      koffi.encode(parts, part, { base: byte, length: 1 });
      try {
        const received = { name: null, nameLength: 0, parts, partCount: 1, control, controlLength: controlBytes, flags: 0 };
        const bytes = await new Promise<number>((resolve, reject) => {
          recvmsg.async(ours, received, MSG_CMSG_CLOEXEC, (error: unknown, result: number) => {
            if (error !== null && error !== undefined) reject(new EngineError('io_failed', 'the socket can not be read', { cause: error }));
            else resolve(result);
          });
        });
        const header = Buffer.from(koffi.decode(control, koffi.array('uint8_t', controlBytes)) as number[]);
        const isDescriptor =
          header.readBigUInt64LE(0) >= 20n && header.readInt32LE(8) === SOL_SOCKET && header.readInt32LE(12) === SCM_RIGHTS;
        if (bytes <= 0 || !isDescriptor) throw new EngineError('io_failed', 'the other process handed no open file over');
        return header.readInt32LE(16);
      } finally {
        for (const memory of [byte, control, parts]) koffi.free(memory);
      }
    },
    close() {
      if (open) closeSync(ours);
      open = false;
    },
  };
}

/** fcntl.h and poll.h of Linux, the same on every architecture that Node.js runs on. */
const F_SETFL = 4;
const O_RDWR_NONBLOCK = 0o4002;
const POLLIN = 1;

export interface ReadyDescriptor {
  /** Resolves when there is something to read, or an end, or `timeoutMs` have passed. Blocks a thread of the pool meanwhile. */
  ready(timeoutMs: number): Promise<void>;
  /** Frees what `ready` needs. Not while it is waited for. */
  free(): void;
}

/** Makes reads of this descriptor return at once, with EAGAIN where there is nothing, and tells when there is. Only Linux. */
export function readyDescriptor(fd: number): ReadyDescriptor {
  const library = koffi.load(null);
  const fcntl = library.func('fcntl', 'int', ['int', 'int', 'int']);
  const pollType = koffi.struct({ fd: 'int', events: 'short', revents: 'short' });
  const poll = library.func('poll', 'int', [koffi.pointer(pollType), 'unsigned long', 'int']);
  if (fcntl(fd, F_SETFL, O_RDWR_NONBLOCK) !== 0) throw new EngineError('io_failed', 'the open file can not be read without waiting');
  const asked: unknown = koffi.alloc(pollType, 1);
  koffi.encode(asked, pollType, { fd, events: POLLIN, revents: 0 });
  return {
    ready: (timeoutMs) => new Promise((resolve) => poll.async(asked, 1, timeoutMs, () => resolve())),
    free: () => koffi.free(asked),
  };
}
