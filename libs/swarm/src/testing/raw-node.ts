import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { ConnectionGater, Stream } from '@libp2p/interface';
import type { PrivateLibp2p } from '../network/libp2p-node.ts';
import { startNode } from '../network/libp2p-node.ts';
import type { TestDevice } from './builders.ts';

/** A libp2p node with a device's real key and none of our manners: no roster, no limits, says what it is told to say. */
export async function rawNode(
  device: TestDevice,
  gate: ConnectionGater = { denyDialMultiaddr: () => false },
  announce: string[] = [],
): Promise<PrivateLibp2p> {
  return startNode({
    privateKey: await generateKeyPairFromSeed('Ed25519', device.seed),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce,
    relay: false,
    gate,
  });
}

/** Sends bytes regardless of what the other side wants to hear. */
export async function blurt(stream: Stream, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) if (!stream.send(part)) await stream.onDrain();
}

/** Resolves with the first `length` bytes that arrive. */
export async function hear(stream: Stream, length: number): Promise<Uint8Array> {
  const heard: Uint8Array[] = [];
  let count = 0;
  for await (const piece of stream) {
    heard.push(piece.subarray());
    count += piece.byteLength;
    if (count >= length) break;
  }
  return Buffer.concat(heard).subarray(0, length);
}
