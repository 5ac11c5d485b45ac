/** What must fit together within an environment, beside its services. */
import { merge } from '../merge.ts';
import type { Mistake } from '../mistakes.ts';
import { quoted } from '../schema/walk.ts';
import type { FreezeConfig } from '../types.ts';
import type { Whole } from './check.ts';

export function checkEnvironments({ config, names, environmentNames }: Whole): Mistake[] {
  const environments = Object.entries(config.environments ?? {});
  return [
    ...(config.environments !== undefined && environmentNames.length === 0
      ? [
          {
            path: ['environments'],
            text: 'found none, needed is at least one, or no such key for `development` alone',
          },
        ]
      : []),
    ...(names.length === 0 ? [{ path: ['services'], text: 'found none, needed is at least one' }] : []),
    ...freezes(config.freezes, ['freezes']),
    ...environments.flatMap(([name, environment]) => [
      ...freezes(environment.freezes, ['environments', name, 'freezes']),
      ...(environment.platform === 'aws' &&
      merge(config.aws ?? {}, environment.aws ?? {}).region === undefined
        ? [
            {
              path: ['environments', name, 'aws', 'region'],
              text: "it is missing; needed on AWS is a region such as 'ap-northeast-1'",
            },
          ]
        : []),
    ]),
  ];
}

const MOMENT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d$/;
const TIME_OF_DAY = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

function freezes(all: readonly FreezeConfig[] | undefined, path: Mistake['path']): Mistake[] {
  return (all ?? []).flatMap((freeze, index) => {
    const here = [...path, index];
    return [...times(freeze, here), ...timeZone(freeze, here)];
  });
}

function times({ days, from, to }: FreezeConfig, path: Mistake['path']): Mistake[] {
  const weekly = days !== undefined;
  const isTime = (text: string) => (weekly ? TIME_OF_DAY.test(text) : MOMENT.test(text) && isDay(text));
  const words = weekly
    ? "a time of the day such as '18:00', since there are days"
    : "a day and time such as '2026-12-24T18:00'";
  const wrong = Object.entries({ from, to }).filter(([, text]) => !isTime(text));
  if (wrong.length > 0) {
    return wrong.map(([key, text]) => ({
      path: [...path, key],
      text: `found ${quoted(text)}, allowed is ${words}`,
    }));
  }
  return from < to
    ? []
    : [{ path: [...path, 'to'], text: `found ${quoted(to)}, allowed is a time after ${quoted(from)}` }];
}

/** Whether the day exists; the 31st of February does not. */
function isDay(moment: string): boolean {
  const date = new Date(`${moment}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(moment);
}

function timeZone({ timeZone: zone }: FreezeConfig, path: Mistake['path']): Mistake[] {
  if (zone === undefined) return [];
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return [];
  } catch {
    const text = `found ${quoted(zone)}, allowed is a time zone such as 'Asia/Tokyo'`;
    return [{ path: [...path, 'timeZone'], text }];
  }
}
