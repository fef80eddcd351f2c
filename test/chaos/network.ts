import { execFileSync, spawnSync } from 'node:child_process';

const quiet = { stdio: 'pipe' } as const;

/**
 * Partitions on loopback: packets to a port are dropped, so connections to it stall as they do behind a dead cable. Works only inside a
 * network namespace of this program's own, so that nothing else on the machine is touched.
 */
export const network = {
  /** Whether this process may make a namespace and rules in it; tried, not guessed. */
  available(): boolean {
    const tried = spawnSync(
      'unshare',
      ['--net', 'sh', '-c', 'ip link set lo up && iptables -A INPUT -i lo -p tcp --dport 9 -j DROP'],
      quiet,
    );
    return tried.status === 0;
  },

  /** Inside the namespace that {@link available} promised: loopback up. */
  prepare(): void {
    execFileSync('ip', ['link', 'set', 'lo', 'up'], quiet);
  },

  cut(ports: readonly number[]): void {
    for (const port of ports) rule('-A', port);
  },

  mend(ports: readonly number[]): void {
    for (const port of ports) rule('-D', port);
  },
};

/** Both directions: what goes to the port, and what comes back from it. */
function rule(action: '-A' | '-D', port: number): void {
  for (const side of ['--dport', '--sport'])
    execFileSync('iptables', [action, 'INPUT', '-i', 'lo', '-p', 'tcp', side, String(port), '-j', 'DROP'], quiet);
}
