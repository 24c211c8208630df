"""What a parameter is: a default, a unit, a range, a meaning, and a source or the word *assumption*.

Every section of a scenario derives from `Section` and declares its fields with `param`. The text that
``kocsim show`` prints, the error sentences and the README's table all come from these declarations.
"""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from kocsim.errors import ParameterError


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
    extra = {"unit": unit, "source": source}
    return Field(
        default, description=meaning, ge=ge, le=le, gt=gt, allow_inf_nan=False,
        json_schema_extra=extra,
    ) if isinstance(default, float) else Field(
        default, description=meaning, ge=ge, le=le, gt=gt, json_schema_extra=extra
    )


class Section(BaseModel):
    """A group of parameters: typed, immutable, refusing unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, strict=False)

    def replace(self, **changes: Any) -> Self:
        """A copy with some values changed, checked like new.

        Parameters
        ----------
        **changes
            Values by name. A section takes a mapping (``friends={"koc_median": 500}``), which is
            merged into what is there. ``**{"friends.koc_median": 500}`` means the same.

        Raises
        ------
        ParameterError
            For unknown names and values out of range.
        """
        return type(self)._checked(_merge(self.model_dump(), _nested(changes)))

    @classmethod
    def _checked(cls, values: dict[str, Any], where: str = "") -> Self:
        """Validate `values`; `where` (a file) starts the sentence when something is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            sentences = [_sentence(cls, dict(e)) for e in error.errors(include_url=False)]
            raise ParameterError(where + " ".join(sentences)) from None

    def parameters(self, prefix: str = "") -> list[Parameter]:
        """Every parameter with value, unit, range, meaning and source; sections with dotted names."""
        rows: list[Parameter] = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, Section):
                rows += value.parameters(f"{prefix}{name}.")
            else:
                extra = field.json_schema_extra
                assert isinstance(extra, dict), f"{name} is not declared with param()"
                rows.append(Parameter(prefix + name, value, str(extra["unit"]), _range(field),
                                      field.description or "", str(extra["source"])))
        return rows


def _nested(changes: dict[str, Any]) -> dict[str, Any]:
    """Turn dotted names into nested mappings and sections into mappings."""
    nested: dict[str, Any] = {}
    for path, value in changes.items():
        if isinstance(value, Section):
            value = value.model_dump()
        *above, last = path.split(".")
        for name in reversed(above):
            value, last = {last: value}, name
        nested = _merge(nested, {last: value})
    return nested


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merge(merged[name], value) if both else value
    return merged


def _field(cls: type[BaseModel], path: tuple[Any, ...]) -> FieldInfo | None:
    """The declaration at a path such as ("friends", "sigma"), if there is one."""
    field: FieldInfo | None = None
    here: Any = cls
    for name in path:
        if not (isinstance(here, type) and issubclass(here, BaseModel)):
            break  # deeper than the declarations: an item of a list, a branch of a union
        field = here.model_fields.get(name)
        if field is None:
            return None
        here = field.annotation
    return field


def _range(field: FieldInfo) -> str:
    """A field's range in words: "[0, 1]", "one of 'a', 'b'", "true or false"."""
    annotation: Any = field.annotation
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


def _sentence(cls: type[BaseModel], error: dict[str, Any]) -> str:
    """One sentence for one of pydantic's errors."""
    path = tuple(error["loc"])
    name = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        return f"There is no parameter {name!r}.{_did_you_mean(cls, path)}"
    if error["type"] == "value_error" and not path:
        return str(error["ctx"]["error"])
    field = _field(cls, path)
    got = error["input"]
    if field is None:
        return f"{name}: {error['msg']}; got {got!r}."
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        names = ", ".join(field.annotation.model_fields)
        return f"{name} is a section and takes {names}; got {got!r}."
    verb = "must lie in" if "[" in _range(field) or "(" in _range(field) else "must be"
    if "whole" in _range(field):
        verb = "must be a"
    return f"{name} {verb} {_range(field)}; got {got!r}."


def _did_you_mean(cls: type[BaseModel], path: tuple[Any, ...]) -> str:
    above = _field(cls, path[:-1])
    here: Any = above.annotation if above is not None else cls
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return ""
    near = difflib.get_close_matches(str(path[-1]), list(here.model_fields), n=1, cutoff=0.5)
    if near:
        return f" Did you mean {'.'.join([*map(str, path[:-1]), near[0]])!r}?"
    return f" There are: {', '.join(here.model_fields)}."
