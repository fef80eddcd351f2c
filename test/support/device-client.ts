import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { SigningKeyPair } from '#libs/crypto';
import { sign, signingKeyPairFromSeed } from '#libs/crypto';
import type { DeviceId, VaultId } from '#libs/kernel';
import { toBase64Url, utf8 } from '#libs/kernel';

export interface DeviceAnswer {
  readonly status: number;
  // Tests look into bodies whose shape they assert.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Somebody with a copy of an agent's folder: everything that the device's keys allow, and nothing of its program. */
export class DeviceClient {
  readonly deviceId: DeviceId;
  readonly vaultId: VaultId;
  readonly keys: SigningKeyPair;
  readonly #base: string;

  /** Needs `cryptoReady()`. */
  constructor(home: string) {
    const about = JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8')) as {
      deviceId: DeviceId;
      vaultId: VaultId;
      coordinatorUrl: string;
    };
    this.deviceId = about.deviceId;
    this.vaultId = about.vaultId;
    this.#base = about.coordinatorUrl;
    this.keys = signingKeyPairFromSeed(readFileSync(join(home, 'identity.key')).subarray(0, 32));
  }

  async call(method: string, path: string, body?: unknown): Promise<DeviceAnswer> {
    const { deviceId } = this;
    const { nonce } = (await this.#exchange('POST', '/token/challenge', { deviceId })).body as { nonce: string };
    const signature = toBase64Url(sign('token', utf8(nonce), this.keys.secretKey));
    const { token } = (await this.#exchange('POST', '/token', { deviceId, nonce, signature })).body as { token: string };
    return this.#exchange(method, path, body, token);
  }

  #exchange(method: string, path: string, body?: unknown, token?: string): Promise<DeviceAnswer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const call = request(new URL(`/api/v1/agent${path}`, this.#base), {
        method,
        // Loopback to a process that the test started itself.
        rejectUnauthorized: false,
        timeout: 60_000,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
        },
      });
      call.once('error', reject);
      call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within 60 s`)));
      call.once('response', (reply) => {
        const parts: Buffer[] = [];
        reply.on('data', (part: Buffer) => parts.push(part));
        reply.once('error', reject);
        reply.once('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: reply.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        });
      });
      call.end(payload);
    });
  }
}
