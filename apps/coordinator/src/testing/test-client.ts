import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Tests look into bodies whose shape they assert, so anything may be asked of them. */
// eslint-disable-next-line typescript/no-explicit-any
type Anything = any;

export interface Answer<T = Anything> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  /** Parsed JSON, or undefined for an empty body. */
  readonly body: T;
  readonly text: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Calls the API without a socket, with the same headers every time. Paths are relative to /api/v1 unless they start with `//`. */
export class TestClient {
  readonly headers: Readonly<Record<string, string>>;
  readonly #app: NestFastifyApplication;

  constructor(app: NestFastifyApplication, headers: Readonly<Record<string, string>> = {}) {
    this.#app = app;
    this.headers = headers;
  }

  with(headers: Readonly<Record<string, string>>): TestClient {
    return new TestClient(this.#app, { ...this.headers, ...headers });
  }

  get<T = Anything>(path: string): Promise<Answer<T>> {
    return this.call('GET', path);
  }

  post<T = Anything>(path: string, body?: unknown): Promise<Answer<T>> {
    return this.call('POST', path, body);
  }

  put<T = Anything>(path: string, body?: unknown): Promise<Answer<T>> {
    return this.call('PUT', path, body);
  }

  delete<T = Anything>(path: string): Promise<Answer<T>> {
    return this.call('DELETE', path);
  }

  async call<T = Anything>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const url = path.startsWith('//') ? path.slice(1) : `/api/v1${path.startsWith('/') ? '' : '/'}${path}`;
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...this.headers };
    const response = await this.#app.inject({ method, url, headers, ...payload });
    const text = response.body;
    const json = (response.headers['content-type'] ?? '').includes('json') && text !== '';
    return { status: response.statusCode, headers: response.headers, text, body: (json ? JSON.parse(text) : undefined) as T };
  }
}
