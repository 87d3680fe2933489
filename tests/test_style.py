"""The shape that the house asks of its code, measured on the syntax trees.

Sizes are lines of source; a function's docstring is not counted.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
SCRIPTS = sorted(path for folder in ("scripts", "benchmarks") for path in (REPOSITORY / folder).rglob("*.py"))
EVERYTHING = SOURCES + TESTS + SCRIPTS

FILE_WALL, FUNCTION_WALL, NESTING_WALL = 500, 60, 3
FUNCTION_MEDIAN, FUNCTION_NINE_OF_TEN = 9, 35
VAGUE_MODULES = {"utils", "util", "helpers", "helper", "misc", "common", "stuff", "tools"}
VAGUE_FUNCTION = re.compile(r"_?(get|process|do)_|_?run_all$")
# Overridden methods keep the base class's word: click's, SQLAlchemy's, and the standard library's servers'.
NAMED_BY_LIBRARIES = {"get_command", "process_bind_param", "process_result_value", "get_request",
                      "process_request_thread"}  # fmt: skip
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")  # abstract methods use abc

Function = ast.FunctionDef | ast.AsyncFunctionDef
Block = ast.For | ast.AsyncFor | ast.While | ast.If | ast.Try | ast.Match  # `with` decides nothing
Node = TypeVar("Node", bound=ast.AST)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(paths: list[Path], kind: type[Node]) -> Iterator[tuple[str, Node]]:
    """Every node of one kind, with the place to look at."""
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, kind):
                name = getattr(node, "name", None) or ""
                yield f"{path.relative_to(REPOSITORY)}:{getattr(node, 'lineno', 0)} {name}".strip(), node


def size_of(function: Function) -> int:
    """Lines from `def` to the end, less the docstring."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    return lines_of(function) - (lines_of(docstring) if docstring else 0)


def lines_of(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def depth_of(node: ast.AST, depth: int = 0) -> int:
    """How deep blocks stand in one another; `elif` is not deeper than its `if`, nor a nested function."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        deepest = max(deepest, depth_of(child, depth + (isinstance(child, Block) and not is_elif)))
    return deepest


def test_a_file_stays_under_the_wall():
    """No file is longer than 500 lines."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}

    assert {path: size for path, size in sizes.items() if size > FILE_WALL} == {}


def test_a_function_stays_under_the_wall():
    """No function is longer than 60 lines, its docstring not counted."""
    long = {where: size_of(function) for where, function in nodes(EVERYTHING, Function)}

    assert {where: size for where, size in long.items() if size > FUNCTION_WALL} == {}


def test_most_functions_are_short():
    """Half of the package's functions have at most 9 lines, and nine of ten at most 35."""
    sizes = sorted(size_of(function) for _, function in nodes(SOURCES, Function))

    assert statistics.median(sizes) <= FUNCTION_MEDIAN
    assert sizes[int(0.9 * len(sizes))] <= FUNCTION_NINE_OF_TEN


def test_blocks_stand_at_most_three_deep():
    """No function nests its blocks more than three deep."""
    assert [
        where for where, function in nodes(EVERYTHING, Function) if depth_of(function) > NESTING_WALL
    ] == []


def test_no_module_has_a_name_that_says_nothing():
    """No module or room is called utils, helpers, misc, or common."""
    parts = {path: path.relative_to(REPOSITORY).with_suffix("").parts for path in EVERYTHING}

    assert [
        path for path, names in parts.items() if VAGUE_MODULES & {name.strip("_") for name in names}
    ] == []


def test_no_function_has_a_name_that_says_nothing():
    """No function of the package gets, processes, or does."""
    vague = [where for where, function in nodes(SOURCES, Function)
             if VAGUE_FUNCTION.match(function.name) and function.name not in NAMED_BY_LIBRARIES]  # fmt: skip

    assert vague == []


def test_a_module_says_what_it_is_for():
    """Every module that holds anything opens with a docstring."""
    assert [path for path in EVERYTHING if tree_of(path).body and not ast.get_docstring(tree_of(path))] == []


def test_public_things_are_documented():
    """Every public function and class has a docstring; a method's contract stands in its class."""
    top = [(path, node) for path in SOURCES for node in tree_of(path).body]
    public = [(path, node) for path, node in top
              if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")]  # fmt: skip

    assert [f"{path.name}: {node.name}" for path, node in public if not ast.get_docstring(node)] == []


def test_every_test_has_a_sentence():
    """Every test says in a sentence what happens."""
    tests = {where: ast.get_docstring(function) or "" for where, function in nodes(TESTS, Function)
             if function.name.startswith("test_")}  # fmt: skip

    assert [
        where for where, sentence in tests.items() if not sentence.rstrip().endswith((".", "?", ")"))
    ] == []


def test_a_test_carries_its_name_alone():
    """No test file holds two tests of one name, of which the first would never run."""
    names = Counter((path, node.name) for path in TESTS for node in tree_of(path).body
                    if isinstance(node, Function))  # fmt: skip

    assert [name for name, times in names.items() if times > 1] == []


def test_nothing_unfinished_is_left():
    """No note of work to be done is left in the code, and no function that only refuses."""
    lines = [(path, number, line) for path in EVERYTHING if path != Path(__file__)
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)]  # fmt: skip

    assert [f"{path.name}:{number}" for path, number, line in lines if UNFINISHED.search(line)] == []


def test_no_handler_swallows_an_error():
    """No handler catches everything without saying so, and none drops what it caught."""
    handlers = nodes(SOURCES, ast.ExceptHandler)

    assert [where for where, handler in handlers
            if handler.type is None or [type(node) for node in handler.body] == [ast.Pass]] == []  # fmt: skip
