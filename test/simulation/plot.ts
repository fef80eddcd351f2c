/** Small line plots as SVG: no library for two kinds of picture. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 28;
const TOP = 24;

/** Lines over a common x axis from 0, with named ticks; y from 0 to `max`. */
export function plot(
  title: string,
  lines: readonly Line[],
  max: number,
  ticks: readonly { at: number; name: string }[],
  unit: string,
): string {
  const length = Math.max(...lines.map((line) => line.values.length));
  const x = (at: number): number => LEFT + (at / Math.max(1, length - 1)) * (WIDTH - LEFT - 8);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / max) * (HEIGHT - BOTTOM - TOP);
  const text = (atX: number, atY: number, words: string, anchor = 'middle'): string =>
    `<text x="${atX.toFixed(0)}" y="${atY.toFixed(0)}" text-anchor="${anchor}" font-size="11" font-family="sans-serif" fill="#444">${words}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * max).toFixed(1);
    return `<line x1="${LEFT}" y1="${at}" x2="${WIDTH - 8}" y2="${at}" stroke="#ddd"/>${text(LEFT - 6, Number(at) + 4, `${Number((share * max).toPrecision(3))}${unit}`, 'end')}`;
  });
  const drawn = lines.map(({ name, colour, values }, n) => {
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points}"/>${text(WIDTH - 12 - n * 150, 14, `<tspan fill="${colour}">━</tspan> ${name}`, 'end')}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 14, title, 'start'),
    ...grid,
    ...ticks.map(({ at, name }) => text(x(at), HEIGHT - 10, name)),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
