/** What the store of this machine's own packs is called in reports of bad blocks. */
export const ownStoreName = 'own packs';
