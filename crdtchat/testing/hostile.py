"""Hostile updates: the byte strings known to hurt engines, and a generator of new ones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from crdtchat.document.schema import ROOTS
from crdtchat.sync.encode import encode_value
from crdtchat.sync.mirror import Mirror, Record
from crdtchat.sync.update import Id, Value
from crdtchat.sync.wire import string, uint

DEEP = b"\x75\x01"
"""One level of an array in an array, in lib0's Any."""

KILLERS: dict[str, bytes] = {
    "zero structs of a known client": bytes.fromhex("0100090000"),
    "GC of length 0": bytes.fromhex("01010900000000"),
    "GC of length 0, fresh client": bytes.fromhex("01010501000000"),
    "division by zero": bytes.fromhex("010209000001000000"),
    "empty string item": bytes.fromhex("010109000401016d0000"),
    "astral character in an array": bytes.fromhex("010105000401016104f09f988000"),
    "clock wraps": bytes.fromhex("010109ffffffff0f880900017e00"),
    "clock beyond everything": bytes.fromhex("010109ffffffff0f00000109010001"),
    "two sections of one client": bytes.fromhex("02010500880900017e010500480500017e00"),
    "array nested 26,263 deep": b"\x01\x01\x05\x00\x28\x01\x01c\x03k/k\x01" + DEEP * 26_263,
    "claims 2^29 sections": bytes.fromhex("8080808002"),
    "claims 2^27 elements": bytes.fromhex("0101050028010163036b2f6b01758080804000"),
    "empty": b"",
    "a number without end": b"\xff" * 4_096,
}
"""Minimal inputs that crash, brick, hang or bloat an engine that gets them undecoded."""

STATE_VECTOR_KILLERS: dict[str, bytes] = {
    "claims 2^29 entries": bytes.fromhex("8080808002"),
    "claims 2^53 entries": b"\xff" * 7 + b"\x0f",
    "a number without end": b"\xff" * 4_096,
    "cut off": b"\x01\x05",
    "one client twice": bytes.fromhex("0205010501"),
    "trailing bytes": bytes.fromhex("000000"),
}


class Forger:
    """Makes updates from a seed: near misses of valid ones, so that they reach deep."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def mutate(self, update: bytes, other: bytes) -> bytes:
        """Damage a real update: flips, cuts, insertions, splices with another one."""
        random = self._random
        raw = bytearray(update)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            at = random.randrange(len(raw)) if raw else 0
            match random.randrange(7):
                case 0 if raw:
                    raw[at] ^= 1 << random.randrange(8)
                case 1 if raw:
                    raw[at] = random.choice((0, 1, 2, 0x7F, 0x80, 0xFF, random.randrange(256)))
                case 2:
                    del raw[at : at + random.randrange(1, 9)]
                case 3:
                    raw[at:at] = random.randbytes(random.randrange(1, 9))
                case 4:
                    raw = raw[:at]
                case 5:
                    raw[at:at] = raw[: random.randrange(len(raw) + 1)]
                case _:
                    raw = raw[:at] + other[random.randrange(len(other) + 1) :]
        return bytes(raw)

    def build(
        self, mirror: Mirror, clients: Sequence[int], users: Sequence[str], now: int
    ) -> bytes:
        """Build an update of right form whose every field may be wrong."""
        random = self._random
        count = random.choice((0, 1, 1, 1, 1, 1, 2))
        chosen = sorted(random.sample(clients, min(count, len(clients))), reverse=True)
        if random.random() < 0.02:
            chosen.reverse()
        parts = [uint(len(chosen))]
        records = list(mirror.records())
        fresh: list[Id] = []
        for client in chosen:
            clock = mirror.next_clock(client) + random.choice((0,) * 12 + (1, -1, 5, 2**31))
            clock = max(clock, 0)
            structs = random.choice((1, 1, 1, 2, 3))
            parts += [uint(structs), uint(client), uint(clock)]
            for _ in range(structs):
                item, length = self._item(mirror, records, fresh, users, now)
                parts.append(item)
                fresh += [(client, clock + step) for step in range(length)]
                clock += length
        parts.append(self._deletes(records, fresh))
        return b"".join(parts)

    def key(self, records: Sequence[Record], users: Sequence[str]) -> tuple[str, str]:
        """A root and key: mostly ones that exist or could."""
        random = self._random
        user = random.choice(users)
        if records and random.random() < 0.75:
            record = random.choice(records)
            aid, _, rest = record.key.partition("/")
            cid = rest.partition("/")[0]
        else:
            aid, cid = f"a{random.randrange(64):03d}", ""
        draw = random.random()
        if draw < 0.03:
            return random.choice(
                (("u", user), ("c", aid), ("a", "__proto__"), ("x", aid), ("a", ""), ("d", "a/b/c"))
            )
        if draw < 0.06:
            return "d", f"{aid}/{cid}" if cid and draw < 0.05 else aid
        cid = cid or f"c{random.randrange(6):03d}"
        return random.choice(
            (
                ("a", aid),
                ("c", f"{aid}/{cid}"),
                ("c", f"{aid}/c{random.randrange(6):03d}"),
                ("s", aid),
                ("t", aid),
                ("m", aid),
                ("m", f"{aid}/{cid}"),
                ("r", f"{aid}/{cid}/{user}"),
            )
        )

    def value(self, root: str, users: Sequence[str], now: int) -> Value:
        """A value that fits a root, or nearly."""
        random = self._random
        user = random.choice(users)
        at = now - random.choice((0, 5_000, 86_400_000, -299_000))
        if random.random() < 0.03:
            at = now + random.choice((301_000, 2**40, -now))
        match root if random.random() < 0.95 else random.choice(ROOTS):
            case "a":
                return (user, at, "quoted words", "before ", " after", 7, 19)
            case "c":
                extra = random.choice(
                    ((),) * 20 + ((now,), (0, "c001"), (0, ""), (-1,), (1, "c", 3))
                )
                created = now - random.choice((0, 1)) if random.random() < 0.9 else at
                return (user, created, "text " * random.randrange(4), *extra)
            case "s":
                return (random.choice((0, 0, 0, 1, 1, 1, 1, 2)), user, at)
            case "r":
                return random.choice(("👍", "🎉 👍") * 8 + ("", "x" * 80))
            case "d":
                return (user, at)
            case "t":
                part = random.choice(((),) * 8 + (("source",), ("", "p", "v"), ("odd",)))
                return (user, at, "other words", "", " after", 3, 14, *part)
            case "m":
                return (random.choice((0, 1, 1, 2, 3, 4, -1)), user, at)
            case "u":
                return (user,)
        return ""

    def _item(
        self,
        mirror: Mirror,
        records: Sequence[Record],
        fresh: Sequence[Id],
        users: Sequence[str],
        now: int,
    ) -> tuple[bytes, int]:
        random = self._random
        root, key = self.key(records, users)
        known = mirror.record(root, key)
        origin: Id | None = None
        draw = random.random()
        if known is not None and draw < 0.8:
            origin = random.choice((known.last, *list(known.items())[-3:]))
        elif fresh and draw < 0.85:
            origin = random.choice(fresh)
        elif draw > 0.97:
            origin = (random.randrange(40), random.randrange(40))
        info = 0x20
        if random.random() < 0.02:
            info = random.choice((0, 0x60))
        reference = 8
        length = 1
        if random.random() < 0.08:
            reference = random.choice((0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11))
        if origin is None:
            head = b"\x01" + string(root) + string(key)
        else:
            info |= 0x80
            head = uint(origin[0]) + uint(origin[1])
        if reference == 1:
            length = random.choice((1, 1, 2, 3))
            body = uint(length)
        elif random.random() < 0.04:
            length = 2
            values = (self.value(root, users, now), self.value(root, users, now))
            body = b"\x02" + encode_value(values[0]) + encode_value(values[1])
        elif random.random() < 0.04:
            body = b"\x01" + self._odd_value()
        else:
            body = b"\x01" + encode_value(self.value(root, users, now))
        return bytes((info | reference,)) + head + body, length

    def _odd_value(self) -> bytes:
        random = self._random
        return random.choice(
            (
                b"\x7f",
                b"\x7e",
                b"\x79",
                b"\x78",
                b"\x7c\x3f\xc0\x00\x00",
                b"\x7b\x7f\xf0\x00\x00\x00\x00\x00\x00",
                b"\x7a" + bytes(8),
                b"\x74\x02ab",
                b"\x76\x01\x01k\x7e",
                b"\x75\x01\x75\x00",
                b"\x77\x02\xc3\x28",
                b"\x7d\x40",
                b"\x7d\x80\x00",
                b"\x7c\x80\x00\x00\x00",
            )
        )

    def _deletes(self, records: Sequence[Record], fresh: Sequence[Id]) -> bytes:
        random = self._random
        doomed: dict[int, set[int]] = {}
        for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
            pool = list(fresh)
            if records:
                record = random.choice(records)
                pool += list(record.items())[-2:]
            if random.random() < 0.05:
                pool.append((random.randrange(40), random.randrange(40)))
            if pool:
                client, clock = random.choice(pool)
                doomed.setdefault(client, set()).add(clock)
        parts = [uint(len(doomed))]
        for client, clocks in doomed.items():
            parts += [uint(client), uint(len(clocks))]
            for clock in sorted(clocks):
                parts += [uint(clock), uint(random.choice((1,) * 30 + (0, 2, 2**30)))]
        return b"".join(parts)
