import type { RootReleaseDraft, SignedStatement, TeamDocument, VaultDocument } from '#libs/contracts';
import type { RestoreOrder } from '#libs/crypto';
import type { EntryType } from '#libs/vault';

/**
 * What the page asks of the worker that holds the keys. Secrets go in one direction only: a kit and a passphrase in,
 * never a private key or a vault key out. Closing the worker frees everything that it knew.
 */
export interface VaultWorkerMethods {
  /** Makes the team's keys; the private halves leave the worker only inside the sealed recovery kit. */
  createTeam(input: { readonly name: string; readonly passphrase: string; readonly coordinatorKey: string; readonly nowMs: number }): {
    readonly teamDocument: TeamDocument;
    readonly recoveryKit: string;
  };
  /** Opens a kit to prove that it can be opened, and that it is the kit of this team's recovery key. Keeps nothing. */
  checkKit(input: { readonly kit: string; readonly passphrase: string; readonly recoveryKey: string }): { readonly team: string };
  /** Opens the kit and keeps the recovery key until the worker is closed. */
  unlock(input: { readonly kit: string; readonly passphrase: string; readonly recoveryKey: string }): { readonly team: string };
  /**
   * Opens the kit for the team root and keeps that until the worker is closed. From then on only releases of this one device's vault are signed,
   * whatever the coordinator drafts later.
   */
  openRoot(input: {
    readonly kit: string;
    readonly passphrase: string;
    readonly recoveryKey: string;
    readonly rootKey: string;
    readonly deviceId: string;
    readonly vaultId: string;
  }): { readonly team: string };
  /** What the coordinator drafted, with an id and the time of the signer, signed by the root: a statement `root-release`. */
  signRootRelease(input: { readonly draft: RootReleaseDraft; readonly nowMs: number }): SignedStatement;
  openVault(input: { readonly document: VaultDocument; readonly signingKey: string }): OpenedVault;
  list(input: {
    readonly vaultId: string;
    readonly sequence: number;
    readonly path: EntryPath;
    readonly offset: number;
    readonly limit: number;
    readonly filter: string;
  }): Listing;
  /** Totals of the chosen entries, for the preview. */
  measure(input: { readonly vaultId: string; readonly sequence: number; readonly paths: readonly EntryPath[] }): Totals;
  openFile(input: { readonly vaultId: string; readonly sequence: number; readonly path: EntryPath }): {
    readonly readId: number;
    readonly sizeBytes: number;
  };
  /** The next verified plain bytes of an open file, or null at its end. */
  readNext(input: { readonly readId: number }): Uint8Array<ArrayBuffer> | null;
  closeFile(input: { readonly readId: number }): null;
  /** The vault's master key sealed to a device for one restore, base64url. */
  sealOrder(input: { readonly order: RestoreOrder; readonly boxKey: string; readonly nowMs: number }): string;
}

/** Names as the file system gave them, from the root down; empty: the root. */
export type EntryPath = readonly Uint8Array[];

export interface OpenedVault {
  readonly vaultId: string;
  /** Of the owner's newest signed head that was served. */
  readonly headSequence: number;
  readonly headWrittenAtMs: number;
}

export interface ListedEntry {
  readonly name: Uint8Array;
  /** For showing: bytes that are no UTF-8 become replacement characters. */
  readonly label: string;
  /** False when the name can't be written as text, so that it can't be chosen by its path. */
  readonly isText: boolean;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly totals: Totals | null;
  readonly problem: string | null;
  readonly linkTarget: string | null;
}

export interface Listing {
  readonly entries: readonly ListedEntry[];
  /** After the filter. */
  readonly total: number;
}

export interface Totals {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

export type MethodName = keyof VaultWorkerMethods;
export interface WorkerRequest {
  readonly id: number;
  readonly method: MethodName;
  readonly input: unknown;
}
export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly nextStep: string | undefined;
        readonly status: 'permanent' | 'temporary';
      };
    };
