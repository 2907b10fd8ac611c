"""Validates texts of TOML by a JSON Schema.

Standard input is {"schema": …, "texts": […]}. Standard output is a list with an answer for each text: null if the schema
accepts it, or else where and why it does not. A text that is no TOML has an answer that starts with "not TOML".
"""

import datetime
import json
import sys
import tomllib

from jsonschema import Draft202012Validator


def plain(value):
    """A date of TOML is a text in JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value


def answer(validator, text):
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"not TOML: {error}"
    error = next(validator.iter_errors(plain(document)), None)
    return error and f"{error.json_path}: {error.message}"


def main():
    asked = json.load(sys.stdin)
    Draft202012Validator.check_schema(asked["schema"])
    validator = Draft202012Validator(asked["schema"])
    json.dump([answer(validator, text) for text in asked["texts"]], sys.stdout)


main()
