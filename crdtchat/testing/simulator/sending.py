"""What a session is owed goes out, as far as its client reads: as `crdtchat.host.hub` sends."""

from __future__ import annotations

from crdtchat.testing.simulator.connection import Closing, Connection
from crdtchat.testing.simulator.trace import Trace
from crdtchat.testing.simulator.witness import Witness


def write_to(connection: Connection, trace: Trace, witness: Witness) -> bool:
    """Write what may be written; True when the connection has been told to end."""
    room, attendance = connection.room, connection.attendance
    if room is None or attendance is None:
        return False
    outbox = attendance.outbox
    while True:
        while connection.unsent and not connection.down.full:
            frame = connection.unsent.popleft()
            witness.sends(connection, frame)
            connection.down.push(frame)
        if connection.unsent:
            return False
        if outbox.behind and not room.dropped and (connection.wrote or not outbox):
            connection.was_behind = True
            trace.note(connection.who, "is behind and gets a difference")
            room.perform(room.room.drained(connection.number))
        connection.wrote = bool(outbox)
        if not outbox:
            break
        connection.unsent.extend(outbox.take())
    if attendance.ending is None:
        return False
    code, reason = attendance.ending
    witness.closes(connection.who, connection.honest, not connection.v1, int(code), reason)
    connection.down.push(Closing(int(code), reason))
    return True
