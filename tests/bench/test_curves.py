"""Cost curves: every point is measured, and they can be drawn."""

from __future__ import annotations

from pathlib import Path

from crdtchat.bench import curves, report


def test_every_size_has_a_cost_and_a_place_in_the_picture(tmp_path: Path) -> None:
    found = curves.measure(records=(60, 120), readers=(2, 4), rooms=(2, 8), window=1.0)
    assert {curve.against for curve in found} == {"records", "readers", "rooms"}
    for curve in found:
        assert len(curve.points) == 2
        assert all(cost > 0 for _, cost in curve.points)
    picture = tmp_path / "curves.svg"
    curves.draw(found, picture)
    drawn = picture.read_text()
    assert drawn.startswith("<?xml") and "</svg>" in drawn
    table = report.curves(found)
    for curve in found:
        assert f"| {curve.against} " in table
