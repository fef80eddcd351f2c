import { saveBlob } from '../parts/save-text.ts';

/** Where a downloaded file's bytes go. Nothing is handed over before `finish`: a file that failed half-way leaves nothing. */
export interface FileSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/** From this size on a file is streamed to disk where the browser can; below, a Blob spares the person a dialog. */
const streamFromBytes = 64 * 1024 * 1024;

type SavePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/**
 * Asks for the place of a large file when the browser has the File System Access API, so that memory stays bounded;
 * otherwise gathers a Blob. Resolves to undefined when the person closed the dialog. Call it from a click.
 */
export async function openFileSink(name: string, sizeBytes: number): Promise<FileSink | undefined> {
  const picker = (window as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  if (picker === undefined || sizeBytes < streamFromBytes) return blobSink(name);
  try {
    const handle = await picker.call(window, { suggestedName: name });
    const stream = await handle.createWritable();
    return { write: (bytes) => stream.write(bytes), finish: () => stream.close(), abandon: () => stream.abort() };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    throw error;
  }
}

function blobSink(name: string): FileSink {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: async (bytes) => void parts.push(bytes),
    finish: async () => saveBlob(name, new Blob(parts, { type: 'application/octet-stream' })),
    abandon: async () => void parts.splice(0),
  };
}
