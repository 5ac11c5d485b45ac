import { describe, expect, test } from 'vitest';
import {
  NOON,
  promotedView,
  rolledBackView,
  rolloutView,
  serviceStatus,
  sideView,
  statusReport,
} from '../../testing/rollout-views.ts';
import { ago, clockTime, count, duration, latency, percent, plural, shortDigest } from './format.ts';
import { renderHistory, renderRollout } from './history.ts';
import { renderOutcome } from './outcome.ts';
import { renderPlan } from './plan.ts';
import { changeLines, measuredLine } from './rollout-lines.ts';
import { renderLive } from './rollout-live.ts';
import { renderStatus } from './status.ts';
import { ASCII, type Look, NO_STYLE, styleOf, UNICODE } from './style.ts';
import { harmless, truncate, widthOf, wrap } from './text.ts';

const plain = (columns: number): Look => ({ columns, style: NO_STYLE, signs: UNICODE });
const NO_EXTRAS = { sinceViewMs: 0, notice: '', footer: '' };
const ESCAPE = '\u001b';

/** What a picture looks like without its colours. */
const bare = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/\u001b\[\d+m/g, ''));

describe('every picture', () => {
  const reason = {
    code: 'evidence' as const,
    text: 'A long reason that goes on and on, with averyveryverylongwordthatnolinecanholdwhateveritswidthmaybe in it.',
    lastLines: [
      '日本語のログ行がここにあります。とても長いので切られます。'.repeat(3),
      `${ESCAPE}[31mred${ESCAPE}[0m\ttab`,
    ],
  };
  const exit = { target: 'backend-green-0-1', atMs: NOON, reason: 'exit code 1', lastLines: ['boom'] };
  const views = [
    rolloutView(),
    rolloutView({
      stable: null,
      step: -1,
      phase: 'verifying',
      candidate: sideView({ live: null, healthy: 0 }),
    }),
    rolloutView({ reason, phase: 'waiting', exitCode: 6, queued: 'backend-20261124-120100-aaaa' }),
    rolloutView({ candidate: sideView({ exits: [exit] }) }),
    promotedView(),
    rolledBackView({ outcome: { ...rolledBackView().outcome!, reason } }),
  ];
  const pictures: Readonly<Record<string, (look: Look) => string[]>> = {
    live: (look) =>
      views.flatMap((view) =>
        renderLive(view, { ...NO_EXTRAS, notice: reason.text, footer: reason.text }, look),
      ),
    outcome: (look) =>
      views.flatMap((view) =>
        renderOutcome(view, { serving: view.stable, trafficSinceMs: NOON + 9_000, lastLines: [] }, look),
      ),
    status: (look) =>
      renderStatus(
        statusReport({
          services: [
            serviceStatus({ rollout: rolloutView({ reason }), problems: [reason.text] }),
            serviceStatus({ service: 'a-service-with-a-long-name', serving: null, last: rolledBackView() }),
          ],
        }),
        look,
      ),
    history: (look) => renderHistory(views, look),
    rollout: (look) => renderRollout(rolledBackView(), [], look),
  };
  for (const columns of [20, 40, 80, 120]) {
    for (const [name, picture] of Object.entries(pictures)) {
      test(`${name} fits into ${columns} columns, with and without colours, which change nothing else`, () => {
        const lines = picture(plain(columns));
        for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
        expect(lines.join('')).not.toContain(ESCAPE);
        const coloured = picture({ columns, style: styleOf(true), signs: UNICODE });
        expect(coloured.join('')).toContain(ESCAPE);
        expect(bare(coloured)).toEqual(lines);
      });
    }
  }

  test('holds nothing but ASCII where the terminal shows nothing else', () => {
    const look = { columns: 80, style: NO_STYLE, signs: ASCII };
    const text = [
      ...renderLive(rolloutView(), NO_EXTRAS, look),
      ...renderOutcome(promotedView(), { serving: null, trafficSinceMs: null, lastLines: [] }, look),
      ...renderStatus(statusReport(), look),
    ];
    expect(text.join('')).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe('the live view', () => {
  test('shows both sides with their weights, what they did, and what it waits for', () => {
    expect(renderLive(rolloutView(), { ...NO_EXTRAS, footer: 'Ctrl-C leaves.' }, plain(80))).toEqual([
      'backend  development  backend-20261124-120000-3fa9  12 s',
      '  stable     3f2a91c0d4e1  blue   █████████████████████████░  95 %  3/3 healthy',
      '             12,040 requests · 95/s · 0 errors · p50 2.4 ms · p99 11 ms',
      '  candidate  9b8c7d6e5f40  green  █░░░░░░░░░░░░░░░░░░░░░░░░░   5 %  3/3 healthy',
      '             620 requests · 5/s · 3 errors (0.5 %) · p50 2.6 ms · p99 14 ms',
      '  ✓ prepare  ✓ verify  ● 5 %  ○ 50 %  ○ 100 %  ○ promote',
      '  observing for 4 s  step 1 of 3 (5 %)',
      '  waits for the bake at 5 %: 6 s left',
      'Ctrl-C leaves.',
    ]);
  });

  test('goes on with its clocks between two changes', () => {
    const later = renderLive(rolloutView(), { ...NO_EXTRAS, sinceViewMs: 3_400 }, plain(80));
    expect(later[0]).toContain('  15 s');
    expect(later.find((line) => line.includes('observing'))).toContain('for 7 s');
  });

  test('says that there is no stable at a first deploy', () => {
    const view = rolloutView({ stable: null, weights: null, phase: 'preparing', step: -1 });
    expect(renderLive(view, NO_EXTRAS, plain(80))[1]).toBe('  stable     none: first deploy');
  });

  test('says what to type where it waits for a person', () => {
    const waiting = renderLive(rolloutView({ phase: 'waiting', exitCode: 6 }), NO_EXTRAS, plain(120));
    expect(waiting.at(-1)).toBe(
      '  Go on: morrow promote development backend. Go back: morrow abort development backend.',
    );
    const paused = renderLive(rolloutView({ phase: 'paused', exitCode: 6 }), NO_EXTRAS, plain(120));
    expect(paused.at(-1)).toContain('morrow resume development backend');
  });

  test('shows no log line that could steer the terminal', () => {
    const nasty = `${ESCAPE}[2J${ESCAPE}]0;title\u0007\u202eevil\r\nline`;
    const reason = { code: 'crashed' as const, text: nasty, lastLines: [nasty] };
    const view = rolledBackView({ reason, outcome: { ...rolledBackView().outcome!, reason } });
    const text = renderOutcome(view, { serving: null, trafficSinceMs: null, lastLines: [] }, plain(80)).join(
      '\n',
    );
    expect(text).toContain('evilline');
    expect(text).not.toMatch(/[\u001b\u0007\r\u202e]/);
  });
});

describe('plain lines', () => {
  test('begin with what goes where, and the state', () => {
    expect(changeLines(null, rolloutView())).toEqual([
      `${clockTime(NOON + 12_000)} backend: rollout backend-20261124-120000-3fa9 from 3f2a91c0d4e1 to 9b8c7d6e5f40 (sha256:b2b2b2b2b2b2), steps 5 %, 50 %, 100 %`,
      `${clockTime(NOON + 12_000)} backend: observing, step 1 of 3 (5 %), waits for the bake at 5 %: 6 s left`,
      `${clockTime(NOON + 12_000)} backend: traffic: 95 % stable, 5 % candidate`,
    ]);
  });

  test('say nothing where only numbers move', () => {
    const before = rolloutView();
    const after = rolloutView({ nowMs: NOON + 13_000, waitingFor: 'the bake at 5 %: 950 ms left' });
    expect(changeLines(before, after)).toEqual([]);
    expect(changeLines(after, after)).toEqual([]);
    expect(measuredLine(after)).toContain(
      'candidate 620 requests, 5/s, 3 errors (0.5 %), p50 2.6 ms, p99 14 ms; stable',
    );
  });

  test('tell each change once: step, traffic, exits, reason, who is asked', () => {
    const before = rolloutView();
    const exit = { target: 'backend-green-0-1', atMs: NOON, reason: 'exit code 1', lastLines: [] };
    const reason = { code: 'gate' as const, text: 'A person must agree before 100 %.', lastLines: [] };
    const after = rolloutView({
      phase: 'waiting',
      step: 1,
      weights: { blue: 50, green: 50 },
      waitingFor: 'a person',
      candidate: { ...before.candidate, exits: [exit] },
      reason,
      exitCode: 6,
    });
    const texts = changeLines(before, after).map((line) => line.replace(/^\S+ backend: /, ''));
    expect(texts).toEqual([
      'candidate 620 requests, 5/s, 3 errors (0.5 %), p50 2.6 ms, p99 14 ms; stable 12,040 requests, 95/s, 0 errors, p50 2.4 ms, p99 11 ms',
      'waiting, step 2 of 3 (50 %), waits for a person',
      'traffic: 50 % stable, 50 % candidate',
      'target backend-green-0-1 of the candidate ended: exit code 1',
      'A person must agree before 100 %.',
      'Go on: morrow promote development backend. Go back: morrow abort development backend.',
    ]);
    expect(changeLines(after, after)).toEqual([]);
  });
});

describe('the end', () => {
  test('of a good rollout says what serves and how long it took', () => {
    const serving = promotedView().candidate;
    expect(
      renderOutcome(promotedView(), { serving, trafficSinceMs: null, lastLines: [] }, plain(120)),
    ).toEqual(['✓ backend promoted: 9b8c7d6e5f40 (sha256:b2b2b2b2b2b2) serves.', '  Took 40 s.']);
  });

  test('of a bad one says what serves, why, the last log lines, and how long detection and return took', () => {
    const view = rolledBackView();
    expect(
      renderOutcome(view, { serving: view.stable, trafficSinceMs: NOON + 9_000, lastLines: [] }, plain(120)),
    ).toEqual([
      '✗ backend rolled back: 3f2a91c0d4e1 (sha256:a1a1a1a1a1a1) serves.',
      '  Why 9b8c7d6e5f40 did not make it: 12 of 240 requests of the candidate failed (5 %, allowed is 1 %).',
      '  Of 620 requests that it got, 3 failed (0.5 %).',
      '  Detected 11 s after it first got traffic; all traffic was back 8 ms later. Took 20 s in all.',
      '  Last log lines:',
      '  | Error: no such table: orders',
      '  |     at handler (server.js:12:3)',
    ]);
  });

  test('of a first deploy that failed says that nothing serves', () => {
    const view = rolledBackView({ phase: 'failed', stable: null });
    expect(renderOutcome(view, { serving: null, trafficSinceMs: null, lastLines: [] }, plain(120))[0]).toBe(
      '✗ backend failed: nothing serves.',
    );
  });

  test('of a stuck one says where the traffic is', () => {
    const view = rolledBackView({ phase: 'stuck', weights: { blue: 50, green: 50 } });
    expect(
      renderOutcome(view, { serving: undefined, trafficSinceMs: null, lastLines: [] }, plain(120))[0],
    ).toBe('✗ backend stuck: traffic is 50 % stable, 50 % candidate.');
  });
});

test('status shows each service, its problems, and why the last rollout failed', () => {
  const services = [
    serviceStatus({ last: rolledBackView(), problems: ['2 of 3 targets are healthy'] }),
    serviceStatus({ service: 'frontend', url: null, serving: null }),
  ];
  expect(renderStatus(statusReport({ services, nowMs: NOON + 80_040 }), plain(120))).toEqual([
    'development  agent pid 4242, up 6 min 20 s  edge pid 4243, 2 workers',
    '',
    'SERVICE   SERVES        SLOT  TARGETS      URL                     ROLLOUT',
    'backend   3f2a91c0d4e1  blue  3/3 healthy  http://127.0.0.1:8080/  rolled back',
    'frontend  nothing',
    'backend: 2 of 3 targets are healthy',
    'backend: 9b8c7d6e5f40 rolled back 1 min ago: 12 of 240 requests of the candidate failed (5 %, allowed is 1 %).',
  ]);
});

test('status tells what keeps the edge from taking requests', () => {
  const problems = ['backend takes no requests: Port 8080 is in use by another program.'];
  const edge = { pid: 1, workers: [2], problems };
  expect(renderStatus(statusReport({ edge }), plain(120)).at(-1)).toBe(problems[0]);
});

test('status says what to do where nothing was deployed', () => {
  expect(renderStatus(statusReport({ services: [] }), plain(80)).at(-1)).toBe(
    'Nothing was deployed yet: morrow deploy development',
  );
});

test('a plan is numbered, in order, and says that nothing was changed', () => {
  const view = rolloutView();
  const plan = {
    service: 'backend',
    environment: 'development',
    from: view.stable!.revision,
    to: view.candidate.revision,
    candidateSlot: 'green' as const,
    steps: view.steps,
    lines: ['start 3 targets of 9b8c7d6e5f40 in green', 'shift 5 % and hold it for 10 s'],
    leastMs: 20_000,
  };
  expect(renderPlan(plan, plain(120))).toEqual([
    'backend in development: 3f2a91c0d4e1 (sha256:a1a1a1a1a1a1) to 9b8c7d6e5f40 (sha256:b2b2b2b2b2b2) in slot green',
    '  1. start 3 targets of 9b8c7d6e5f40 in green',
    '  2. shift 5 % and hold it for 10 s',
    'Takes at least 20 s. Nothing was changed.',
  ]);
});

describe('formats', () => {
  test('durations get coarser as they get longer', () => {
    const shown = [
      0, 340, 999, 1000, 2500, 9949, 9950, 59_499, 59_500, 65_000, 3_600_000, 7_800_000, 90_000_000,
    ].map(duration);
    expect(shown).toEqual([
      '0 ms',
      '340 ms',
      '999 ms',
      '1 s',
      '2.5 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min',
      '1 min 5 s',
      '1 h',
      '2 h 10 min',
      '1 d 1 h',
    ]);
  });
  test('counts, shares, latencies, digests and times', () => {
    expect([count(999), count(1000), count(1234567)]).toEqual(['999', '1,000', '1,234,567']);
    expect([plural(1, 'request'), plural(2, 'request')]).toEqual(['1 request', '2 requests']);
    expect([percent(0, 0), percent(1, 10_000), percent(1, 200), percent(1, 3)]).toEqual([
      '0 %',
      '<0.1 %',
      '0.5 %',
      '33 %',
    ]);
    expect([latency(null), latency(0.84), latency(14.2), latency(1234)]).toEqual([
      '-',
      '0.8 ms',
      '14 ms',
      '1.2 s',
    ]);
    expect(shortDigest('sha256:0123456789abcdef')).toBe('sha256:0123456789ab');
    expect(ago(NOON, NOON + 61_900)).toBe('1 min 1 s ago');
  });
});

describe('text', () => {
  test('is wrapped by cells, and words that fit nowhere are cut', () => {
    expect(wrap('one two  three', 7)).toEqual(['one two', 'three']);
    expect(wrap('日本語のログ', 6)).toEqual(['日本語', 'のログ']);
    expect(wrap('', 10)).toEqual([]);
    expect(wrap('endless', Number.POSITIVE_INFINITY)).toEqual(['endless']);
  });
  test('is cut with an ellipsis only where it does not fit', () => {
    expect(truncate('exact', 5, UNICODE)).toBe('exact');
    expect(truncate('exactly', 5, UNICODE)).toBe('exac…');
    expect(truncate('日本語', 5, UNICODE)).toBe('日本…');
    expect(truncate('no limit', Number.POSITIVE_INFINITY, UNICODE)).toBe('no limit');
  });
  test('of others loses escape codes and control characters', () => {
    expect(harmless(`${ESCAPE}[1;31mred${ESCAPE}[0m a\tb\u0000c`)).toBe('red a  bc');
  });
});
