import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';

/** What is wrong with a name in a directory, or undefined: '', '.', '..', a '/', a NUL, or too long. */
export function nameProblem(name: Uint8Array): string | undefined {
  if (name.length === 0) return 'is empty';
  if (name.length > limits.nameBytes) return `is longer than ${limits.nameBytes} bytes`;
  if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) return 'leads out of its folder';
  for (const byte of name) {
    if (byte === 0x2f) return 'has a "/" in it';
    if (byte === 0) return 'has a NUL in it';
  }
  return undefined;
}

/** Throws `unsafe_name` for a name that could lead a restore out of its target. */
export function assertSafeName(name: Uint8Array): void {
  const problem = nameProblem(name);
  if (problem) throw new VaultError('unsafe_name', `the name ${printableName(name)} ${problem}`);
}

const decoder = new TextDecoder();

/** A name for messages: UTF-8 as far as it is, control characters replaced, at most 80 characters. */
export function printableName(name: Uint8Array): string {
  // oxlint-disable-next-line no-control-regex -- they are what is replaced
  const text = decoder.decode(name.subarray(0, 320)).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
  return `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}

const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** Why Windows can't have this name, or undefined. Another check than {@link assertSafeName}: such names are common elsewhere. */
export function windowsNameProblem(name: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return 'is not UTF-8';
  }
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  const bad = /[<>:"/\\|?*\u0000-\u001f]/.exec(text);
  if (bad) return `has a character in it that Windows does not allow (${JSON.stringify(bad[0])})`;
  if (/[. ]$/.test(text)) return 'ends with a dot or a space';
  if (reserved.test(text.replace(/ +(?=\.|$)/, ''))) return 'is the name of a device on Windows';
  if (text.length > 255) return 'is longer than 255 characters';
  return undefined;
}
