"""The fuzz: hostile updates against the verifier, and every engine that believes it.

`python -m crdtchat.testing.fuzz --cases 1000000` prints progress and ends with the counts; any
crash, panic or divergence between live document, mirror, a fresh fold of the log, and (with
`--yjs`) real Yjs is an error with the seed that repeats it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.sync.codes import Refused
from crdtchat.sync.encode import encode_deletion, encode_write
from crdtchat.sync.fold import fold
from crdtchat.sync.limits import OPERATION, REJOIN
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import SERVER_CLIENT, Actor
from crdtchat.sync.update import Value
from crdtchat.sync.verifier import Accepted, integrate, verify
from crdtchat.testing.engine_view import view_of_mirror, view_of_state
from crdtchat.testing.hostile import KILLERS, Forger
from crdtchat.testing.yjs_peer import YjsPeer

USERS = ("ann", "bob", "cleo", "mod")
NOW = 1_700_000_000_000
CASES_PER_EPISODE = 1_000
LATE = 3
"""Updates that a replica which lags behind has not seen."""


class Divergence(AssertionError):
    """Two who should agree do not."""


@dataclass(slots=True)
class Tally:
    """What happened."""

    cases: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Episode:
    """One document and its abuse, all from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._forger = Forger(self._random)
        self._seed = seed
        self.mirror = Mirror()
        self.replica = Replica(client=SERVER_CLIENT)
        self.log: list[bytes] = []
        self._clients = {user: 10 + index for index, user in enumerate(USERS)}
        self._late = Replica(client=SERVER_CLIENT)
        """Without the last updates of the log."""
        self._last = b"\x00\x00"

    def run(self, cases: int, tally: Tally) -> None:
        """Try that many updates; raises Divergence."""
        for _ in range(cases):
            user = self._random.choice(USERS)
            self._try(user, self._make(user), tally)
        self.check()

    def check(self) -> None:
        """Live document, mirror and a fresh fold of the log agree."""
        engine = view_of_state(self.replica.state())
        if engine != view_of_mirror(self.mirror):
            raise Divergence(f"seed {self._seed}: mirror and live document differ")
        folded, mirror = Replica(client=SERVER_CLIENT), Mirror()
        for update in self.log:
            folded.apply(update)
            fold(update, mirror, RULES)
        if view_of_state(folded.state()) != engine or view_of_mirror(mirror) != engine:
            raise Divergence(f"seed {self._seed}: a fresh fold of the log differs")
        again = Mirror()
        fold(self.replica.state(), again, RULES)
        if again.live_ids() != self.mirror.live_ids() or view_of_mirror(again) != engine:
            raise Divergence(f"seed {self._seed}: a mirror folded from the state differs")
        for root in ROOTS:
            keys = {key for place, key in self.mirror.live_ids() if place == root}
            if set(self.replica.values(root)) != keys:
                raise Divergence(f"seed {self._seed}: other keys are alive in {root}")

    def check_yjs(self, peer: YjsPeer) -> None:
        """Real Yjs, fed the log, holds the same."""
        found = peer.fold(self.log, ROOTS)
        if found.pending:
            raise Divergence(f"seed {self._seed}: Yjs holds something pending")
        if view_of_state(found.state) != view_of_state(self.replica.state()):
            raise Divergence(f"seed {self._seed}: Yjs holds other items")
        for root in ROOTS:
            if found.values[root] != self.replica.values(root):
                raise Divergence(f"seed {self._seed}: Yjs holds other values in {root}")

    def _try(self, user: str, data: bytes, tally: Tally) -> None:
        tally.cases += 1
        may_write = {self._clients[user], 20 + USERS.index(user)}
        actor = Actor(user, NOW, True, user == "mod", user == "server")
        limits = REJOIN if self._random.random() < 0.5 else OPERATION
        try:
            verdict = verify(
                data,
                mirror=self.mirror,
                rules=RULES,
                actor=actor,
                may_write_as=may_write.__contains__,
                limits=limits,
            )
        except Refused as refused:
            tally.refused[refused.code] += 1
            return
        if not isinstance(verdict, Accepted):
            tally.duplicates += 1
            return
        tally.accepted += 1
        integrate(verdict, self.mirror)
        self.replica.apply(verdict.data)
        self.log.append(verdict.data)
        if len(self.log) > LATE:
            self._late.apply(self.log[-1 - LATE])
        self._last = data

    def _make(self, user: str) -> bytes:
        random = self._random
        draw = random.random()
        clients = [*self._clients.values(), 20 + USERS.index(user), SERVER_CLIENT, 2**53 - 1]
        if draw < 0.55:
            own = [self._clients[user], 20 + USERS.index(user)]
            picked = own if random.random() < 0.8 else list(dict.fromkeys(clients))
            users = (user,) if random.random() < 0.9 else USERS
            return self._forger.build(self.mirror, picked, users, NOW)
        if draw < 0.75:
            return self._forger.mutate(self._honest(user), self._last)
        if draw < 0.94:
            return self._honest(user)
        if draw < 0.96:
            return self._by_engine(user)
        if draw < 0.98:
            return random.choice(list(KILLERS.values()))
        return random.randbytes(random.randrange(64))

    def _honest(self, user: str) -> bytes:
        """A write that the rules allow, behind the newest value or an older one."""
        random = self._random
        heads, comments, own = [], [], []
        for one in self.mirror.records():
            if one.dead:
                continue
            if one.root == "a":
                heads.append(one.key)
            elif one.root == "c":
                comments.append(one)
            if one.facts and one.facts[0] == user:
                own.append(one)
        draw = random.random()
        root, key = "a", f"a{random.randrange(10**4):04d}"
        if heads and draw < 0.4:
            root, key = "c", f"{random.choice(heads)}/c{random.randrange(10**4):04d}"
        elif draw < 0.55 and any(one.root == "c" for one in own):
            root, key = "c", random.choice([one.key for one in own if one.root == "c"])
        elif heads and draw < 0.65:
            root, key = "s", random.choice(heads)
        elif comments and draw < 0.85:
            root, key = "r", f"{random.choice(comments).key}/{user}"
        elif draw < 0.88 and any(one.root == "a" for one in own):
            root, key = "t", random.choice([one.key for one in own if one.root == "a"])
        elif user == "mod" and heads and draw < 0.9:
            root, key = "m", random.choice(heads)
        elif draw < 0.91 and any(one.root in "ac" for one in own):
            root, key = "d", random.choice([one.key for one in own if one.root in "ac"])
        record = self.mirror.record(root, key)
        origin = None if record is None else record.last
        if record is not None and root == "r" and origin and not record.dead and draw < 0.7:
            return encode_deletion([origin])
        if record is not None and random.random() < 0.1:
            origin = random.choice([None, *record.items()])
        value: Value = (user, NOW - 1)
        match root:
            case "a":
                value = (user, NOW - 1, "quoted words", "before ", " after", 7, 19)
            case "c":
                created = record.facts[1] if record is not None and not record.dead else NOW
                value = (user, created, f"text {draw}", NOW if record is not None else 0)
            case "t":
                value = (user, NOW, "other words", "", " after", 3, 14)
            case "s":
                value = (random.randrange(2), user, NOW)
            case "m":
                value = (random.randrange(4), user, NOW)
            case "r":
                value = random.choice(("👍", "🎉 👍"))
        client = self._clients[user]
        clock = self.mirror.next_clock(client)
        return encode_write(client, clock, root=root, key=key, value=value, origin=origin)

    def _by_engine(self, user: str) -> bytes:
        """A write that the engine itself encodes, by a replica that may lag behind."""
        random = self._random
        # Its own for one write alone: refused or not, the next starts from what everybody has.
        writer = Replica(client=20 + USERS.index(user))
        writer.apply(random.choice((self.replica, self.replica, self.replica, self._late)).state())
        records = list(self.mirror.records())
        writes = []
        for _ in range(random.choice((1, 1, 2, 3))):
            root, key = self._forger.key(records, (user,))
            if root in ROOTS:
                writes.append((root, key, self._forger.value(root, (user,), NOW)))
        return writer.write(writes)


def run(cases: int, first_seed: int, *, peer: YjsPeer | None = None, progress: int = 0) -> Tally:
    """Run episodes of `CASES_PER_EPISODE` until `cases` were tried. Raises Divergence."""
    tally = Tally()
    seed = first_seed
    while tally.cases < cases:
        episode = Episode(seed)
        episode.run(min(CASES_PER_EPISODE, cases - tally.cases), tally)
        if peer is not None:
            episode.check_yjs(peer)
        seed += 1
        if progress and (seed - first_seed) % progress == 0:
            sys.stdout.write(f"{tally.cases} cases, {tally.accepted} accepted\n")
            sys.stdout.flush()
    return tally


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m crdtchat.testing.fuzz")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--yjs", help="folder with node_modules/yjs, to compare with real Yjs")
    flags = parser.parse_args()
    peer = YjsPeer(flags.yjs) if flags.yjs else None
    try:
        tally = run(flags.cases, flags.seed, peer=peer, progress=20)
    finally:
        if peer is not None:
            peer.close()
    sys.stdout.write(
        f"{tally.cases} hostile updates: {tally.accepted} accepted, {tally.duplicates} duplicates, "
        f"{sum(tally.refused.values())} refused\n"
    )
    for code, count in tally.refused.most_common():
        sys.stdout.write(f"  {count:8} {code}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
