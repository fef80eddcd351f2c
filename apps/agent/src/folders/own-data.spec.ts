import { describe, expect, it } from '@jest/globals';
import { refuseOwnData } from './own-data.ts';

describe('refuseOwnData', () => {
  const home = '/home/ada/.local/share/holdfast';

  it.each([home, `${home}/`, `${home}/packs/own`, `${home}/..data`])('refuses %s', (path) => {
    expect(() => refuseOwnData(['/home/ada', path], home)).toThrow(expect.objectContaining({ code: 'bad_argument' }));
  });

  it.each(['/', '/home/ada', '/home/ada/.local/share', `${home}-other`, '/srv'])('takes %s', (path) => {
    expect(() => refuseOwnData([path], home)).not.toThrow();
  });
});
