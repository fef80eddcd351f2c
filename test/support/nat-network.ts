import { execFileSync } from 'node:child_process';

/** True where network namespaces can be made: root, with ip and iptables. */
export function mayMakeNetworks(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const name = `hf-probe-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'exec', name, 'iptables', '-t', 'nat', '-L'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // It was never made.
    }
  }
}

/**
 * An internet of 10.99.0.0/24 and two homes behind their own NAT, as network namespaces: `public` (10.99.0.1), `homeA`
 * (192.168.71.2) and `homeB` (192.168.72.2). From the homes one can open connections to the outside; nothing gets in that
 * was not asked for, and the homes don't see each other.
 */
export class NatNetwork {
  readonly publicAddress = '10.99.0.1';
  readonly #prefix = `hf${process.pid % 10_000}`;
  readonly #made: string[] = [];

  static make(): NatNetwork {
    const network = new NatNetwork();
    try {
      network.#build();
      return network;
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  /** What runs a program in there, for a spawn: `[command, ...args, program, ...]`. */
  under(place: 'public' | 'homeA' | 'homeB'): string[] {
    return ['ip', 'netns', 'exec', this.#name(place)];
  }

  remove(): void {
    for (const name of this.#made.splice(0)) {
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
      } catch {
        // Gone already.
      }
    }
  }

  #build(): void {
    this.#add('public');
    this.#in('public', 'ip link add bridge type bridge', 'ip addr add 10.99.0.1/24 dev bridge', 'ip link set bridge up');
    for (const [n, home] of (['homeA', 'homeB'] as const).entries()) {
      const gate = `gate${n}`;
      this.#add(home);
      this.#add(gate);
      const [outside, inside] = [`10.99.0.${n + 2}`, `192.168.7${n + 1}`];
      this.#link(gate, 'out', 'public', `port${n}`);
      this.#link(home, 'lan', gate, 'in');
      this.#in('public', `ip link set port${n} master bridge`);
      this.#in(gate, `ip addr add ${outside}/24 dev out`, `ip addr add ${inside}.1/24 dev in`, 'sysctl -qw net.ipv4.ip_forward=1');
      this.#in(
        gate,
        'iptables -t nat -A POSTROUTING -o out -j MASQUERADE',
        'iptables -P FORWARD DROP',
        'iptables -A FORWARD -i in -o out -j ACCEPT',
        'iptables -A FORWARD -i out -o in -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      );
      this.#in(home, `ip addr add ${inside}.2/24 dev lan`, `ip route add default via ${inside}.1`);
    }
  }

  #add(place: string): void {
    const name = this.#name(place);
    execFileSync('ip', ['netns', 'add', name]);
    this.#made.push(name);
    this.#in(place, 'ip link set lo up');
  }

  /** A cable between two places. */
  #link(a: string, nameAtA: string, b: string, nameAtB: string): void {
    this.#in(a, `ip link add ${nameAtA} type veth peer name ${nameAtB} netns ${this.#name(b)}`, `ip link set ${nameAtA} up`);
    this.#in(b, `ip link set ${nameAtB} up`);
  }

  #in(place: string, ...commands: readonly string[]): void {
    for (const command of commands) execFileSync('ip', ['netns', 'exec', this.#name(place), ...command.split(' ')], { stdio: 'pipe' });
  }

  #name(place: string): string {
    return `${this.#prefix}-${place}`;
  }
}
