import ignore, { type Ignore } from 'ignore';

/** Lines of one gitignore-syntax list and the folder that they are relative to, as the length of its path below the root. */
interface RuleList {
  readonly prefixLength: number;
  matcher: Ignore;
  readonly lines: readonly string[];
  tests: number;
}

/** The matcher remembers every path that it was asked about; starting afresh now and then bounds that. */
const testsBeforeRenewal = 20_000;

/**
 * What is left out below one backed-up folder. Lines are gitignore syntax; those of a `.holdfastignore` file count from its folder
 * and win over those of folders above, as git does it.
 */
export class ExcludeRules {
  readonly #lists: readonly RuleList[];

  constructor(lines: readonly string[]);
  constructor(lists: readonly RuleList[], inner: true);
  constructor(lines: readonly string[] | readonly RuleList[], inner?: true) {
    if (inner) this.#lists = lines as readonly RuleList[];
    else this.#lists = lines.length === 0 ? [] : [ruleList(lines as readonly string[], 0)];
  }

  /** Nothing is left out. */
  get isEmpty(): boolean {
    return this.#lists.length === 0;
  }

  /** The rules inside `folder` (path below the root, no slash at its ends) with the lines of its own ignore file added. */
  inside(folder: string, lines: readonly string[]): ExcludeRules {
    if (lines.length === 0) return this;
    return new ExcludeRules([...this.#lists, ruleList(lines, folder === '' ? 0 : folder.length + 1)], true);
  }

  /** `path` is below the root, `/`-separated, no slash at its ends. Folders above it must have been asked about before. */
  excludes(path: string, isFolder: boolean): boolean {
    let excluded = false;
    for (const list of this.#lists) {
      const inside = path.slice(list.prefixLength);
      const result = test(list, isFolder ? `${inside}/` : inside);
      if (result.ignored) excluded = true;
      else if (result.unignored) excluded = false;
    }
    return excluded;
  }
}

function ruleList(lines: readonly string[], prefixLength: number): RuleList {
  return { prefixLength, lines, matcher: newMatcher(lines), tests: 0 };
}

function newMatcher(lines: readonly string[]): Ignore {
  // Case counts, whatever the platform: the same rules give the same snapshot everywhere. Odd names (`./x` can't occur) are allowed.
  return ignore({ ignorecase: false, allowRelativePaths: true }).add(lines);
}

function test(list: RuleList, path: string): { ignored: boolean; unignored: boolean } {
  list.tests += 1;
  if (list.tests > testsBeforeRenewal) {
    list.matcher = newMatcher(list.lines);
    list.tests = 0;
  }
  return list.matcher.test(path);
}

/** Bytes that are no UTF-8 become lone surrogates (U+DC80 … U+DCFF), so that two different names never look alike to a rule. */
export function matchableName(name: Buffer): string {
  const text = name.toString('utf8');
  if (!text.includes('\uFFFD')) return text;
  return name.toString('latin1').replaceAll(/[\u0080-\u00ff]/g, (c) => String.fromCharCode(0xdc00 + c.charCodeAt(0)));
}
