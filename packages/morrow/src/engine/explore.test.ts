import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explore } from '../testing/model/explore.ts';
import { historyOf, SCENARIOS, soundEngine } from '../testing/model/model.ts';
import { MUTATIONS } from '../testing/model/mutations.ts';
import { walk } from '../testing/model/walk.ts';

/** A busy machine may take many times what an idle one takes. */
const PATIENT = { timeout: 900_000 };

const told = (broken: { readonly rule: string; readonly history: readonly string[] } | null): string =>
  broken === null ? '' : `${broken.rule}, after: ${broken.history.join('; ')}`;

describe('all orders of events', () => {
  let states = 0;
  const phases = new Set<string>();

  test.each(SCENARIOS)('keep every rule: $name', PATIENT, (scenario) => {
    const cpu = process.cpuUsage();
    const found = explore(soundEngine, scenario, 1_000_000);
    const seconds = process.cpuUsage(cpu).user / 1e6;
    states += found.states;
    for (const phase of Object.keys(found.phases)) phases.add(phase);
    process.stdout.write(
      `explored ${scenario.name}: ${found.states} states, ${found.moves} moves, ${seconds.toFixed(1)} s of one core\n`,
    );
    expect(told(found.broken)).toBe('');
    expect(found.complete).toBe(true);
  });

  test('are at least 200,000 distinct states in every phase', () => {
    process.stdout.write(`explored in all: ${states} distinct states\n`);
    expect(states).toBeGreaterThanOrEqual(200_000);
    expect([...phases].sort()).toEqual(
      [
        ...[
          'pending',
          'preparing',
          'verifying',
          'migrating',
          'shifting',
          'observing',
          'baking',
          'contracting',
        ],
        ...['paused', 'holding', 'waiting', 'rolling-back', 'promoted', 'rolled-back', 'failed', 'stuck'],
      ].sort(),
    );
  });
});

describe('long random histories', () => {
  const runs = Number(process.env['MORROW_WALKS'] ?? 200);
  const seed = Number(process.env['MORROW_SEED'] ?? 20261124);

  test.each(SCENARIOS)('keep every rule: $name', PATIENT, (scenario) => {
    const choices = fc.array(fc.nat(1_000_000), { minLength: 20, maxLength: 150, size: 'max' });
    fc.assert(
      fc.property(choices, (chosen) => {
        const broken = walk(soundEngine, scenario, chosen);
        expect(broken === null ? '' : told({ rule: broken.broken, history: historyOf(broken.state) })).toBe(
          '',
        );
      }),
      { numRuns: runs, seed },
    );
  });
});

describe('a rule broken on purpose is found', () => {
  test.each(MUTATIONS)('$name', PATIENT, ({ engine, scenario, found }) => {
    const where = SCENARIOS.find(({ name }) => name === scenario);
    if (where === undefined) throw new Error(`there is no scenario ${scenario}`);
    const { broken, states } = explore(engine, where, 1_000_000);
    expect(broken?.rule ?? `nothing in ${states} states`).toContain(found);
  });
});
