import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { messageOf } from '#libs/kernel';
import type { Agent } from '../../support/agent.ts';
import type { Coordinator } from '../../support/coordinator.ts';
import { startCoordinator } from '../../support/coordinator.ts';
import { killAll } from '../../support/processes.ts';
import { seriousAccessibilityFindings } from './accessibility.ts';
import type { Browser } from './chromium.ts';
import { openBrowser } from './chromium.ts';

/** One team's first day in one browser, against the built coordinator and agents. The steps build on each other, as they do for a person. */
export class FirstDay {
  /** Address and body of every request that the browser sent. */
  readonly sent: string[] = [];
  readonly secretFile = randomBytes(5_300_000);
  /** Larger than what the panel gathers in memory: it is streamed to disk. */
  readonly film = randomBytes(66 * 1024 * 1024);
  readonly report = Buffer.from('Übersicht: alles in Ordnung.\n'.repeat(400));
  folder!: string;
  coordinator!: Coordinator;
  browser!: Browser;
  agents: Agent[] = [];
  /** Where the recovery kit was downloaded to. */
  kitPath!: string;
  #failedStep: string | undefined;

  /** Registers what starts before the steps of the file and stops after them. */
  constructor() {
    beforeAll(() => this.#start(), 120_000);
    afterAll(() => this.#stop(), 60_000);
  }

  /** What follows a failed step can't work: it fails at once, and the first failure leaves a picture. */
  readonly step = (name: string, work: () => Promise<void>, timeoutMs = 30_000): void => {
    it(
      name,
      async () => {
        if (this.#failedStep !== undefined) throw new Error(`not reached, because this failed: ${this.#failedStep}`);
        try {
          await work();
        } catch (error) {
          this.#failedStep = name;
          const picture = join(tmpdir(), 'holdfast-browser-failure.png');
          await this.browser.page.screenshot({ path: picture }).catch(() => undefined);
          throw new Error(`${messageOf(error)}\n${this.browser.complaints.join('\n')}\nPicture: ${picture}`, { cause: error });
        }
      },
      timeoutMs,
    );
  };

  /** What is shown now has no serious fault for people who can't see it well, or can't use a mouse. */
  readonly accessible = async (): Promise<void> => expect(await seriousAccessibilityFindings(this.browser.page)).toEqual([]);

  async #start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'holdfast-browser-'));
    await mkdir(join(this.folder, 'coordinator'));
    this.coordinator = await startCoordinator({ home: join(this.folder, 'coordinator') });
    this.browser = await openBrowser();
    this.browser.context.on('request', (request) => this.sent.push(`${request.url()}\n${request.postData() ?? ''}`));
  }

  async #stop(): Promise<void> {
    // What did not start is not there.
    const { browser, coordinator } = this as { browser?: Browser; coordinator?: Coordinator };
    await browser?.close();
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await coordinator?.process.stop();
    killAll();
    await rm(this.folder, { recursive: true, force: true });
  }
}
