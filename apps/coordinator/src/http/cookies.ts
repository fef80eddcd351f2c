import type { FastifyReply } from 'fastify';

/** `__Host-`: the browser itself insists on Secure, Path=/ and no Domain. */
export const SESSION_COOKIE = '__Host-holdfast';

const attributes = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const;

export function setSessionCookie(reply: FastifyReply, secret: string, maxAgeSeconds: number): void {
  void reply.setCookie(SESSION_COOKIE, secret, { ...attributes, maxAge: Math.floor(maxAgeSeconds) });
}

export function clearSessionCookie(reply: FastifyReply): void {
  void reply.clearCookie(SESSION_COOKIE, attributes);
}
