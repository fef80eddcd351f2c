import { Text } from '@mantine/core';
import { useCallback } from 'react';
import type { Overview } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import type { Colours } from './chart.tsx';
import { LazyChart } from './lazy-chart.tsx';

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Devices protected and at risk, a bar a day. */
export function HistoryChart({ history }: { readonly history: Overview['history'] }) {
  const option = useCallback(
    (colour: Colours) => ({
      grid: { left: 4, right: 4, top: 16, bottom: 4, containLabel: true },
      xAxis: {
        type: 'category',
        data: history.map(({ dayMs }) => day.format(dayMs)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour('--hairline') } },
        axisLabel: { color: colour('--mantine-color-dimmed') },
      },
      yAxis: {
        type: 'value',
        minInterval: 1,
        splitLine: { lineStyle: { color: colour('--hairline') } },
        axisLabel: { color: colour('--mantine-color-dimmed') },
      },
      series: [
        {
          name: 'Protected',
          type: 'bar',
          stack: 'devices',
          barMaxWidth: 34,
          itemStyle: { color: colour('--chart-protected') },
          data: history.map((entry) => entry.protected),
        },
        {
          name: 'At risk',
          type: 'bar',
          stack: 'devices',
          barMaxWidth: 34,
          itemStyle: { color: colour('--chart-waiting') },
          data: history.map((entry) => entry.atRisk),
        },
      ],
    }),
    [history],
  );
  const last = history.at(-1);
  return (
    <PanelCard title="Devices over 30 days" note="Green: protected. Amber: not protected.">
      {last === undefined ? (
        <Text size="sm" c="dimmed">
          The first day is not over yet.
        </Text>
      ) : (
        <LazyChart
          option={option}
          label={`${history.length} days; on the last one ${last.protected} devices were protected and ${last.atRisk} were not.`}
        />
      )}
    </PanelCard>
  );
}
