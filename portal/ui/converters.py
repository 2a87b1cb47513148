"""Path converters: a register's slug that exists, a record's reference."""

from portal.records.register import Register, get_register


class RegisterConverter:
    regex = "[a-z][a-z-]*"

    def to_python(self, value: str) -> Register:
        try:
            return get_register(value)
        except KeyError as exc:
            raise ValueError(value) from exc

    def to_url(self, value: Register | str) -> str:
        return value if isinstance(value, str) else value.slug


class ReferenceConverter:
    regex = "[A-Z]{2,6}-[0-9]{6,}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FormatConverter(ReferenceConverter):
    regex = "csv|xlsx"
