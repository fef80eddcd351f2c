import { isAppError } from '#libs/kernel';
import { limits } from '#libs/vault/sealing';
import type { FileProblem } from '../errors.ts';
import { displayPath, type ExtendedAttribute, type OpenFile, type Platform } from '../platform/index.ts';
import { problemOf } from '../file-problem.ts';

/** Of one file all together: its entry, which has chunk ids and ranges too, is to stay below what the format allows. */
const bytesOfOne = 2 * 1024 * 1024;

export interface ReadAttributes {
  readonly attributes: readonly ExtendedAttribute[];
  /** Why some or all of them are left out. */
  readonly attributesProblem?: FileProblem;
}

const none: ReadAttributes = { attributes: [] };

/**
 * The extended attributes of a file or folder, or of `file` where it is open, as far as they can be read and a snapshot can hold them. What can't is a problem to
 * report and never a reason to do without the file itself. None of what is gone meanwhile.
 */
export function readAttributes(platform: Platform, path: Buffer, file?: OpenFile): ReadAttributes {
  let all: readonly ExtendedAttribute[];
  try {
    all = file ? file.extendedAttributes() : platform.extendedAttributes(path);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code === 'file_not_found' ? none : { attributes: [], attributesProblem: problemOf(path, error) };
  }
  if (all.length === 0) return none;
  let bytes = 0;
  const attributes = all.filter(({ name, value }, i) => {
    const fits =
      i < limits.xattrsPerEntry &&
      name.length <= limits.xattrNameBytes &&
      value.length <= limits.xattrValueBytes &&
      bytes + name.length + value.length <= bytesOfOne;
    if (fits) bytes += name.length + value.length;
    return fits;
  });
  if (attributes.length === all.length) return { attributes };
  const message = `${all.length - attributes.length} of its ${all.length} extended attributes are too large or too many for a snapshot, and are left out`;
  return { attributes, attributesProblem: { path: displayPath(path), code: 'unsupported', message } };
}
