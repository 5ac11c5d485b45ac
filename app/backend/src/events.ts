/** Something that people plan to do together. */
export interface PlannedEvent {
  readonly id: string;
  readonly title: string;
  readonly place: string;
  /** ISO 8601, UTC. */
  readonly startsAt: string;
  readonly people: readonly string[];
}

/** What a person gives to plan one. */
export interface NewEvent {
  readonly title: string;
  readonly place: string;
  readonly startsAt: string;
}

/** Why an event is refused, one sentence per mistake. */
export class InvalidEvent extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join(' '));
    this.mistakes = mistakes;
  }
}

/** The most events kept; the one that starts first goes when another comes. */
const LIMIT = 1000;

/** The events that this process knows, in memory. */
export class Events {
  readonly #byId = new Map<string, PlannedEvent>();

  /** All events in the order in which they start. */
  list(): readonly PlannedEvent[] {
    return [...this.#byId.values()].sort((a, b) => a.startsAt.localeCompare(b.startsAt));
  }

  get(id: string): PlannedEvent | undefined {
    return this.#byId.get(id);
  }

  /** @throws InvalidEvent */
  create(id: string, given: unknown): PlannedEvent {
    const event: PlannedEvent = { id, ...parse(given), people: [] };
    this.#byId.set(id, event);
    if (this.#byId.size > LIMIT) {
      const [first] = this.list();
      if (first !== undefined) this.#byId.delete(first.id);
    }
    return event;
  }

  /** Adds a person, once; undefined where there is no such event. */
  join(id: string, person: string): PlannedEvent | undefined {
    const event = this.#byId.get(id);
    if (event === undefined) return undefined;
    const joined = { ...event, people: [...new Set([...event.people, person])] };
    this.#byId.set(id, joined);
    return joined;
  }
}

function parse(given: unknown): NewEvent {
  const { title, place, startsAt } = (given ?? {}) as Record<string, unknown>;
  const mistakes: string[] = [];
  if (typeof title !== 'string' || title.trim() === '' || title.length > 200)
    mistakes.push('title is 1 to 200 characters.');
  if (typeof place !== 'string' || place.length > 200) mistakes.push('place is at most 200 characters.');
  const time = typeof startsAt === 'string' ? new Date(startsAt) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) mistakes.push('startsAt is a time such as 2026-12-24T18:00:00Z.');
  if (mistakes.length > 0) throw new InvalidEvent(mistakes);
  return { title: String(title).trim(), place: String(place), startsAt: time.toISOString() };
}
