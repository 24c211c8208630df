"""What a parameter is: a default, a unit, a range, a meaning, and a source or the word *assumption*.

Every section of a scenario derives from `Section` and declares its fields with `param`. The text that
``kocsim show`` prints, the error sentences and the README's table all come from these declarations.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeGuard, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from kocsim.errors import ParameterError

MOST_HINTS = 3
"""Names that an error sentence suggests."""


class Parameter(NamedTuple):
    """One line of ``kocsim show``."""

    name: str
    value: Any
    unit: str
    range: str
    meaning: str
    source: str


def param(
    default: Any,
    *,
    unit: str,
    meaning: str,
    source: str,
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
) -> Any:
    """Declare a parameter.

    Parameters
    ----------
    default
        Its default value.
    unit : str
        E.g. "posts/day", "probability", "share".
    meaning, source : str
        What it does; where the default comes from, or "assumption".
    ge, le, gt : float, optional
        Bounds. Numbers must be finite whatever the bounds.
    """
    return Field(
        default, description=meaning, ge=ge, le=le, gt=gt,
        json_schema_extra={"unit": unit, "source": source},
    )


class Section(BaseModel):
    """A group of parameters: typed, immutable, refusing unknown names.

    Numbers may be Python's or NumPy's. A whole number may be written as a float (``1e3``); nothing else is
    converted: neither text ("100") nor True is a number, and 1.5 is not a whole one.

    Raises
    ------
    ParameterError
        For unknown names and values of the wrong kind or out of range: one sentence each, all of them.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**_nested(values))
        except ValidationError as error:
            raise ParameterError(_sentences(type(self), error)) from None

    # For pydantic: sections inside a section are checked as usual, not by this constructor, so that
    # the names in its errors are whole ("friends.sigma").
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    if not TYPE_CHECKING:  # type checkers know by `frozen`

        def __setattr__(self, name: str, value: Any) -> None:
            kind = type(self).__name__
            raise AttributeError(f"A {kind} does not change; make another one: replace({name}={_shown(value)}).")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"A {type(self).__name__} does not change; {name} cannot be deleted.")

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        return _plain(value, cls.model_fields[str(info.field_name)].annotation)

    @classmethod
    def _prefix(cls) -> str:
        """What comes before a parameter's name in error sentences."""
        return f"{cls.__name__}."

    def replace(self, **changes: Any) -> Self:
        """A copy with some values changed, checked like new.

        Parameters
        ----------
        **changes
            Values by name. A section takes a mapping (``friends={"koc_median": 500}``), which is
            merged into what is there. ``**{"friends.koc_median": 500}`` means the same. A section
            (``friends=Friends(koc_median=500)``) replaces all of what is there.

        Raises
        ------
        ParameterError
            For unknown names and values out of range.
        """
        return type(self)._checked(_merge(dict(self), _nested(changes)))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As `replace`: pydantic's own (and with it `copy.replace`) would not check."""
        return self.replace(**update) if update else super().model_copy(deep=deep)

    @classmethod
    def _checked(cls, values: dict[str, Any], where: str = "") -> Self:
        """Validate `values`; `where` (a file) starts the sentence when something is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ParameterError(where + _sentences(cls, error)) from None

    def parameters(self, prefix: str = "") -> list[Parameter]:
        """Every parameter with value, unit, range, meaning and source; sections with dotted names."""
        rows: list[Parameter] = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, Section):
                rows += value.parameters(f"{prefix}{name}.")
            elif isinstance(value, tuple):
                for number, item in enumerate(value):
                    rows += item.parameters(f"{prefix}{name}.{number}.")
            else:
                extra = field.json_schema_extra
                assert isinstance(extra, dict), f"{name} is not declared with param()"
                rows.append(Parameter(prefix + name, value, str(extra["unit"]), _range(field),
                                      field.description or "", str(extra["source"])))
        return rows


def _plain(value: Any, kind: Any) -> Any:
    """`value` as Python's own int, float or str where a field of that kind takes it.

    Raises
    ------
    ValueError
        When it is of another kind; the sentence about it is written in `_sentence`.
    """
    if get_origin(kind) is tuple:
        if isinstance(value, Section):
            return (value,)
        if isinstance(value, Mapping) and list(value) == [str(number) for number in range(len(value))]:
            return tuple(value.values())
        return value
    if isinstance(value, str):
        value.encode()  # half a surrogate pair could not be written to a file
        value = str(value)
    if kind not in (bool, int, float, str):
        return value
    number = _is_number(value)
    if kind is int and number and abs(value) < 2**53 and value == int(value):
        return int(value)
    if kind is int and isinstance(value, numbers.Integral) and number:
        return int(value)
    if kind is float and number:
        try:
            return float(value)
        except OverflowError:
            raise ValueError("beyond all floats") from None
    if kind is str and isinstance(value, str):
        return value
    if kind is bool and isinstance(value, bool):
        return value
    raise ValueError("of another kind")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _nested(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted names into nested mappings."""
    nested: dict[str, Any] = {}
    for path, value in changes.items():
        *above, last = path.split(".")
        for name in reversed(above):
            value, last = {last: value}, name
        nested = _merge(nested, {last: value})
    return nested


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`: a mapping changes what it names, a section replaces all."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping | Section):
            value = _merge(dict(before), value)
        elif isinstance(value, Mapping) and isinstance(before, tuple):
            value = _items(before, value)
        merged[name] = value
    return merged


def _items(items: tuple[Section, ...], changes: Mapping[str, Any]) -> list[Any] | Mapping[str, Any]:
    """A list of sections with some of them changed, by number or by name; the changes themselves if there is none."""
    changed: list[Any] = list(items)
    names = [str(getattr(item, "name", number)) for number, item in enumerate(items)]
    for key, change in changes.items():
        where = names.index(str(key)) if str(key) in names else int(key) if str(key).isdecimal() else len(items)
        if where >= len(items) or not isinstance(change, Mapping):
            return changes
        changed[where] = _merge(dict(changed[where]), change)
    return changed


def _field(cls: type[BaseModel], path: tuple[Any, ...]) -> FieldInfo | None:
    """The declaration at a path such as ("friends", "sigma"), if there is one."""
    field: FieldInfo | None = None
    here: Any = cls
    for name in path:
        if isinstance(name, int) and get_origin(here) is tuple:
            here = get_args(here)[0]  # an item of a list of sections
            continue
        if not _is_section(here):
            break  # deeper than the declarations: a branch of a union
        field = here.model_fields.get(name)
        if field is None:
            return None
        here = field.annotation
    return field


def _range(field: FieldInfo) -> str:
    """A field's range in words: "[0, 1]", "one of 'a', 'b'", "true or false"."""
    annotation: Any = field.annotation
    if get_origin(annotation) is tuple:
        return f"a list of {get_args(annotation)[0].__name__}"
    choices = getattr(annotation, "__args__", None)
    if choices and all(isinstance(choice, str) for choice in choices):
        return "one of " + ", ".join(repr(choice) for choice in choices)
    if annotation is bool:
        return "true or false"
    if annotation is str:
        return "text"
    low, high, bracket = "-inf", "inf)", "("
    for bound in field.metadata:
        if (value := getattr(bound, "ge", None)) is not None:
            low, bracket = f"{value:g}", "["
        if (value := getattr(bound, "gt", None)) is not None:
            low, bracket = f"{value:g}", "("
        if (value := getattr(bound, "le", None)) is not None:
            high = f"{value:.10g}]"
    whole = "whole number in " if annotation is int else ""
    return f"{whole}{bracket}{low}, {high}"


def _sentences(cls: type[Section], error: ValidationError) -> str:
    """What is wrong, a sentence each."""
    return " ".join(_sentence(cls, dict(e)) for e in error.errors(include_url=False))


def _sentence(cls: type[Section], error: dict[str, Any]) -> str:
    """One sentence for one of pydantic's errors."""
    path = tuple(error["loc"])
    name = cls._prefix() + ".".join(map(str, path))
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return f"There is no parameter {name!r}.{_did_you_mean(cls, path)}"
    if error["type"] == "value_error" and not path:
        return str(error["ctx"]["error"])
    field = _field(cls, path)
    got = error["input"]
    if field is None:
        return f"{name}: {error['msg']}; got {_shown(got)}."
    if _is_section(field.annotation):
        names = ", ".join(field.annotation.model_fields)
        return f"{name} is a section and takes {names}; got {_shown(got)}."
    allowed = _range(field)
    if allowed.startswith("whole number"):
        verb = "must be a"
    elif field.annotation is not float:
        verb = "must be"
    else:
        verb = "must lie in" if _is_number(got) else "must be a number in"
    return f"{name} {verb} {allowed}; got {_shown(got)}."


def _shown(value: Any) -> str:
    """`value` in an error sentence: on one line, and not page-long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def _is_section(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _did_you_mean(cls: type[Section], path: tuple[Any, ...]) -> str:
    """Names that might have been meant: the same in a section, or a similar one in the same place."""
    above = _field(cls, path[:-1])
    here: Any = above.annotation if above is not None else cls
    if get_origin(here) is tuple:
        here = get_args(here)[0]
    if not _is_section(here):
        return ""
    last = str(path[-1])
    same = [
        f"{section}.{last}"
        for section, field in cls.model_fields.items()
        if _is_section(field.annotation) and last in field.annotation.model_fields
    ]
    near = difflib.get_close_matches(last, list(here.model_fields), n=1, cutoff=0.5)
    meant = same or [".".join([*map(str, path[:-1]), name]) for name in near]
    if len(meant) > MOST_HINTS:
        shown = ", ".join(repr(cls._prefix() + name) for name in meant[:MOST_HINTS])
        return f" Did you mean {shown} or that of {len(meant) - MOST_HINTS} other sections?"
    if meant:
        return f" Did you mean {' or '.join(repr(cls._prefix() + name) for name in meant)}?"
    return f" There are: {', '.join(here.model_fields)}."
