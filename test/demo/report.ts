/** What the demo says: sentences for a person, or one JSON event a line for a script. */
export interface Report {
  /** A step that began or went on. `facts` are figures and names; `text` is for people only. */
  say(event: string, text: string, facts?: Readonly<Record<string, unknown>>): void;
  /** A line that replaces itself at a terminal; nothing elsewhere but a `progress` event now and then. */
  progress(text: string, facts: Readonly<Record<string, unknown>>): void;
}

export function createReport(json: boolean, startedMs = performance.now()): Report {
  const seconds = (): number => Math.round((performance.now() - startedMs) / 100) / 10;
  let live = 0;
  let lastProgress = -Infinity;
  const clear = (): void => {
    if (live > 0) process.stdout.write(`\r${' '.repeat(live)}\r`);
    live = 0;
  };
  return {
    say(event, text, facts = {}) {
      if (json) return void process.stdout.write(`${JSON.stringify({ event, seconds: seconds(), ...facts })}\n`);
      clear();
      process.stdout.write(`${seconds().toFixed(1).padStart(6)} s  ${text}\n`);
    },
    progress(text, facts) {
      if (performance.now() - lastProgress < (json ? 1000 : 100)) return;
      lastProgress = performance.now();
      if (json) return void process.stdout.write(`${JSON.stringify({ event: 'progress', seconds: seconds(), ...facts })}\n`);
      if (!process.stdout.isTTY) return;
      clear();
      const line = `          ${text}`.slice(0, (process.stdout.columns || 100) - 1);
      live = line.length;
      process.stdout.write(line);
    },
  };
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
