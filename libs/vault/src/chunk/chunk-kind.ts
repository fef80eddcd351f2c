/** What a chunk holds. The number is sealed with the chunk, so one kind can't be passed for another. */
export const chunkKinds = { data: 1, chunkList: 2, tree: 3, record: 4, indexFragment: 5, directory: 6, trailer: 7, head: 8 } as const;
export type ChunkKind = keyof typeof chunkKinds;
