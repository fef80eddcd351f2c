import process from 'node:process';

/**
 * Node.js does file work in threads of its own, four unless told otherwise before the first is needed. A large restore has up to six writes on their way
 * to the disk, and reads of packs would queue behind them.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '8';
