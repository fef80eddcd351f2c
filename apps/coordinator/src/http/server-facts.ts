import { networkInterfaces } from 'node:os';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import type { TlsIdentity } from '../tls/tls-identity.ts';

/** Under which name, port and certificate others reach this server. */
export class ServerFacts {
  /** The port that listening gave; until then the configured one. */
  boundPort: number | undefined;

  constructor(
    private readonly config: CoordinatorConfig,
    readonly tls: TlsIdentity,
  ) {}

  get host(): string {
    const { listen, public: outside } = this.config;
    if (outside.host) return outside.host;
    return ['0.0.0.0', '::'].includes(listen.host) ? (ownAddress() ?? '127.0.0.1') : listen.host;
  }

  get port(): number {
    return this.config.public.port ?? this.boundPort ?? this.config.listen.port;
  }

  /** `https://host:port`, without a slash. */
  get origin(): string {
    return `https://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }
}

/** The first address of this machine that others may reach. */
function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}
