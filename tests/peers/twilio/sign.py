"""The vendor's own signer (PyPI `twilio`).

`sign.py vectors FILE` signs the cases of the file again and fails if a signature there is another.
`sign.py fill FILE` writes the signatures into it.
`sign.py sign` reads {"token", "url", "form"} a line and writes a signature a line.
"""

import json
import sys

from twilio import __version__
from twilio.request_validator import RequestValidator


class Form(dict):
    """A form in which a name may come twice, as the vendor's signer reads it."""

    def getall(self, name):
        return self[name]


def sign(case):
    form = Form()
    for name, value in case["form"]:
        form.setdefault(name, []).append(value)
    return RequestValidator(case["token"]).compute_signature(case["url"], form)


def main():
    what = sys.argv[1]
    if what == "sign":
        for line in sys.stdin:
            print(sign(json.loads(line)), flush=True)
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        vectors = json.load(file)
    if what == "fill":
        vectors["made_with"] = f"PyPI twilio {__version__}, RequestValidator.compute_signature"
        for case in vectors["cases"]:
            case["signature"] = sign(case)
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump(vectors, file, ensure_ascii=False, indent=2)
            file.write("\n")
        return
    wrong = [case["name"] for case in vectors["cases"] if case["signature"] != sign(case)]
    if wrong:
        sys.exit(f"the vendor signs these otherwise: {wrong}")
    print(f"{len(vectors['cases'])} vectors are the vendor's own")


main()
