import type { CommandEvent, ItemEvent, NoticeEvent, ResultEvent } from './command-event.ts';
import { printable } from './format.ts';
import { ProgressLine } from './progress-line.ts';

/** Where output goes. `columns` is undefined when it is no terminal. */
export interface OutputPort {
  out(text: string | Uint8Array): void;
  error(text: string): void;
  /** Width of the terminal that shows errors and progress. */
  readonly columns: number | undefined;
  nowMs(): number;
}

/** How one command's events look to a person. Missing parts get the plain form. */
export interface TextForm {
  result?(result: ResultEvent, nowMs: number): string[];
  /** Undefined: this item is not shown. */
  item?(item: ItemEvent, nowMs: number): string | undefined;
}

export interface Renderer {
  render(event: CommandEvent): void;
}

/** Redraw at most this often: a terminal over a slow line must not slow the backup. */
const redrawMs = 120;

/** For a person. Progress only on a terminal; without one (cron) only what the command is for, and errors. */
export class TextRenderer implements Renderer {
  readonly #port: OutputPort;
  readonly #form: TextForm;
  readonly #line = new ProgressLine();
  #drawn = false;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(port: OutputPort, form: TextForm) {
    this.#port = port;
    this.#form = form;
  }

  render(event: CommandEvent): void {
    if (event.event === 'progress') {
      const { columns } = this.#port;
      const nowMs = this.#port.nowMs();
      if (columns === undefined || nowMs - this.#drawnAtMs < redrawMs) return;
      this.#port.error(`\r\u001b[2K${this.#line.render(event, nowMs, columns)}`);
      this.#drawn = true;
      this.#drawnAtMs = nowMs;
      return;
    }
    this.#wipe();
    switch (event.event) {
      case 'notice':
        this.#port.error(`${noticeLine(event)}\n`);
        break;
      case 'item': {
        const line = this.#form.item ? this.#form.item(event, this.#port.nowMs()) : JSON.stringify(event);
        if (line !== undefined) this.#port.out(`${line}\n`);
        break;
      }
      case 'data':
        this.#port.out(Buffer.from(event.base64, 'base64'));
        break;
      case 'result':
        for (const line of this.#form.result?.(event, this.#port.nowMs()) ?? []) this.#port.out(`${line}\n`);
        break;
      case 'error':
        this.#port.error(`holdfast: ${printable(event.message)} (${event.code})\n`);
        if (event.nextStep) this.#port.error(`  ${printable(event.nextStep)}\n`);
        break;
    }
  }

  #wipe(): void {
    if (this.#drawn) this.#port.error('\r\u001b[2K');
    this.#drawn = false;
  }
}

/** For scripts: every event as one line of JSON on standard output, errors too. */
export class JsonRenderer implements Renderer {
  readonly #port: OutputPort;

  constructor(port: OutputPort) {
    this.#port = port;
  }

  render(event: CommandEvent): void {
    this.#port.out(`${JSON.stringify(event)}\n`);
  }
}

function noticeLine(notice: NoticeEvent): string {
  return `warning: ${notice.path === undefined ? '' : `${printable(notice.path)}: `}${printable(notice.message)} (${notice.code})`;
}
