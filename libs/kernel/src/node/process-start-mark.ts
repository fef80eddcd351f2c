import { readFile } from 'node:fs/promises';

/**
 * Something that two processes with one pid never share: on Linux the boot id and the start time in clock ticks.
 * Empty where the platform has no cheap way to say; then the pid alone decides.
 */
export async function processStartMark(pid: number): Promise<string> {
  if (process.platform !== 'linux') return '';
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
    // The second field is the command in brackets and may hold anything, brackets and spaces too.
    const afterCommand = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie no longer holds anything.
    if (afterCommand[0] === 'Z') return 'zombie';
    return `${boot.trim()}:${afterCommand[19]}`;
  } catch {
    return '';
  }
}
