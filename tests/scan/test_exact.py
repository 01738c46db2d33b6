"""Values are replaced and nothing else is: byte for byte, in every format, whatever stands around them."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml
from dotenv.parser import parse_stream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palyra_kernel.scan.formats import format_of, yaml_files
from palyra_kernel.scan.leaves import UnparsableError
from palyra_kernel.scan.source import Source

REF = "vault://global/app/key"
ENV = """\
# a comment sk-not-touched
export A=one # behind
B='two # three'
  C="x\\ny \\" z"   # behind
D = spaced\x20\x20
E=
F="line 1
line 2"
G=a#b
H=#not
I= # nothing
'J'=quoted
K='it\\'s'
NO_VALUE
L=last"""
TOML = '''\
# c
a.b . "c d" = "x\\u0041" # behind
t = { k = 'lit', deep.er = "y", list = [ "1", { z = "2" } ] }
multi = """
one "quoted" ""two""
\\
   end"""
lit = \'\'\'it's\'\'\'
n = 1_000
when = 1979-05-27 07:32:00
arr = [
  "p", # c ] "
  'q',
]
[s]
k = "v"
[[x]]
k = "1"
[[x]]
k = "2"
[x.sub]
k = "3"
[[x.in]]
k = "4"
["quoted.table"]
k = "5"
'''
YAML = """\
# c
a: plain value # behind
b: 'it''s'
c: "d\\u0041"
d: |  # about
  line 1
    line 2

# after
e: >-
  folded
  text
f: {k: v, l: [one, "two"]}
g:
- &x anchored
- !!str 12
- *x
- !own tagged
- 2001-01-01
- yes
h: multi
  line plain
? [complex, key]
: under
é: ü😀
"""
JSON = """{
\t"a" :\t"x\\u0041\\"",\t"b": [1, "y", {"c": "", "c": "twice"}, null, true, -1.5e3],
\t"d": {"é😀": "ü"}
}"""
WHOLE = [(".env", ENV), ("a.toml", TOML), ("a.yaml", YAML), ("a.json", JSON)]


def truth(name, text):
    """The leaves as the parser of the format sees them, duplicates included."""
    if name.endswith(".toml"):
        return tomllib.loads(text)
    if name.endswith(".json"):
        return json.loads(text, object_pairs_hook=list)
    if name.endswith(".yaml"):
        return [_node(document) for document in yaml.compose_all(text, Loader=yaml.SafeLoader)]
    import io

    return [
        (each.key, each.value) for each in parse_stream(io.StringIO(text, newline="")) if each.key is not None
    ]


def _node(node):
    if isinstance(node, yaml.MappingNode):
        return [(_node(key), _node(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [_node(value) for value in node.value]
    return node.value if node is not None else None


def put(tree, old, new):
    """*tree* with *new* for every end that is *old*."""
    if isinstance(tree, dict):
        return {name: put(below, old, new) for name, below in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(put(below, old, new) for below in tree)
    return new if tree == old and type(tree) is type(old) else tree


def check(name, text):
    """Replace each text on its own; the walk and the parser of the format must see that and nothing else."""
    known = format_of(name)
    assert known.token is not None
    leaves = known.leaves(text)
    for leaf in leaves:
        if leaf.text is None:
            continue
        token = known.token(text[leaf.start : leaf.end], REF)
        new = text[: leaf.start] + token + text[leaf.end :]
        again = known.leaves(new)
        assert [(each.path, each.value) for each in again] == [
            (each.path, REF if each.start == leaf.start else each.value) for each in leaves
        ]
        if leaf.value and text.count(leaf.value) == 1:
            assert truth(name, new) == put(truth(name, text), leaf.value, REF)
    return leaves


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "text"), WHOLE, ids=[name for name, _ in WHOLE])
def test_every_value_of_a_hard_file_can_be_replaced_alone(name, text, end):
    """Wish 25: a migration that rewrites a file as it likes loses comments, order and quotes."""
    text = text.replace("\n", end)
    leaves = check(name, text)
    assert len(leaves) > 8
    assert all(leaf.start <= leaf.end for leaf in leaves)
    source = Source.decode(b"\xef\xbb\xbf" + text.encode())
    assert source.text == text
    assert source.encoded(source.text) == b"\xef\xbb\xbf" + text.encode()


def test_both_parsers_of_yaml_mark_the_same(monkeypatch):
    fast = yaml_files.yaml_leaves(YAML)
    monkeypatch.setattr(yaml_files, "LOADER", yaml.SafeLoader)
    assert yaml_files.yaml_leaves(YAML) == fast


def test_paths_name_the_place():
    paths = {name: {leaf.path: leaf.value for leaf in format_of(name).leaves(text)} for name, text in WHOLE}
    assert paths["a.toml"][("a", "b", "c d")] == "xA"
    assert paths["a.toml"][("x", 1, "sub", "k")] == "3"
    assert paths["a.toml"][("x", 1, "in", 0, "k")] == "4"
    assert paths["a.yaml"][("d",)] == "line 1\n  line 2\n"
    assert paths["a.yaml"][("g", 0)] == "anchored"
    assert paths["a.json"][("b", 2, "c")] == "twice"
    assert paths[".env"][("C",)] == 'x\ny " z'
    assert paths[".env"][("F",)] == "line 1\nline 2"


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=8)
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12)
trees = st.recursive(
    values | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
tables = st.dictionaries(names, trees, min_size=1, max_size=4)
patient = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)


@patient
@given(tables, st.sampled_from([None, 2, "\t"]))
def test_any_json(tree, indent):
    check("a.json", json.dumps(tree, indent=indent, ensure_ascii=False))


@patient
@given(tables, st.sampled_from([None, True, False]), st.sampled_from(["\n", "\r\n"]))
def test_any_yaml(tree, flow, end):
    text = yaml.safe_dump_all([tree, tree], default_flow_style=flow, allow_unicode=True, line_break=end)
    check("a.yaml", text)


@patient
@given(tables, st.sampled_from(["\n", "\r\n"]))
def test_any_toml(tree, end):
    import tomlkit

    check("a.toml", tomlkit.dumps(tree).replace("\n", end))


@patient
@given(st.lists(st.tuples(st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True), values, st.integers(0, 3))))
def test_any_dotenv(pairs):
    from palyra_kernel.cli.secrets.dotenv_format import dotenv_line

    lines = []
    for name, value, kind in pairs:
        line = dotenv_line(name, value)
        lines.append([line, f"export {line}", f"# {name}\n{line}", f"\n  {line}"][kind])
    check(".env", "".join(lines))


@pytest.mark.parametrize("name", ["a.toml", "a.yaml", "a.json", ".env", "a.py"])
@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=60))
def test_any_text_at_all_is_read_or_refused(name, text):
    try:
        leaves = format_of(name).leaves(text)
    except UnparsableError:
        return
    assert all(0 <= leaf.start <= leaf.end <= len(text) for leaf in leaves)


@pytest.mark.parametrize("name", ["a.toml", "a.yaml", "a.json"])
def test_what_is_nested_without_end_is_refused(name):
    text = {"a.toml": "a = " + "[" * 5000 + "]" * 5000, "a.yaml": "[" * 5000 + "]" * 5000}.get(name)
    with pytest.raises(UnparsableError):
        format_of(name).leaves(text or "[" * 100_000 + "]" * 100_000)


def test_aliases_are_not_followed():
    """A few lines of aliases of aliases are a billion values."""
    text = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(format_of("a.yaml").leaves(text)) == 2
