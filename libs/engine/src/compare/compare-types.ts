/** `aspect`: what differs. `left` and `right` say it in words. */
export interface Difference {
  readonly path: string;
  readonly aspect:
    | 'missing'
    | 'extra'
    | 'kind'
    | 'size'
    | 'content'
    | 'mode'
    | 'owner'
    | 'mtime'
    | 'link-target'
    | 'hard-links'
    | 'xattrs'
    | 'sparse'
    | 'device'
    | 'unreadable';
  readonly left: string;
  readonly right: string;
}

export interface CompareOptions {
  /** Aspects that don't count, such as `owner` when restored by another account. */
  readonly ignore?: readonly Difference['aspect'][];
  /** Stop after this many; default 1,000. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}
