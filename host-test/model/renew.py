#!/usr/bin/env python3
"""Writes two files beside this one, from what AWS publishes about bedrock-runtime:

* bedrock-runtime.json: the shapes of Converse and ConverseStream in the service model. A shape is an object with one
  member, its kind; beside it what constrains it. Documentation is left out.
* endpoints.json: what the endpoint rule set answers, an endpoint or an error, for each region and for custom
  endpoints; with neither switch, with UseFIPS, with UseDualStack, with both.

Needs the Python package botocore; take its newest version:

    pip install --upgrade botocore && host-test/model/renew.py
"""

import json
import pathlib

import botocore
import botocore.endpoint_provider
import botocore.exceptions
import botocore.loaders

SERVICE = "bedrock-runtime"
OPERATIONS = ["Converse", "ConverseStream"]
CONSTRAINTS = ["enum", "max", "min", "pattern"]
SWITCHES = [(False, False), (True, False), (False, True), (True, True)]
# What may be a region some day, in each partition and in none; then names just inside or outside a partition's pattern.
UNKNOWN_REGIONS = """
    eu-new-9 us-gov-new-1 cn-new-1 eusc-de-new-1 us-iso-new-1 us-isob-new-1 eu-isoe-new-1 us-isof-new-1
    xx-new-1 eusc-xx-new-1 us-isog-new-1
    us-iso-new-12 us-iso-new-1a us-iso-new- us-iso--1 us-iso-1 us-isob-1 us-iso us-iso-new-east-1 eusc-de-1
    cn-1-1 cn-1 cn-north cn-north-1-a xcn-north-1
""".split()
CUSTOM_ENDPOINTS = ["https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com", "http://127.0.0.1:8080/prefix"]


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


def line(value):
    return json.dumps(value, ensure_ascii=False)


def write(name, text):
    pathlib.Path(__file__).with_name(name).write_text(text, encoding="utf-8")


def write_model(loader):
    version = loader.determine_latest_version(SERVICE, "service-2")
    model = loader.load_service_model(SERVICE, "service-2", version)
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

    def block(entries):
        return ",\n".join(f"    {line(name)}: {line(value)}" for name, value in sorted(entries.items()))

    source = f"botocore {botocore.__version__}, {SERVICE}/{version}/service-2.json"
    text = f'{{\n  "source": {line(source)},\n  "operations": {{\n{block(operations)}\n  }},\n'
    text += f'  "shapes": {{\n{block(shapes)}\n  }}\n}}\n'
    write(f"{SERVICE}.json", text)


def write_endpoints(loader):
    version = loader.determine_latest_version(SERVICE, "endpoint-rule-set-1")
    rules = loader.load_service_model(SERVICE, "endpoint-rule-set-1", version)
    partitions = loader.load_data("partitions")
    provider = botocore.endpoint_provider.EndpointProvider(rules, partitions)

    def answer(**parameters):
        try:
            return provider.resolve_endpoint(**parameters).url
        except botocore.exceptions.EndpointProviderError as error:
            return str(error)

    def block(name, values, **others):
        rows = [
            [value, *(answer(**{name: value}, **others, UseFIPS=fips, UseDualStack=dual) for fips, dual in SWITCHES)]
            for value in values
        ]
        return ",\n".join(f"    {line(row)}" for row in rows)

    # What ends in -global stands for services that have no regions: there is no such endpoint of this one.
    known = [
        region
        for partition in partitions["partitions"]
        for region in sorted(partition["regions"])
        if not region.endswith("-global")
    ]
    regions = block("Region", known + UNKNOWN_REGIONS)
    custom = block("Endpoint", CUSTOM_ENDPOINTS, Region="us-east-1")
    source = f"botocore {botocore.__version__}, {SERVICE}/{version}/endpoint-rule-set-1.json and partitions.json"
    text = f'{{\n  "source": {line(source)},\n  "regions": [\n{regions}\n  ],\n'
    text += f'  "custom": [\n{custom}\n  ]\n}}\n'
    write("endpoints.json", text)


def main():
    loader = botocore.loaders.Loader()
    write_model(loader)
    write_endpoints(loader)


main()
