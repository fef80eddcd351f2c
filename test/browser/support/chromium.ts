import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const executablePath = process.env['HOLDFAST_CHROMIUM'] ?? '/usr/bin/chromium';

/** Runs in every page: the test must hear of a violation that the browser only reports. */
const reportViolations = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber));`;

/** Stricter than what the coordinator sends: not even inline styles. What the panel does has to work under it. */
const strictStyles = (policy: string): string => policy.replace("style-src 'self' 'unsafe-inline'", "style-src 'self'");

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console errors, uncaught exceptions and violations of the content security policy so far. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colours?: 'light' | 'dark';
}

/** A fresh real Chromium with a profile of its own. Fails when Chromium is missing: these tests are never skipped. */
export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: install Debian’s package "chromium"`);
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    // The coordinator made its own certificate a moment ago; agents pin it, a test browser can't.
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
    viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
    colorScheme: options.colours ?? 'light',
    locale: 'en-GB',
    // Without a locale of the system Chromium gives files no names beyond ASCII.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
    args: [
      // As above, before a connection is made: otherwise each request on a new connection is begun again, and where that comes to 32 times a style sheet is missing.
      '--ignore-certificate-errors',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  await context.addInitScript(reportViolations);
  await context.route(
    (url) => url.pathname.startsWith('/') && !url.pathname.startsWith('/api/') && !url.pathname.startsWith('/assets/'),
    async (route) => {
      if (route.request().resourceType() !== 'document') return route.continue();
      const response = await route.fetch();
      const headers = response.headers();
      const policy = headers['content-security-policy'];
      if (policy === undefined) complaints.push(`no content security policy on ${route.request().url()}`);
      return route.fulfill({
        response,
        headers: { ...headers, ...(policy !== undefined && { 'content-security-policy': strictStyles(policy) }) },
      });
    },
  );
  const page = context.pages()[0] ?? (await context.newPage());
  watch(page, complaints);
  context.on('page', (opened) => watch(opened, complaints));
  return {
    context,
    page,
    complaints,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A refused call is part of what is tested; the browser itself notes each one on the console. */
const expected = /Failed to load resource: the server responded with a status of (401|400|403|404|409|422|429)/;

function watch(page: Page, complaints: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text()))
      complaints.push(`${message.text()} (${message.location().url} on ${page.url()})`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
}
