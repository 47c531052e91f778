#!/usr/bin/env python3
"""Writes bedrock-runtime.json beside this file: the shapes of Converse and ConverseStream in AWS's service model.

Needs the Python package botocore; take its newest version:

    pip install --upgrade botocore && host-test/model/renew.py

A shape is an object with one member, its kind; beside it what constrains it. Documentation is left out.
"""

import json
import pathlib

import botocore
import botocore.loaders

OPERATIONS = ["Converse", "ConverseStream"]
CONSTRAINTS = ["enum", "max", "min", "pattern"]


def compact(shape):
    kind = shape["type"]
    rest = {name: shape[name] for name in CONSTRAINTS if name in shape}
    if kind == "structure":
        if shape.get("document"):
            return {"document": {}}
        kind = "union" if shape.get("union") else "events" if shape.get("eventstream") else kind
        members = {name: member["shape"] for name, member in shape["members"].items()}
        for name in ("required", "error"):
            if name in shape:
                rest[name] = shape[name]
        if shape.get("exception"):
            rest["exception"] = True
        return {kind: members, **rest}
    if kind == "list":
        return {kind: shape["member"]["shape"], **rest}
    if kind == "map":
        return {kind: [shape["key"]["shape"], shape["value"]["shape"]], **rest}
    return {kind: {}, **rest}


def references(shape):
    kind, value = next(iter(shape.items()))
    if kind in ("structure", "union", "events"):
        return value.values()
    return {"list": [value], "map": value}.get(kind, [])


def main():
    model = botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    shapes, operations = {}, {}
    pending = []
    for name in OPERATIONS:
        operation = model["operations"][name]
        operations[name] = {
            "path": operation["http"]["requestUri"],
            "input": operation["input"]["shape"],
            "output": operation["output"]["shape"],
            "errors": [error["shape"] for error in operation["errors"]],
        }
        pending += [operation["input"]["shape"], operation["output"]["shape"], *operations[name]["errors"]]
    while pending:
        name = pending.pop()
        if name not in shapes:
            shapes[name] = compact(model["shapes"][name])
            pending += references(shapes[name])

    def line(value):
        return json.dumps(value, ensure_ascii=False)

    def block(entries):
        return ",\n".join(f"    {line(name)}: {line(value)}" for name, value in sorted(entries.items()))

    source = f"botocore {botocore.__version__}, bedrock-runtime/2023-09-30/service-2.json"
    text = f'{{\n  "source": {line(source)},\n  "operations": {{\n{block(operations)}\n  }},\n'
    text += f'  "shapes": {{\n{block(shapes)}\n  }}\n}}\n'
    pathlib.Path(__file__).with_name("bedrock-runtime.json").write_text(text, encoding="utf-8")


main()
