import { request } from 'node:https';
import type { z } from 'zod';
import type { Problem, Session } from '#libs/contracts';
import { problem, session } from '#libs/contracts';

/** A refusal of the coordinator, as it sent it. */
export class ApiRefusal extends Error {
  readonly problem: Problem;
  constructor(method: string, path: string, body: Problem) {
    super(`${method} ${path}: ${body.status} ${body.code}: ${body.detail ?? body.title}`);
    this.problem = body;
  }
}

/** What a person's browser does, without the browser: session cookie, CSRF header, contracts checked on the way in. */
export class AdminClient {
  readonly #base: URL;
  #cookie = '';
  #csrf = '';
  #session: Session | undefined;

  constructor(base: string) {
    this.#base = new URL(base);
  }

  get session(): Session {
    if (!this.#session) throw new Error('not signed in');
    return this.#session;
  }

  async signIn(email: string, password: string): Promise<Session> {
    return this.#enter(await this.send('POST', '/api/v1/session', session, { email, password }));
  }

  async signInWithTicket(ticket: string): Promise<Session> {
    return this.#enter(await this.send('POST', '/api/v1/session/ticket', session, { ticket }));
  }

  get<S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S>> {
    return this.send('GET', path, schema);
  }

  post<S extends z.ZodType>(path: string, schema: S, body: unknown = {}): Promise<z.infer<S>> {
    return this.send('POST', path, schema, body);
  }

  /** Sends JSON, checks the reply against `schema`. Throws {@link ApiRefusal} on problem+json. */
  async send<S extends z.ZodType>(method: string, path: string, schema: S, body?: unknown): Promise<z.infer<S>> {
    const { status, bytes, cookies } = await this.exchange(method, path, body);
    if (cookies) this.#cookie = cookies;
    const text = bytes.toString('utf8');
    if (status >= 400) throw new ApiRefusal(method, path, problem.parse(JSON.parse(text)));
    return schema.parse(text === '' ? undefined : JSON.parse(text));
  }

  /** The raw exchange, for what is not JSON. */
  exchange(method: string, path: string, body?: unknown): Promise<{ status: number; bytes: Buffer; cookies: string | undefined }> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#base),
        {
          method,
          // Loopback to a process that this program started itself, with the certificate that it just made.
          rejectUnauthorized: false,
          timeout: 60_000,
          headers: {
            accept: 'application/json',
            ...(this.#cookie && { cookie: this.#cookie }),
            ...(this.#csrf && { 'x-holdfast-csrf': this.#csrf }),
            ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
          },
        },
        (reply) => {
          const parts: Buffer[] = [];
          reply.on('data', (part: Buffer) => parts.push(part));
          reply.once('error', reject);
          reply.once('end', () => {
            const cookies = reply.headers['set-cookie']?.map((c) => c.split(';')[0]).join('; ');
            resolve({ status: reply.statusCode ?? 0, bytes: Buffer.concat(parts), cookies });
          });
        },
      );
      call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within 60 s`)));
      call.once('error', reject);
      call.end(payload);
    });
  }

  #enter(entered: Session): Session {
    this.#session = entered;
    this.#csrf = entered.csrfToken;
    return entered;
  }
}
