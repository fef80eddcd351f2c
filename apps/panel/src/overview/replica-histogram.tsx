import { useCallback } from 'react';
import type { Overview } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import { counted } from '../wording/quantities.ts';
import type { Colours } from './chart.tsx';
import { LazyChart } from './lazy-chart.tsx';

/** Packs by how many replicas they effectively have. Green starts at the policy's minimum. */
export function ReplicaHistogram({ histogram, minimum }: { readonly histogram: Overview['replicaHistogram']; readonly minimum: number }) {
  const { zero, one, two, threeOrMore } = histogram;
  const option = useCallback(
    (colour: Colours) => {
      const counts = [zero, one, two, threeOrMore];
      const colours = counts.map((_, replicas) =>
        colour(replicas >= minimum || replicas === 3 ? '--chart-protected' : replicas === 0 ? '--chart-risk' : '--chart-waiting'),
      );
      return {
        grid: { left: 4, right: 4, top: 26, bottom: 4, containLabel: true },
        xAxis: {
          type: 'category',
          data: ['none', '1', '2', '3 or more'],
          axisTick: { show: false },
          axisLine: { lineStyle: { color: colour('--hairline') } },
          axisLabel: { color: colour('--mantine-color-dimmed'), fontSize: 12.5 },
        },
        yAxis: {
          type: 'value',
          minInterval: 1,
          splitLine: { lineStyle: { color: colour('--hairline') } },
          axisLabel: { color: colour('--mantine-color-dimmed') },
        },
        series: [
          {
            type: 'bar',
            barMaxWidth: 64,
            data: counts.map((value, i) => ({ value, itemStyle: { color: colours[i], borderRadius: [6, 6, 0, 0] } })),
            label: { show: true, position: 'top', color: colour('--mantine-color-text'), fontWeight: 600 },
          },
        ],
      };
    },
    [zero, one, two, threeOrMore, minimum],
  );
  return (
    <PanelCard title="Packs by replicas" note={`Effective replicas on other machines; at least ${minimum} are needed.`}>
      <LazyChart
        option={option}
        label={`${counted(zero, 'pack')} without a replica, ${counted(one, 'pack')} with one, ${counted(two, 'pack')} with two, ${counted(threeOrMore, 'pack')} with three or more.`}
      />
    </PanelCard>
  );
}
