"""Makes the tables in `tests/data/tables` and `expected.json`: what Python's `csv` and `json` read in each. Run in that folder.
"""

import csv
import io
import json

TABLES = {
    # Name: text, encoding, delimiter.
    "plain.csv": ("name,price,@photo\r\nOak,12.50,oak.jpg\r\nElm,9,elm.jpg\r\n", "utf-8", ","),
    "quotes.csv": (
        'name,text\n"Oak, old","He said ""yes"""\n"two\nlines",\'single\'\n"a"b,c"d"\n"",x\n" lead", trail \n',
        "utf-8",
        ",",
    ),
    "bom.csv": ("Größe;Preis €\r\nklein;1,50\r\ngroß;2,75\r\n", "utf-8-sig", ";"),
    "utf-16-le.csv": ("name\tcity\r\nZoë\tKøbenhavn\r\n日本\t東京 🗼\r\n", "utf-16", "\t"),
    "utf-16-be.csv": ("name;city\nAda;Łódź\n", "utf-16-be", ";"),
    "windows-1252.csv": ("name;note\nRené;“5 €” – très bien…\n", "cp1252", ";"),
    "pipe.txt": ("a|b|c\n1,5|2;5|x y\n|| \n", "utf-8", "|"),
    "old-mac.csv": ("a,b\r1,2\r\r3,4", "utf-8", ","),
    "blank-lines.csv": ("\n\na,b\n\n1,2\n\n\n3,4\n\n", "utf-8", ","),
    "one-column.csv": ("title\nSummer sale\nNew in\n", "utf-8", ","),
    "one-column-comma.csv": ('title\n"Red, green"\nNew\n', "utf-8", ","),
    "commas-in-semicolons.csv": ("a;b\n1,5;2,5\n3,5;4,5\n", "utf-8", ";"),
    "short-rows.csv": ("a,b,c\n1\n1,2\n1,2,3\n1,2,3,\n", "utf-8", ","),
    "tabs.tsv": ('a\tb\n"x\ty"\tz\n', "utf-8", "\t"),
}

OBJECTS = [
    {"name": "Oak", "price": 12.5, "sold": True},
    {"name": "Elm, “old”", "note": None, "count": 3, "tags": ["a", {"b": 1}]},
]
LISTS = [["name", "price"], ["Oak", 12], ["Elm", -0.25]]


def text_of(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read(content, encoding, delimiter):
    text = content.decode("utf-16" if encoding == "utf-16" else encoding)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    width = len(rows[0])
    # Values that are missing are empty, and what is too much is empty in these tables.
    return {"header": rows[0], "rows": [(row + [""] * width)[:width] for row in rows[1:]]}


expected = {}
for name, (text, encoding, delimiter) in TABLES.items():
    content = text.encode(encoding)
    with open(name, "wb") as file:
        file.write(content)
    expected[name] = read(content, encoding, delimiter)

header = list(dict.fromkeys(key for row in OBJECTS for key in row))
with open("objects.json", "w", encoding="utf-8") as file:
    json.dump(OBJECTS, file, ensure_ascii=False)
expected["objects.json"] = {"header": header, "rows": [[text_of(row.get(key)) for key in header] for row in OBJECTS]}
with open("lists.json", "w", encoding="utf-8") as file:
    json.dump(LISTS, file)
expected["lists.json"] = {"header": LISTS[0], "rows": [[text_of(value) for value in row] for row in LISTS[1:]]}

with open("expected.json", "w", encoding="utf-8") as file:
    json.dump(expected, file, ensure_ascii=False, indent=1)
    file.write("\n")
