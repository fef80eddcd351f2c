import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { AgentError } from '../errors.ts';
import { clientLimits } from './client-limits.ts';

/**
 * Decides about a coordinator's certificate (DER bytes) by throwing or not. Asked before one byte of a request leaves,
 * so that a secret is never given to somebody else.
 */
export type CertificateCheck = (certificate: Uint8Array) => void;

/**
 * HTTPS connections whose certificate is judged by its bytes alone: names, dates and authorities say nothing about a
 * self-signed coordinator, the pin from the join link says everything.
 */
export class PinnedConnections extends Agent {
  readonly #check: CertificateCheck;
  /** Not handed over yet: the agent knows nothing of them. */
  readonly #connecting = new Set<TLSSocket>();
  #destroyed = false;

  constructor(check: CertificateCheck, options: AgentOptions = {}) {
    // Without cached sessions every connection shows its certificate.
    super({ keepAlive: true, maxSockets: 8, scheduling: 'lifo', ...options, maxCachedSessions: 0 });
    this.#check = check;
  }

  override createConnection(
    options: AgentOptions & { host?: string; port?: number },
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { host = 'localhost', port } = options;
    // An IP address has no place in the server name extension.
    const servername = /^[\d.]+$|:/.test(host) ? '' : host;
    const socket: TLSSocket = connect({ host, port: Number(port), servername, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
    this.#connecting.add(socket);
    socket.once('close', () => this.#connecting.delete(socket));
    const fail = (error: Error): void => {
      socket.destroy();
      done?.(error, socket);
    };
    const timer = setTimeout(
      () => fail(new Error(`no connection within ${clientLimits.connectTimeoutMs} ms`)),
      clientLimits.connectTimeoutMs,
    );
    timer.unref();
    socket.once('error', (error) => {
      clearTimeout(timer);
      done?.(error, socket);
    });
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      this.#connecting.delete(socket);
      if (this.#destroyed) return fail(new Error('the client was closed'));
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      const { raw } = socket.getPeerCertificate(false);
      try {
        if (!raw) throw new AgentError('pin_mismatch', 'the coordinator showed no certificate');
        this.#check(raw);
      } catch (error) {
        fail(error as Error);
        return;
      }
      done?.(null, socket);
    });
    return undefined;
  }

  /** Also those that are still connecting: a closed client keeps no process alive. */
  override destroy(): void {
    this.#destroyed = true;
    for (const socket of this.#connecting) socket.destroy();
    super.destroy();
  }
}
