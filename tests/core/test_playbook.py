from datetime import date, time

import pytest

from core.playbook import Apply, Node, PlaybookPart, PlaybookRefused, read, read_text
from core.policy import SYSTEM


def a_thing(node: Node):
    f = node.fields("slug", "title", "minutes", "share", "on", "at", "mood", "roles", "for", "file")
    return {
        "slug": f.slug(),
        "title": f.text("title", longest=20, default="-"),
        "minutes": f.whole("minutes", low=0, high=600),
        "share": f.number("share", low=0, high=1, default=0.5),
        "day": f.day("on"),
        "at": f.time("at"),
        "mood": f.choice("mood", ("good", "bad"), default="good"),
        "roles": f.texts("roles", choices=("rep", "manager"), default=("rep",)),
        "for": f.node("for") is not None,
        "body": f.file_text("file") if f.has("file") else None,
    }


def parts(applied=None):
    def apply(run, value):
        if applied is not None:
            applied.append(value)
        return ["changed"]

    return (
        PlaybookPart("things", 20, lambda node: node.each(a_thing), apply),
        PlaybookPart("programme", 0, lambda node: node.fields("slug").slug(), apply),
    )


def faults(text, folder=None, tmp_path=None):
    with pytest.raises(PlaybookRefused) as refused:
        read_text(text.encode(), parts(), folder)
    return [str(fault) for fault in refused.value.faults]


def test_a_sound_playbook_becomes_typed_values_in_order_of_work(tmp_path):
    (tmp_path / "body.md").write_text("Try it today.\n")
    path = tmp_path / "book.yaml"
    path.write_text(
        "things:\n"
        "- {slug: one, title: First, minutes: 20, share: 0.25, on: 2026-03-02, at: '09:00',\n"
        "   mood: bad, roles: [rep, manager], for: {x: 1}, file: body.md}\n"
        "- slug: two\n"
        "programme: {slug: csp}\n"
    )
    applied = []
    book = read(path, parts(applied))
    run = Apply(1, SYSTEM, None)
    assert list(book.changes(run)) == [("programme", "changed"), ("things", "changed")]
    assert applied[0] == "csp"
    assert applied[1][0] == {
        "slug": "one",
        "title": "First",
        "minutes": 20,
        "share": 0.25,
        "day": date(2026, 3, 2),
        "at": time(9),
        "mood": "bad",
        "roles": ("rep", "manager"),
        "for": True,
        "body": "Try it today.",
    }
    assert applied[1][1]["minutes"] is None
    assert len(book.fingerprint) == 64


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{slug: a, colour: red}", "unknown key 'colour'"),
        ("{title: x}", "slug is missing"),
        ("{slug: A b}", "is not a slug"),
        ("{slug: a, slug: b}", "the key 'slug' stands here twice (first on line 3)"),
        ("{slug: a, minutes: 601}", "601 is outside 0 to 600"),
        ("{slug: a, minutes: 1.5}", "a whole number is wanted, not 1.5"),
        ("{slug: a, minutes: true}", "a whole number is wanted, not True"),
        ("{slug: a, share: .nan}", "outside 0 to 1"),
        ("{slug: a, share: .inf}", "outside 0 to 1"),
        ("{slug: a, title: 'x\\0'}", None),
        ('{slug: a, title: "x\\0"}', "control character"),
        ("{slug: a, title: 12}", "put it in quotes"),
        ("{slug: a, title: ''}", "empty"),
        ("{slug: a, title: abcdefghijklmnopqrstuvwxyz}", "26 characters; 20 are allowed"),
        ("{slug: a, on: 2026-02-30}", "2026-02-30"),
        ("{slug: a, on: 99999-01-01}", "is not a date"),
        ("{slug: a, at: 14:30}", "in quotes"),
        ("{slug: a, mood: on}", "True is not one of good, bad"),
        ("{slug: a, roles: [rep, rep]}", "a word stands here twice"),
        ("{slug: a, roles: rep}", "a list is wanted here"),
        ("{slug: a, file: ../../etc/passwd}", "outside the playbook's folder"),
        ("{slug: a, file: missing.md}", "cannot be read"),
        ("{slug: a, [1]: b}", "a key must be a plain word"),
        ("{slug: &x a, title: *x}", "aliases"),
        ("a", "a mapping (key: value) is wanted here"),
        ("{slug: a, title: {b: c}}", "a single value is wanted here"),
    ],
)
def test_every_mistake_is_named_with_its_line(item, message, tmp_path):
    text = f"programme: {{slug: csp}}\nthings:\n- {item}\n"
    if message is None:
        read_text(text.encode(), parts(), tmp_path)
        return
    [found] = faults(text, tmp_path)
    assert found.startswith("line 3")
    assert message in found


def test_all_mistakes_are_reported_at_once(tmp_path):
    text = "programme: {slug: csp}\nthings:\n- {slug: A}\n- {slug: b}\n- {slug: c, minutes: -1}\n"
    assert [line.split(",")[0] for line in faults(text, tmp_path)] == ["line 3", "line 5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty"),
        ("things: []\n", "programme is missing"),
        ("programme: {slug: csp}\nweather: fine\n", "unknown key 'weather'"),
        ("programme: {slug: csp\nthings: []\n", "line 2: not YAML"),
        ("programme: {slug: csp}\n---\nprogramme: {slug: two}\n", "not YAML"),
        ("programme: !!python/object:os.system x\n", "line 1"),
        ("programme: " + "[" * 40 + "]" * 40, "nested too deeply"),
        ("- 1\n", "a mapping"),
    ],
)
def test_files_that_are_no_playbook(text, message, tmp_path):
    assert message in "\n".join(faults(text, tmp_path))


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(PlaybookRefused, match="line 2: not UTF-8"):
        read_text(b"programme: {slug: csp}\n\xff\n", parts(), tmp_path)
