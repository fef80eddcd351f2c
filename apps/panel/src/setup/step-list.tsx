import classes from './step-list.module.css';

export function StepList({ steps, current }: { readonly steps: readonly string[]; readonly current: number }) {
  return (
    <ol className={classes['list']} aria-label="Steps">
      {steps.map((step, i) => (
        <li
          key={step}
          className={classes['step']}
          data-state={i < current ? 'done' : i === current ? 'current' : 'ahead'}
          aria-current={i === current ? 'step' : undefined}
        >
          <span className={classes['number']} aria-hidden>
            {i < current ? '✓' : i + 1}
          </span>
          <span>{step}</span>
        </li>
      ))}
    </ol>
  );
}
