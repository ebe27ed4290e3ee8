import { h } from 'preact';

const WIDTH = 300;
const HEIGHT = 80;
const LEAST = 10;

/**
 * One line over time, with its latest value in words.
 *
 * @param {{title: string, values: number[], points: number, text: (value: number) => string, max?: number, from?: string, to?: string}} props
 *     points: how many fit; max: of the scale, else the greatest value; from, to: the time axis, ISO 8601
 */
export function Chart({ title, values, points, text, max, from, to }) {
  const top = Math.max(max ?? 0, ...values, 1e-9);
  // The first values have more room each, so that there is something to see.
  const step = WIDTH / (Math.min(points, Math.max(values.length, LEAST)) - 1);
  const start = WIDTH - (values.length - 1) * step;
  const at = values.map((value, index) => `${(start + index * step).toFixed(1)},${(HEIGHT - 4 - (value / top) * (HEIGHT - 8)).toFixed(1)}`);
  const latest = values.at(-1);
  return h('figure', { class: 'chart' },
    h('figcaption', null, h('span', null, title), h('strong', null, latest === undefined ? '…' : text(latest))),
    h('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title}: ${latest === undefined ? 'no value yet' : text(latest)}` },
      h('path', { class: 'chart-grid', d: `M0 4H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 4}H${WIDTH}` }),
      values.length > 1 && h('path', { class: 'chart-area', d: `M${at.join('L')}L${WIDTH},${HEIGHT - 4}L${start.toFixed(1)},${HEIGHT - 4}Z` }),
      values.length > 1 && h('path', { class: 'chart-line', d: `M${at.join('L')}` })),
    h('span', { class: 'chart-top', 'aria-hidden': 'true' }, values.length > 0 && top > 1e-6 ? text(top) : ''),
    from && to && h('div', { class: 'chart-times', 'aria-hidden': 'true' }, [from, to].map((time) => h('time', { key: time, dateTime: time }, clock(time)))));
}

const clock = (time) => new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
