import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cycleIn, deploymentOrder } from './order.ts';

const service = (name: string, ...dependsOn: string[]) => ({ name, dependsOn });
const names = (services: readonly { name: string }[]) => services.map(({ name }) => name);

describe('the order of a deployment', () => {
  it('puts a service after all that it depends on', () => {
    const ordered = deploymentOrder([service('web', 'api'), service('api', 'db'), service('db')]);
    expect(names(ordered)).toEqual(['db', 'api', 'web']);
  });

  it('keeps the order of the file where nothing speaks against it', () => {
    expect(names(deploymentOrder([service('b'), service('a'), service('c', 'a')]))).toEqual(['b', 'a', 'c']);
  });

  it('holds for any services without a circle, and loses none', () => {
    const some = fc
      .array(fc.array(fc.nat(9), { maxLength: 4 }), { maxLength: 10 })
      .map((lists) =>
        lists.map((list, index) =>
          service(`s${index}`, ...list.filter((other) => other < index).map((other) => `s${other}`)),
        ),
      );
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat(100)), (services, keys) => {
        const shuffled = services
          .map((one) => ({ one, key: keys.next().value }))
          .sort((a, b) => a.key - b.key);
        const ordered = names(deploymentOrder(shuffled.map(({ one }) => one)));
        expect(ordered.toSorted()).toEqual(names(services).toSorted());
        for (const { name, dependsOn } of services) {
          for (const other of dependsOn) expect(ordered.indexOf(other)).toBeLessThan(ordered.indexOf(name));
        }
      }),
    );
  });
});

describe('a circle of services', () => {
  it('is named from where it begins to where it begins again', () => {
    expect(cycleIn([service('x', 'a'), service('a', 'b'), service('b', 'c'), service('c', 'a')])).toEqual([
      'a',
      'b',
      'c',
      'a',
    ]);
    expect(cycleIn([service('a', 'a')])).toEqual(['a', 'a']);
  });

  it('is not seen where two ways lead to the same service', () => {
    expect(cycleIn([service('a', 'b', 'c'), service('b', 'd'), service('c', 'd'), service('d')])).toBeNull();
  });

  it('is not seen where a name is unknown', () => {
    expect(cycleIn([service('a', 'nobody')])).toBeNull();
  });
});
