import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The panel is static files that the coordinator serves. No inline script or style is emitted, so that it runs under
 * `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`.
 */
export default defineConfig({
  root: here('.'),
  plugins: [react()],
  resolve: { conditions: ['holdfast-source', ...defaultClientConditions] },
  worker: { format: 'es' },
  build: {
    outDir: here('../../dist/apps/panel'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': { target: process.env['HOLDFAST_DEV_COORDINATOR'] ?? 'https://127.0.0.1:8443', secure: false } } },
});
