import { useComputedColorScheme } from '@mantine/core';
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import type { EChartsCoreOption } from 'echarts/core';
import { init, use as useParts } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import classes from './chart.module.css';

useParts([BarChart, LineChart, GridComponent, CanvasRenderer]);

/** Reads a colour of theme.css, so that plots follow light and dark. */
export type Colours = (variable: `--${string}`) => string;

/** A plot on a canvas. `label` says in words what it shows; the numbers themselves stand beside it as text. */
export default function Chart({ option, label }: { readonly option: (colours: Colours) => EChartsCoreOption; readonly label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const styles = getComputedStyle(document.documentElement);
    const chart = init(element, undefined, { renderer: 'canvas' });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      ...option((name) => styles.getPropertyValue(name).trim()),
    });
    const watcher = new ResizeObserver(() => chart.resize());
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.dispose();
    };
  }, [option, scheme]);
  return <div ref={place} className={classes['plot']} role="img" aria-label={label} />;
}
