#!/usr/bin/env node
/**
 * `holdfast`: the agent's daemon and command line in one executable. Only what `--help` needs is loaded here; each
 * command loads its own parts.
 */
import process from 'node:process';
import './file-threads.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `holdfast: Node.js 24.15 or newer is needed, this is ${process.versions.node} (node_too_old)\n  Run it with "npx holdfast" in its folder (which brings the right one), or install Node.js 24.\n`,
  );
  process.exitCode = 1;
} else {
  const { createProgram } = await import('./cli/program.ts');
  const { CommanderError } = await import('commander');
  const { watchOutput, writeOutput } = await import('./cli/output-failure.ts');
  watchOutput();
  try {
    const json = process.argv.includes('--json');
    await createProgram({ json, out: writeOutput }).parseAsync(process.argv);
  } catch (error) {
    // Wrong usage, or help that was shown: said already.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  }
}
