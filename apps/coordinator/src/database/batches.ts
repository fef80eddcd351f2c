/** Parameters that one statement may have on every supported database, with room for the others in it. */
const MAX_PARAMETERS = 900;

/** Cuts a list so that each part fits into one statement with `columns` parameters a row. */
export function* inBatches<T>(items: readonly T[], columns = 1): Generator<T[]> {
  const size = Math.max(1, Math.floor(MAX_PARAMETERS / columns));
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
