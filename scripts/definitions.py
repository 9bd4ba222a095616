"""Adds today's form of every definition to metrics/definitions.toml, where it is not the last one.

A form may be added only to a version whose digits were shown to be the same: by the tests that
compare with the sandbox's oracles, and by `hypertally verify` on books that the form before kept.
Otherwise the version of the definition is raised.
"""

from hypertally.flow import DEFINITIONS
from hypertally.metrics.definition_form import form_of
from hypertally.metrics.definitions import FORMS_FILE, accepted_forms

HEAD = """\
# By definition, the forms that were shown to give the same digits; the last one is today's.
# `make definitions` adds a form. It is right only where no digit changes: else raise the version.
"""


def main() -> None:
    """Write the file anew; what stood there stays."""
    forms = {name: [str(form) for form in listed] for name, listed in accepted_forms().items()}
    for definition in DEFINITIONS:
        listed = forms.setdefault(definition.definition, [])
        today = str(form_of(definition))
        if today not in listed[-1:]:
            listed.append(today)
            print(f"{definition.definition}: {today}")
    entries = (
        f'["{name}"]\nforms = [\n' + "".join(f'    "{form}",\n' for form in listed) + "]\n"
        for name, listed in sorted(forms.items())
    )
    FORMS_FILE.write_text("\n".join([HEAD, *entries]), encoding="utf-8")


if __name__ == "__main__":
    main()
