import { createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { verify as verifySignature } from '#libs/crypto';
import type { Clock, DeviceId, RandomSource } from '#libs/kernel';
import { fromBase64Url, isDeviceId, toBase64Url, utf8 } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK, RANDOM } from '../ports/ports.module.ts';
import { sameSecret } from '../sessions/secrets.ts';

/**
 * Short-lived bearer tokens for devices. A token is `deviceId.expiry.MAC`, so checking one costs no table, any coordinator of
 * the team can check it, and it outlives a restart. A challenge is alike, bound to this process, and good for one token.
 */
@Injectable()
export class DeviceTokensService {
  readonly #tokenKey: Buffer;
  readonly #challengeKey = randomBytes(32);
  /** Challenges that were answered, until they expire by themselves. Only who holds a device key can add to it. */
  readonly #used = new Map<string, number>();

  constructor(
    identity: CoordinatorIdentity,
    private readonly devices: DevicesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.#tokenKey = identity.derive('device-token');
  }

  /** A nonce to sign. It is given for any id, so that it does not tell who is enrolled. */
  challenge(deviceId: DeviceId): string {
    const body = `${deviceId}.${this.clock.nowMs() + this.config.deviceTokens.challengeSeconds * 1000}.${toBase64Url(this.random.bytes(16))}`;
    return `${body}.${mac(this.#challengeKey, body)}`;
  }

  /** Throws `device_proof_wrong` unless the challenge is ours, fresh, unused, and signed by the device's key. */
  async exchange(deviceId: DeviceId, nonce: string, signature: string): Promise<{ token: string; expiresAtMs: number }> {
    const now = this.clock.nowMs();
    const [forDevice, expiry, random, tag, ...rest] = nonce.split('.');
    const genuine = rest.length === 0 && tag !== undefined && sameSecret(tag, mac(this.#challengeKey, `${forDevice}.${expiry}.${random}`));
    if (!genuine || forDevice !== deviceId || Number(expiry) <= now || this.#used.has(nonce)) throw proofWrong();
    const device = await this.devices.find(deviceId);
    if (!device || !verifySignature('token', utf8(nonce), fromBase64Url(signature), fromBase64Url(device.signingKey))) throw proofWrong();
    if (device.membership === 'revoked') throw revoked();
    // Looked at again after the wait above: two exchanges of one challenge may run side by side.
    if (this.#used.has(nonce)) throw proofWrong();
    for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    this.#used.set(nonce, Number(expiry));
    return this.issue(deviceId);
  }

  issue(deviceId: DeviceId): { token: string; expiresAtMs: number } {
    const expiresAtMs = this.clock.nowMs() + this.config.deviceTokens.tokenSeconds * 1000;
    const body = `${deviceId}.${expiresAtMs}`;
    return { token: `${body}.${mac(this.#tokenKey, body)}`, expiresAtMs };
  }

  /** The device that a token stands for. Throws `device_token_invalid` or `device_revoked`. */
  async verify(token: string): Promise<DeviceId> {
    const [deviceId, expiry, tag, ...rest] = token.split('.');
    const genuine = rest.length === 0 && tag !== undefined && sameSecret(tag, mac(this.#tokenKey, `${deviceId}.${expiry}`));
    if (!genuine || !deviceId || !isDeviceId(deviceId) || Number(expiry) <= this.clock.nowMs()) {
      throw new CoordinatorError('device_token_invalid', 'The device token is not valid or has expired.', {
        nextStep: 'Get a new one at /api/v1/agent/token.',
      });
    }
    const device = await this.devices.find(deviceId);
    if (!device) throw new CoordinatorError('device_token_invalid', 'There is no such device.');
    if (device.membership === 'revoked') throw revoked();
    return deviceId;
  }
}

const mac = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url');

const proofWrong = (): CoordinatorError =>
  new CoordinatorError('device_proof_wrong', 'The challenge or its signature is not valid.', {
    nextStep: 'Ask for a new challenge and sign it with the device key.',
  });

const revoked = (): CoordinatorError =>
  new CoordinatorError('device_revoked', 'This device was removed from the team.', {
    nextStep: 'Ask an admin; a new join link enrols it again as a new device.',
  });
