/** Who is on the page, as the server tells it. */
import type { Presence, PresenceFrame } from "../sync/wire";
import type { Person } from "./mentions";

interface Connection extends Person {
  state: Partial<Presence>;
}

export class People {
  count = 0;
  #me = -1;
  #connections = new Map<number, Connection>();

  receive(frame: PresenceFrame): void {
    this.count = frame.people;
    this.#me = frame.me ?? this.#me;
    if (frame.full) this.#connections.clear();
    for (const gone of frame.gone) this.#connections.delete(gone);
    for (const [number, id, name, state] of frame.here)
      this.#connections.set(number, { id, name, state: state ?? {} });
  }

  forget(): void {
    this.#connections.clear();
    this.count = 0;
  }

  /** One entry a person, however many windows they have open. */
  get here(): Person[] {
    const people = new Map<string, Person>();
    for (const { id, name } of this.#connections.values()) people.set(id, { id, name });
    return [...people.values()];
  }

  /** Whom one can mention: those here first, then those who wrote here. */
  mentionable(writers: Map<string, string>, me: string): Person[] {
    const people = new Map(this.here.map((person) => [person.id, person]));
    for (const [id, name] of writers) if (!people.has(id) && name) people.set(id, { id, name });
    people.delete(me);
    return [...people.values()];
  }

  typing(aid: string): string[] {
    const names = new Set<string>();
    for (const [number, { name, state }] of this.#connections)
      if (number !== this.#me && state.typing === aid) names.add(name);
    return [...names];
  }
}
