/** Hard bounds of format version 1. Readers check them before they allocate; writers never exceed them. */
export const limits = {
  /** A pack is one dag-pb root over raw leaves, so it stays far below Helia's 174 links and Kubo's 256. */
  packBytes: 128 * 1024 * 1024,
  /** One IPFS block: Bitswap refuses more than 2 MiB, and Kubo warns above 1 MiB. */
  leafBytes: 1024 * 1024,
  /** A root of 128 links is 6 KiB; 64 KiB leaves room for longer digests. */
  rootBlockBytes: 64 * 1024,
  chunksPerPack: 10_000,
  /** Plain bytes of one chunk of a file; the chunker's `max` may not be set above it. */
  dataChunkBytes: 16 * 1024 * 1024,
  /** Plain bytes of a tree part, an index fragment or a snapshot record. */
  metaChunkBytes: 32 * 1024 * 1024,
  /** Ids in one chunk-list chunk: 1 MiB of ids. */
  idsPerChunkList: 32_768,
  /** Above this a file's ids move from its tree entry to chunk lists. */
  inlineIds: 1_000,
  /** 32,768^3 chunks of 256 KiB are 8 exabytes. */
  chunkListDepth: 3,
  /** Linux allows 255, other systems 255 UTF-16 units. */
  nameBytes: 1_024,
  linkTargetBytes: 16 * 1024,
  /** Names of users and groups, hosts, reasons why something could not be read. */
  textBytes: 1_024,
  xattrsPerEntry: 1_024,
  xattrNameBytes: 1_024,
  xattrValueBytes: 1024 * 1024,
  /** One encoded tree entry. */
  entryBytes: 4 * 1024 * 1024,
  /** A directory (or a part of one) is cut at the latest here; both keep a part near the size of a chunk. */
  entriesPerPart: 4_096,
  partBytes: 1024 * 1024,
  /** Parts of one directory: some 60 million entries. */
  partsPerDirectory: 65_536,
  rangesPerFile: 100_000,
  /** Directories inside directories; the reader refuses to go deeper. */
  treeDepth: 4_096,
  headerBytes: 256 * 1024,
  headBytes: 8 * 1024 * 1024,
  slots: 64,
  /** Paths of one snapshot that stand beside each other. */
  rootsPerRecord: 1_024,
  /** Excludes of one snapshot, and tags. */
  textsPerRecord: 10_000,
  snapshotsPerHead: 50_000,
  indexPacksPerHead: 50_000,
  /** Packs of one vault in the index: 1,000,000 packs of 32 MiB are 32 TB. */
  packs: 1_000_000,
  entriesPerFragment: 262_144,
} as const;

export const formatVersion = 1;
/** XChaCha20-Poly1305 tag. */
export const sealOverhead = 16;
export const idBytes = 32;
