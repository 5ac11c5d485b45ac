import type { ServiceStatus, StatusReport } from '../../server/api.ts';
import { ago, duration, plural } from './format.ts';
import { healthWords, phasePaint, phaseWord, stepWords } from './rollout-words.ts';
import { flow, seg } from './segments.ts';
import type { Look } from './style.ts';
import { type Cell, type Column, table } from './table.ts';
import { harmless, wrap } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'SERVICE' },
  { title: 'SERVES' },
  { title: 'SLOT', drop: 2 },
  { title: 'TARGETS', drop: 1 },
  { title: 'URL', drop: 3 },
  { title: 'ROLLOUT' },
];

/** What an environment on this machine does now: a row per service, then what is wrong. */
export function renderStatus(report: StatusReport, look: Look): string[] {
  const { style } = look;
  const lines = [...heading(report, look)];
  if (report.services.length === 0) {
    return [
      ...lines,
      '',
      ...wrap(`Nothing was deployed yet: morrow deploy ${report.environment}`, look.columns),
    ];
  }
  lines.push(
    '',
    ...table(
      COLUMNS,
      report.services.map((service) => row(service, look)),
      look,
    ),
  );
  for (const problem of report.edge?.problems ?? []) lines.push(...remark(problem, look).map(style.red));
  for (const service of report.services) {
    for (const problem of service.problems) {
      lines.push(...remark(`${service.service}: ${problem}`, look).map(style.red));
    }
    const last = lastRemark(service, report.nowMs);
    if (last) lines.push(...remark(last, look).map(style.yellow));
  }
  return lines;
}

function heading(report: StatusReport, look: Look): string[] {
  const { style } = look;
  const up = duration(Math.max(0, report.nowMs - report.agent.startedAtMs));
  const edge = report.edge
    ? seg(`edge pid ${report.edge.pid}, ${plural(report.edge.workers.length, 'worker')}`, style.dim)
    : seg('edge is not running', style.red);
  const agent = seg(`agent pid ${report.agent.pid}, up ${up}`, style.dim);
  return flow([seg(report.environment, style.bold), agent, edge], '  ', 0, look);
}

function row(service: ServiceStatus, look: Look): Cell[] {
  const { style } = look;
  const { serving } = service;
  const short = serving !== null && serving.healthy < serving.wanted;
  return [
    { text: service.service, paint: style.bold },
    serving ? { text: serving.revision.id } : { text: 'nothing', paint: style.dim },
    { text: serving?.slot ?? '' },
    { text: serving ? healthWords(serving) : '', paint: short ? style.yellow : style.green },
    { text: service.url ?? '', paint: style.cyan },
    rolloutCell(service, look),
  ];
}

function rolloutCell(service: ServiceStatus, look: Look): Cell {
  const { rollout, last } = service;
  if (rollout) {
    const step = stepWords(rollout);
    const text = `${rollout.candidate.revision.id} ${phaseWord(rollout.phase)}${step === '' ? '' : `, ${step}`}`;
    return { text, paint: phasePaint(rollout.phase, look.style) };
  }
  if (!last) return { text: '' };
  return { text: phaseWord(last.phase), paint: phasePaint(last.phase, look.style) };
}

function lastRemark(service: ServiceStatus, nowMs: number): string | null {
  const { rollout, last } = service;
  if (rollout) return rollout.reason ? `${service.service}: ${rollout.reason.text}` : null;
  if (!last?.outcome || last.phase === 'promoted') return null;
  const why = last.outcome.reason ? `: ${last.outcome.reason.text}` : '.';
  const when = ago(last.outcome.endedAtMs, nowMs);
  return `${service.service}: ${last.candidate.revision.id} ${phaseWord(last.phase)} ${when}${why}`;
}

const remark = (text: string, look: Look): string[] => wrap(harmless(text), look.columns);
