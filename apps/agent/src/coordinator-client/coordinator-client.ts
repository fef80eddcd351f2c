import { z } from 'zod';
import {
  type AgentEvent,
  agentEvent,
  type AnnouncePacks,
  type AuditAnswers,
  type CommitSnapshot,
  devicePolicy,
  type DevicePolicy,
  heartbeatReply,
  heldReleases,
  type HeldReleases,
  type Heartbeat,
  type HeartbeatReply,
  type Inventory,
  job,
  type Job,
  type JobReport,
  knowsLinkLimits,
  openAudits,
  type OpenAudits,
  doubtedCopies,
  packLocations,
  type DoubtedCopies,
  type PackLocations,
  type OwnRelease,
  ownRelease,
  type OwnReleases,
  ownReleases,
  type PutVaultHead,
  type PutChallenges,
  type PutVaultHeader,
  receiptList,
  type ReceiptList,
  releaseStatements,
  type ReleaseStatements,
  type ReportedAll,
  type ReportRun,
  type RetentionView,
  retentionView,
  type ReturnReceipts,
  type ReturnRoster,
  type ReturnSnapshots,
  type ScrubReport,
  signedStatement,
  type SignedStatement,
  type SubmitRelease,
  type SubmitTrim,
  teamDocument,
  type TeamDocument,
  tokenChallenge,
  tokenResponse,
  vaultDocument,
  type VaultDocument,
  wantedChallenges,
  type WantedChallenges,
  wantedTrims,
  type WantedTrims,
} from '#libs/contracts';
import { type Clock, type DeviceId, isAppError, type PackId, type VaultId } from '#libs/kernel';
import { clientLimits } from './client-limits.ts';
import { readEvents } from './event-channel.ts';
import { jsonRequest, type JsonRequest } from './json-request.ts';
import { type CertificateCheck, PinnedConnections } from './pinned-connection.ts';

export interface CoordinatorClientOptions {
  /** `https://host:port` */
  readonly url: string;
  readonly check: CertificateCheck;
  readonly deviceId: DeviceId;
  /** Signs the token challenge with the device key: `"holdfast/token/1" + NUL + nonce`. Returns base64url. */
  readonly signChallenge: (nonce: string) => string | Promise<string>;
  readonly clock: Clock;
}

const api = '/api/v1/agent';
const vaultList = z.union([z.array(vaultDocument), z.strictObject({ items: z.array(vaultDocument) }).transform((list) => list.items)]);
const jobList = z.union([z.array(job), z.strictObject({ items: z.array(job) }).transform((list) => list.items)]);

/**
 * The coordinator as an agent sees it: every call of the agents' half of the API, typed, over pinned HTTPS with a
 * device token that is got and renewed as needed. Calls throw like {@link jsonRequest}. Nothing is retried here but an
 * expired token: who calls knows whether and when.
 */
export class CoordinatorClient {
  readonly #options: CoordinatorClientOptions;
  #base: URL;
  #connections: PinnedConnections;
  #token: { readonly text: string; readonly endsAtMs: number } | undefined;
  #serverTimeMs: number | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: CoordinatorClientOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#connections = new PinnedConnections(options.check);
  }

  /** `https://host:port` */
  get url(): string {
    return this.#base.origin;
  }

  /** The same coordinator, at another address: what is under way to the old one breaks, and everything after goes to the new one. */
  moveTo(url: string): void {
    const before = this.#connections;
    this.#base = new URL(url);
    this.#connections = new PinnedConnections(this.#options.check);
    before.destroy();
  }

  heartbeat(body: Heartbeat, signal?: AbortSignal): Promise<HeartbeatReply> {
    return this.#call({ method: 'POST', path: `${api}/heartbeat`, body, answer: heartbeatReply, signal });
  }

  roster(signal?: AbortSignal): Promise<SignedStatement> {
    return this.#call({ method: 'GET', path: `${api}/roster`, answer: signedStatement, signal });
  }

  policy(signal?: AbortSignal): Promise<DevicePolicy> {
    return this.#call({ method: 'GET', path: `${api}/policy?knows=${knowsLinkLimits}`, answer: devicePolicy, signal });
  }

  putVaultHeader(body: PutVaultHeader, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'PUT', path: `${api}/vault/header`, body, answer: undefined, signal });
  }

  announcePacks(body: AnnouncePacks, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/packs`, body, answer: undefined, signal });
  }

  commitSnapshot(body: CommitSnapshot, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/snapshots`, body, answer: undefined, signal });
  }

  reportRun(body: ReportRun, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'PUT', path: `${api}/runs/${body.runId}`, body, answer: undefined, signal });
  }

  jobs(signal?: AbortSignal): Promise<Job[]> {
    return this.#call({ method: 'GET', path: `${api}/jobs`, answer: jobList, signal });
  }

  reportJob(jobId: string, body: JobReport, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/jobs/${jobId}`, body, answer: undefined, signal });
  }

  inventory(body: Inventory, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/inventory`, body, answer: undefined, signal });
  }

  receipts(since: number, signal?: AbortSignal): Promise<ReceiptList> {
    return this.#call({ method: 'GET', path: `${api}/receipts?since=${since}`, answer: receiptList, signal });
  }

  vaults(signal?: AbortSignal): Promise<VaultDocument[]> {
    return this.#call({ method: 'GET', path: `${api}/vaults`, answer: vaultList, signal });
  }

  vault(vaultId: VaultId, signal?: AbortSignal): Promise<VaultDocument> {
    return this.#call({ method: 'GET', path: `${api}/vaults/${vaultId}`, answer: vaultDocument, signal });
  }

  putVaultHead(body: PutVaultHead, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'PUT', path: `${api}/vault/head`, body, answer: undefined, signal });
  }

  /** What the retention rules keep of this device's snapshots, by the coordinator's time of receipt. */
  retention(signal?: AbortSignal): Promise<RetentionView> {
    return this.#call({ method: 'GET', path: `${api}/retention`, answer: retentionView, signal });
  }

  submitRelease(body: SubmitRelease, signal?: AbortSignal): Promise<OwnRelease> {
    return this.#call({ method: 'POST', path: `${api}/releases`, body, answer: ownRelease, signal });
  }

  ownReleases(signal?: AbortSignal): Promise<OwnReleases> {
    return this.#call({ method: 'GET', path: `${api}/releases/own`, answer: ownReleases, signal });
  }

  heldReleases(signal?: AbortSignal): Promise<HeldReleases> {
    return this.#call({ method: 'GET', path: `${api}/releases`, answer: heldReleases, signal });
  }

  releaseStatements(releaseId: string, signal?: AbortSignal): Promise<ReleaseStatements> {
    return this.#call({ method: 'GET', path: `${api}/releases/${releaseId}`, answer: releaseStatements, signal });
  }

  confirmRelease(releaseId: string, nonce: string, signal?: AbortSignal): Promise<SignedStatement> {
    return this.#call({ method: 'POST', path: `${api}/releases/${releaseId}/confirm`, body: { nonce }, answer: signedStatement, signal });
  }

  releaseDeleted(releaseId: string, packIds: readonly PackId[], signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/releases/${releaseId}/deleted`, body: { packIds }, answer: undefined, signal });
  }

  wantedTrims(signal?: AbortSignal): Promise<WantedTrims> {
    return this.#call({ method: 'GET', path: `${api}/trims/wanted`, answer: wantedTrims, signal });
  }

  submitTrim(body: SubmitTrim, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/trims`, body, answer: undefined, signal });
  }

  heldTrims(signal?: AbortSignal): Promise<HeldReleases> {
    return this.#call({ method: 'GET', path: `${api}/trims/held`, answer: heldReleases, signal });
  }

  trimStatements(releaseId: string, signal?: AbortSignal): Promise<ReleaseStatements> {
    return this.#call({ method: 'GET', path: `${api}/trims/${releaseId}`, answer: releaseStatements, signal });
  }

  confirmTrim(releaseId: string, nonce: string, signal?: AbortSignal): Promise<SignedStatement> {
    return this.#call({ method: 'POST', path: `${api}/trims/${releaseId}/confirm`, body: { nonce }, answer: signedStatement, signal });
  }

  trimDeleted(releaseId: string, packIds: readonly PackId[], signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/trims/${releaseId}/deleted`, body: { packIds }, answer: undefined, signal });
  }

  openAudits(signal?: AbortSignal): Promise<OpenAudits> {
    return this.#call({ method: 'GET', path: `${api}/audits`, answer: openAudits, signal });
  }

  answerAudits(body: AuditAnswers, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/audits/answers`, body, answer: undefined, signal });
  }

  wantedChallenges(after: number, signal?: AbortSignal): Promise<WantedChallenges> {
    return this.#call({ method: 'GET', path: `${api}/audits/wanted?after=${after}`, answer: wantedChallenges, signal });
  }

  putChallenges(body: PutChallenges, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/audits/challenges`, body, answer: undefined, signal });
  }

  reportScrub(body: ScrubReport, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/audits/scrub`, body, answer: undefined, signal });
  }

  returnRoster(body: ReturnRoster, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/rebuild/roster`, body, answer: undefined, signal });
  }

  returnSnapshots(body: ReturnSnapshots, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/rebuild/snapshots`, body, answer: undefined, signal });
  }

  returnReceipts(body: ReturnReceipts, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/rebuild/receipts`, body, answer: undefined, signal });
  }

  reportedAll(body: ReportedAll, signal?: AbortSignal): Promise<void> {
    return this.#call({ method: 'POST', path: `${api}/rebuild/done`, body, answer: undefined, signal });
  }

  /** What a new coordinator would need, to be kept here. */
  bundle(signal?: AbortSignal): Promise<SignedStatement> {
    return this.#call({ method: 'GET', path: `${api}/bundle`, answer: signedStatement, signal });
  }

  /** Open to everybody: check it against the team root. */
  team(signal?: AbortSignal): Promise<TeamDocument> {
    return jsonRequest(this.#base, this.#connections, { method: 'GET', path: '/api/v1/team', answer: teamDocument, signal });
  }

  /** `after`: the last answer's `next`, or empty. */
  doubtedCopies(after: string, signal?: AbortSignal): Promise<DoubtedCopies> {
    return this.#call({ method: 'GET', path: `${api}/copies/doubted?after=${encodeURIComponent(after)}`, answer: doubtedCopies, signal });
  }

  /** At most 1,000 ids. */
  locatePacks(packIds: readonly PackId[], signal?: AbortSignal): Promise<PackLocations> {
    return this.#call({ method: 'POST', path: `${api}/packs/locate`, body: { packIds }, answer: packLocations, signal });
  }

  /** A call and the coordinator's clock at its answer, to the second. */
  async timed<T>(
    call: (client: this, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ value: T; serverTimeMs: number | undefined }> {
    const value = await call(this, signal);
    return { value, serverTimeMs: this.#serverTimeMs };
  }

  /** Hints, until the line breaks (throws) or the signal is given. Every event that parses; unknown ones are skipped. */
  async *events(signal: AbortSignal): AsyncGenerator<AgentEvent> {
    const token = await this.#validToken(signal);
    try {
      for await (const { data } of readEvents(this.#base, this.#connections, `${api}/events`, token, signal)) {
        const parsed = agentEvent.safeParse(data);
        if (parsed.success) yield parsed.data;
      }
    } catch (error) {
      if (isExpiredToken(error)) this.#token = undefined;
      throw error;
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  async #call<T>(spec: JsonRequest<T>): Promise<T> {
    const token = await this.#validToken(spec.signal);
    try {
      return await jsonRequest(this.#base, this.#connections, { ...spec, token, onServerTime: (timeMs) => (this.#serverTimeMs = timeMs) });
    } catch (error) {
      if (!isExpiredToken(error)) throw error;
      this.#token = undefined;
      return jsonRequest(this.#base, this.#connections, { ...spec, token: await this.#validToken(spec.signal) });
    }
  }

  async #validToken(signal?: AbortSignal): Promise<string> {
    if (this.#token && this.#token.endsAtMs - clientLimits.tokenMarginMs > this.#options.clock.nowMs()) return this.#token.text;
    signal?.throwIfAborted();
    // Many calls at once ask for one token; a caller that gives up must not take it from the others.
    this.#asking ??= this.#askForToken().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askForToken(): Promise<string> {
    const { deviceId } = this.#options;
    const { nonce } = await jsonRequest(this.#base, this.#connections, {
      method: 'POST',
      path: `${api}/token/challenge`,
      body: { deviceId },
      answer: tokenChallenge,
    });
    const answer = await jsonRequest(this.#base, this.#connections, {
      method: 'POST',
      path: `${api}/token`,
      body: { deviceId, nonce, signature: await this.#options.signChallenge(nonce) },
      answer: tokenResponse,
    });
    // The two clocks may differ: never keep a token longer than its usual life by ours.
    const lifeMs = Math.min(answer.expiresAtMs - this.#options.clock.nowMs(), 15 * 60_000);
    this.#token = { text: answer.token, endsAtMs: this.#options.clock.nowMs() + lifeMs };
    return answer.token;
  }
}

function isExpiredToken(error: unknown): boolean {
  return isAppError(error, 'coordinator_refused') && error.context['httpStatus'] === 401;
}
