import type { PlanView } from '../../server/api.ts';
import { duration } from './format.ts';
import { revisionWords } from './rollout-live.ts';
import type { Look } from './style.ts';
import { wrap } from './text.ts';

/** What a deploy would do, in the order in which it happens. */
export function renderPlan(plan: PlanView, look: Look): string[] {
  const { style } = look;
  const from = plan.from ? revisionWords(plan.from) : 'nothing (first deploy)';
  const head = `${plan.service} in ${plan.environment}: ${from} to ${revisionWords(plan.to)} in slot ${plan.candidateSlot}`;
  const numbered = plan.lines.flatMap((line, index) => {
    const number = `${String(index + 1).padStart(3)}. `;
    const [first = '', ...rest] = wrap(line, Math.max(10, look.columns - number.length));
    return [number + first, ...rest.map((more) => ' '.repeat(number.length) + more)];
  });
  return [
    ...wrap(head, look.columns).map(style.bold),
    ...numbered,
    style.dim(`Takes at least ${duration(plan.leastMs)}. Nothing was changed.`),
  ];
}
