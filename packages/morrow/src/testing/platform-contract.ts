/**
 * What every platform must do, whatever runs beneath it. A platform's own test file calls {@link platformContract} with
 * a way to make one; what only that platform has it tests beside.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import { fenceContract, onceContract } from './contract/fence.ts';
import { processContract } from './contract/processes.ts';
import { measuringContract, servingContract } from './contract/serving.ts';
import { changesContract, slotsContract, trafficContract } from './contract/slots.ts';
import { type PlatformHarness, stepsOf } from './contract/steps.ts';
import { taskContract } from './contract/tasks.ts';

export type { PlatformHarness } from './contract/steps.ts';

/**
 * Registers the suite.
 * @param options.scripted the platform is one that tests write the script of: it runs nothing, so what concerns
 *   processes, requests and measurements is left out
 */
export function platformContract(
  name: string,
  make: () => Promise<PlatformHarness>,
  options: { readonly scripted?: boolean } = {},
): void {
  describe(`${name} as a platform`, () => {
    let harness: PlatformHarness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.close());
    const steps = stepsOf(() => harness);
    const always = [slotsContract, changesContract, trafficContract, fenceContract, onceContract];
    const forReal = [processContract, servingContract, measuringContract, taskContract];
    for (const part of options.scripted ? always : [...always, ...forReal]) part(() => harness, steps);
  });
}
