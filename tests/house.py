"""Finders of what the house does not want: each takes a module and yields what it found, with its line."""

import ast
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import PurePath

FILE_LINES = 300
FUNCTION_LINES = 40

VAGUE_MODULE_WORDS = frozenset(
    "base common data handler handlers helper helpers info job jobs manager managers misc process "
    "stuff task tasks tool tools util utils".split()
)
VAGUE_WORDS = frozenset(
    "handler handlers helper helpers job jobs manager managers misc stuff task tasks util utils".split()
)
VAGUE_BARE_NAMES = frozenset("do handle info process run_it stuff thing".split())

Function = ast.FunctionDef | ast.AsyncFunctionDef
Found = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A source file, named by its path below the project's root."""

    path: PurePath
    text: str

    @property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text)


def functions(module: Module) -> list[tuple[Function, int]]:
    """Every function and method with its length in lines, decorators and docstring included."""
    return [(node, _length_in_lines(node)) for node in ast.walk(module.tree) if isinstance(node, Function)]


def oversize(module: Module) -> Found:
    """A file or a function that is longer than its bound."""
    length = len(module.text.splitlines())
    if length > FILE_LINES:
        yield 1, f"{length} lines, {FILE_LINES} at most"
    for function, lines in functions(module):
        if lines > FUNCTION_LINES:
            yield function.lineno, f"{function.name}() has {lines} lines, {FUNCTION_LINES} at most"


def vague_names(module: Module) -> Found:
    """A module, class or function whose name says nothing."""
    stem = module.path.stem
    if set(_words(stem)) & VAGUE_MODULE_WORDS and stem != "conftest":
        yield 1, f"module {stem}"
    for node in ast.walk(module.tree):
        if isinstance(node, Function | ast.ClassDef) and _is_vague(node.name, in_scheduler=stem == "scheduler"):
            yield node.lineno, node.name


def missing_docstrings(module: Module) -> Found:
    """A module, or a public function or class of it, that does not say what it is for."""
    tree = module.tree
    if not ast.get_docstring(tree):
        yield 1, "the module has no docstring"
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"


def broad_excepts(module: Module) -> Found:
    """A place that swallows every exception."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _raises_again(node):
            yield node.lineno, "catches everything"
        if (
            isinstance(node, ast.Call)
            and "suppress" in _names(node.func)
            and any(_names(a) & _EVERYTHING for a in node.args)
        ):
            yield node.lineno, "suppresses everything"


def blanket_ignores(module: Module) -> Found:
    """A `type: ignore` or `noqa` that does not say which complaint it answers."""
    for token in tokenize.generate_tokens(StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and _BLANKET.search(token.string):
            yield token.start[0], token.string


def unfinished(module: Module) -> Found:
    """A note about work left undone."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if found := _UNFINISHED.search(line):
            yield number, found.group()


def machine_traces(module: Module) -> Found:
    """An address of a package registry, or a path of the machine somebody worked on."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if found := _TRACE.search(line):
            yield number, found.group()


def unexplained_skips(module: Module) -> Found:
    """A test that may be left out without a word why."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _SKIPS and not _is_explained(node, module.tree):
            yield node.lineno, f"{ast.unparse(node)} has no reason"


def foreign_imports(module: Module, *, allowed: str) -> Found:
    """An import that is neither from the standard library nor from below the package `allowed`."""
    imports = (node for node in ast.walk(module.tree) if isinstance(node, ast.Import | ast.ImportFrom))
    for node in imports:
        for name in _imported(node):
            is_own = name == allowed or name.startswith(f"{allowed}.")
            if not is_own and name.partition(".")[0] not in sys.stdlib_module_names:
                yield node.lineno, f"imports {name}"


def impure_imports(module: Module) -> Found:
    """An import that opens connections, from a package that is otherwise harmless."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and (found := _CONNECTING & _imported_members(node)):
            yield node.lineno, f"imports {min(found)}"


def decides(module: Module) -> bool:
    """Whether a module holds code that can be wrong: a function with more than a docstring and `...`."""
    return any(not _is_declaration(function) for function, _ in functions(module))


_EVERYTHING = frozenset({"Exception", "BaseException"})
_CONNECTING = frozenset({"http.client", "http.server", "urllib.request"})
_SKIPS = frozenset({"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif"})
# The patterns are written so that they do not find themselves.
_BLANKET = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))")
_UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E)\b")
_TRACE = re.compile(
    r"(?<![\w.:/-])/(wor[k]|roo[t])(?=[/\s\"']|$)"
    r"|\b(py[p]i\.org|python[h]osted\.org|registry\.np[m]js\.org|deb\.deb[i]an\.org|proxy\.gol[a]ng\.org)\b"
)


def _length_in_lines(function: Function) -> int:
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")


def _is_vague(name: str, *, in_scheduler: bool) -> bool:
    vague = VAGUE_WORDS - {"job", "jobs"} if in_scheduler else VAGUE_WORDS
    return name in VAGUE_BARE_NAMES or bool(vague & set(_words(name)))


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(_names(handler.type) & _EVERYTHING)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def _is_explained(skip: ast.Attribute, tree: ast.Module) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    call = next(
        (
            call
            for call in calls
            if (call.func.lineno, call.func.col_offset, ast.unparse(call.func))
            == (skip.lineno, skip.col_offset, ast.unparse(skip))
        ),
        None,
    )
    if call is None:
        return False
    return bool(call.args and skip.attr == "skip") or any(keyword.arg == "reason" for keyword in call.keywords)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and node.level == 0 else []


def _imported_members(node: ast.Import | ast.ImportFrom) -> set[str]:
    members = {f"{module}.{alias.name}" for module in _imported(node) for alias in node.names}
    return members | set(_imported(node))


def _is_declaration(function: Function) -> bool:
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) for statement in function.body
    )
