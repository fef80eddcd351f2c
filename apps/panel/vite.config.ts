import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defaultClientConditions, defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * zod tries whether it may compile its parsers with `new Function`. The content security policy forbids it, and every
 * try is reported as a violation; this setting, read when zod's core loads, keeps it from trying.
 */
const zodWithoutEval = (): Plugin => ({
  name: 'zod-without-eval',
  transform: (code, id) =>
    id.endsWith('/zod/v4/core/core.js') ? `globalThis.__zod_globalConfig = { jitless: true };\n${code}` : undefined,
});

/**
 * The panel is static files that the coordinator serves. No inline script or style is emitted, so that it runs under
 * `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`.
 */
export default defineConfig({
  root: here('.'),
  plugins: [zodWithoutEval(), react()],
  resolve: { conditions: ['holdfast-source', ...defaultClientConditions] },
  worker: { format: 'es', plugins: () => [zodWithoutEval()] },
  build: {
    outDir: here('../../dist/apps/panel'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': { target: process.env['HOLDFAST_DEV_COORDINATOR'] ?? 'https://127.0.0.1:8443', secure: false } } },
});
