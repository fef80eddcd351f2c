import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core finds on the page as it is, from serious on: one line each, empty when there is nothing. */
export async function seriousAccessibilityFindings(page: Page): Promise<string[]> {
  // Transitions end first: axe would measure colours half-way.
  await page.evaluate(
    'Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))).then(() => null)',
  );
  await page.evaluate(axeSource);
  const result = await page.evaluate("axe.run({ resultTypes: ['violations'] })");
  return (result as AxeResult).violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.slice(0, 4).map((node) => `${id}: ${help}: ${node.html.slice(0, 220)} ${node.failureSummary ?? ''}`),
    );
}
