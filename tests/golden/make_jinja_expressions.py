#!/usr/bin/env python3
"""Makes chat/expressions.json: random templates and what transformers renders from them.

    pip install transformers jinja2
    tests/golden/make_jinja_expressions.py > tests/golden/chat/expressions.json

A template that transformers refuses has "rendered": null. Neither building nor testing needs this script.
"""
import json
import random
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

SEED, TEMPLATES, REFUSED = 11, 320, 60

MESSAGES = [
    {"role": "system", "content": "  You are\n a Bot. "},
    {"role": "user", "content": "Hi <b>&'\"é世界</b>"},
    {"role": "assistant", "content": "one two  three", "tool_calls": [
        {"type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": [1.5, None, True]}}}]},
    {"role": "tool", "content": "42"},
    {"role": "user", "content": [{"type": "text", "text": "part1"}, {"type": "image"}]},
]
TOOLS = [{"type": "function", "function": {
    "name": "get", "description": "x",
    "parameters": {"type": "object", "properties": {"q": {"type": "string", "enum": ["a", "b"]}}, "required": ["q"]}}}]

STRINGS = ["messages[0].content", 'messages[1]["content"]', '"a,b,,c"', "'Hello World'", "messages[2]['content']",
           '""', "'x' ~ 3 ~ none", "'%s-%d' % ('a', 5)", "messages[0]['role']"]
INTEGERS = ["3", "-2", "messages|length", "7 // 2", "-7 % 3", "2 ** 5", "10 - 3 * 2", "0"]
LISTS = ["[3,1,2]", "messages", 'messages|map(attribute="role")|list', "range(5)|list", "[1,[2,3]]",
         "['b','A','c','a']", "'abc'|list", "(1,2,3)", "[]", "[none,true,1.0]", "messages[1:]", "messages[::-1]",
         "tools", "messages[2].tool_calls"]
DICTS = ['{"b":1,"a":2}', "messages[0]", "tools[0]", "tools[0].function.parameters", "dict(x=1,y='z')", "{}"]
VALUES = ["1.0", "1e20", "0.1", "1/3", "10/2", "none", "true", "undefined_name", "5|string", "3.7|int", "3.7|round",
          "2.5|round", "3.14159|round(2)", "7|float", "'12'|int", "'abc'|int(9)", "-3|abs", "1234567.0", "1e-5",
          "123456789012345678901234567890", "namespace(a=1).a", '"{}"', "[1,2]|sum", "true + 1", "messages[0].nokey",
          'messages[9]|default("none")']
OF_STRING = ["|trim", "|upper", "|lower", "|capitalize", "|title", '|replace("l","L")', ".strip()", ".upper()",
             '.lstrip("Yo ")', ".rstrip()", "|string", "|tojson", "|e", "|indent(2)", "|indent(4,true)",
             "|truncate(9)", "|first", "|last", "|reverse", "[1:4]", "[-3:]", '.replace("o","0")', ".title()",
             '|default("d")', '|default("d",true)', "|center(20)", "|wordcount", "|length", "|striptags", "|safe",
             "|urlencode", '.split()|join("|")', ".splitlines()|list|string", '.find("o")', '.count("o")', "[::-1]",
             '|trim("Yd ")', '.startswith("H")', '.endswith(("d","b"))', '.split(",")', '.split(",",1)[0]',
             '.join(["a","b"])', '|list|join("-")', "|unique|join", "|batch(2)|list", "|int(5)", "|float(1.5)",
             ".isdigit()", ".isalpha()", ".islower()"]
OF_LIST = ["|sort", "|reverse|list", "|unique|list", "[:2]", "[-1:]", "[::2]", '|map("string")|list',
           '|map("upper")|list', '|select("defined")|list', '|reject("none")|list',
           '|selectattr("role","equalto","user")|list', '|rejectattr("role","eq","user")|list',
           '|map(attribute="content")|list', "|batch(2)|list", "|slice(2)|list", '|selectattr("tool_calls","defined")|list',
           '|select("string")|list', "|sort(reverse=true)", '|groupby("role")|list',
           '|selectattr("content","string")|map(attribute="content")|list',
           '|map(attribute="role",default="none")|list', '|select("in",["a",1,3])|list', "|tojson", "|length", "|first",
           "|last", "|min", "|max", '|map("tojson")|join(";")', '|map("trim")|list', "|tojson(indent=2)"]
OF_DICT = ["|items|list", ".items()|list", ".keys()|list", ".values()|list", "|dictsort", "|list", "|dictsort(true)",
           '|dictsort(false,"value")', "|length", '.get("a")', '.get("zz","no")', "|tojson", "|tojson(indent=4)",
           "|string", "|xmlattr"]
TESTS = ["string", "defined", "none", "mapping", "iterable", "sequence", "number", "integer", "float", "boolean",
         "undefined", "true", "false", "callable", "lower", "upper"]

rng = random.Random(SEED)
pick = rng.choice


def string(depth=0):
    kind = rng.randrange(16)
    if depth > 2 or kind == 15:
        return pick(STRINGS)
    if kind < 9:
        return f"({string(depth + 1)}){pick(OF_STRING)}"
    if kind < 11:
        return f"({string(depth + 1)} ~ {value(depth + 1)})"
    if kind < 12:
        return f"({string(depth + 1)} + {string(depth + 1)})"
    if kind < 13:
        return f"({string(depth + 1)} if {condition(depth + 1)} else {string(depth + 1)})"
    if kind < 14:
        return "(" + sequence(depth + 1) + "|join" + pick(["", '(", ")', '("-")']) + ")"
    return f"({string(depth + 1)} * 2)"


def sequence(depth=0):
    if depth > 2:
        return pick(LISTS)
    return pick([lambda: f"({sequence(depth + 1)}){pick(OF_LIST)}",
                 lambda: f"({sequence(depth + 1)} + {sequence(depth + 1)})",
                 lambda: pick(LISTS),
                 lambda: f"({pick(DICTS)}){pick(OF_DICT)}"])()


def value(depth=0):
    return pick([lambda: string(depth + 1), lambda: sequence(depth + 1), lambda: pick(DICTS), lambda: pick(INTEGERS),
                 lambda: condition(depth + 1), lambda: pick(VALUES)])()


def condition(depth=0):
    if depth > 2:
        return pick(["true", "false"])
    return pick([lambda: f"{value(depth + 1)} is {pick(TESTS)}",
                 lambda: f"{string(depth + 1)} in {string(depth + 1)}",
                 lambda: f'"user" in {sequence(depth + 1)}',
                 lambda: pick(INTEGERS) + pick(["<", ">", "==", "!=", "<=", ">="]) + pick(INTEGERS),
                 lambda: f"not ({value(depth + 1)})",
                 lambda: f"({value(depth + 1)} and {value(depth + 1)})",
                 lambda: f"({value(depth + 1)} or {value(depth + 1)})",
                 lambda: f"({value(depth + 1)} == {value(depth + 1)})",
                 lambda: pick(INTEGERS) + " is " + pick(["odd", "even", "divisibleby 3"]),
                 lambda: f'"a" not in {pick(DICTS)}'])()


def statement(depth=0):
    kind, dash = rng.randrange(10), lambda: pick(["", "", "", "-"])
    if kind < 4 or depth > 2:
        return "{{%s %s %s}}" % (dash(), value(), dash())
    if kind < 5:
        return (f"{{%{dash()} if {condition()} {dash()}%}}\n {statement(depth + 1)}{{%{dash()} elif {condition()} %}}E"
                f"{{%{dash()} else %}}{statement(depth + 1)}\n{{% endif {dash()}%}}\n")
    if kind < 7:
        return (f"{{%{dash()} for x in {sequence()}{pick(['', ' if x'])} {dash()}%}}{{{{ x }}}}:{{{{ loop.index }}}}"
                f"{{{{ loop.first }}}}{{{{loop.last}}}}{{{{ loop.previtem is defined }}}}{statement(depth + 1)}"
                f"{{% else %}}none{{%{dash()} endfor %}}\n")
    if kind < 8:
        return (f"{{% set v = {value()} {dash()}%}}\n{{{{ v }}}} {{% set ns = namespace(c=0) %}}{{% for i in range(3) %}}"
                "{% set ns.c = ns.c + i %}{% endfor %}{{ ns.c }}")
    if kind < 9:
        return (f"{{% macro m(a, b={value()}) %}}[{{{{ a }}}}|{{{{ b }}}}]{{% endmacro %}}{{{{ m({string()}) }}}}"
                "{{ m(1, b=2) }}")
    return f"  text \n\n {{# c #}} {{%{dash()} set q %}}block {statement(depth + 1)}{{% endset %}}{{{{ q|upper }}}}\n"


def rendered(template):
    try:
        return _compile_jinja_template(template).render(messages=MESSAGES, tools=TOOLS, bos_token="<s>", eos_token="</s>")
    except Exception:
        return None


# What Python prints of things without a form of their own.
UNPRINTABLE = ["object at 0x", "Macro", "<generator", "built-in", "loopcontext", "undefined", "bound method"]


def main():
    found, refused = {}, 0
    while len(found) < TEMPLATES:
        template = statement()
        if len(template) > 260 or template in found:
            continue
        text = rendered(template)
        if text is None:
            refused += 1
            if refused > REFUSED:
                continue
        elif len(text) > 500 or any(word.lower() in text.lower() for word in UNPRINTABLE):
            continue
        found[template] = text
    json.dump({"messages": MESSAGES, "tools": TOOLS,
               "templates": [{"template": t, "rendered": r} for t, r in found.items()]},
              sys.stdout, ensure_ascii=False, indent=0)
    print()


main()
