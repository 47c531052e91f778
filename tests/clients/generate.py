#!/usr/bin/env python3
"""Prints requests as botocore writes them, from parameters that are random but valid by AWS's service model.

A request a line, as JSON: `modelId`, the `path` that botocore asks for, and the `body` that it sends. The
same seed gives the same requests. Fails if a member that the model has is in none of them.
"""

import argparse
import collections
import json
import random
import sys

import botocore.serialize
import botocore.session

# What strings are made of: all that JSON escapes, and characters of one to four bytes.
CHARACTERS = " aB7/_.:-%+'\"\\\b\f\n\r\t\0\x1f\x7f\x80é☃東\u2028\uffff🦀"
# A model id is a part of the path, where control characters have no place.
MODEL_ID_CHARACTERS = "aB7/_.:-~ %+?#&=@'\"\\é☃🦀"
# The contract has a field for what is in this structure: an empty one is the same as none.
NEVER_EMPTY = "PerformanceConfiguration"
# So often each optional member is given as soon as there is a structure for it, and by chance from then on.
SEVERAL = 10


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        # How often each member of each structure was given.
        self.given = collections.Counter()

    def request(self, shape):
        parameters = self.structure(shape)
        # Letters around it, since a path has no place for `.` and `..` either.
        parameters["modelId"] = f"m{self.text(MODEL_ID_CHARACTERS, 0, 80)}m"
        return parameters

    def value(self, shape):
        if getattr(shape, "is_document_type", False):
            return self.document(depth=3)
        return getattr(self, shape.type_name)(shape)

    def structure(self, shape):
        given = {name: self.given[f"{shape.name}.{name}"] for name in shape.members}
        if shape.is_tagged_union or shape.name == NEVER_EMPTY:
            # What is deep inside the model gets its turn too.
            least = min(given.values())
            names = [self.random.choice([name for name in given if given[name] == least])]
        else:
            required = shape.required_members
            names = [name for name in given if name in required or given[name] < SEVERAL or self.chance(2)]
        self.given.update(f"{shape.name}.{name}" for name in names)
        return {name: self.value(shape.members[name]) for name in names}

    def list(self, shape):
        most = 4 if shape.name == "Messages" else 3
        return [self.value(shape.member) for _ in range(self.random.randint(1, most))]

    def map(self, shape):
        return {self.value(shape.key): self.value(shape.value) for _ in range(self.random.randint(1, 3))}

    def string(self, shape):
        if shape.enum:
            return self.random.choice(shape.enum)
        # Patterns are not looked at.
        return self.text(CHARACTERS, shape.metadata.get("min", 0), shape.metadata.get("max", 40))

    def text(self, characters, least, most):
        # Now and then as long as it may be.
        length = most if self.chance(50) else self.random.randint(least, min(most, least + 20))
        return "".join(self.random.choice(characters) for _ in range(length))

    def blob(self, shape):
        return self.random.randbytes(self.random.randint(shape.metadata.get("min", 0), 30))

    def boolean(self, _):
        return self.chance(2)

    def integer(self, shape):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 2**31 - 1)
        return self.random.choice([least, most, self.random.randint(least, min(most, least + 1000))])

    def float(self, shape):
        """A number that is written with the same digits from 32 as from 64 bits."""
        steps = self.random.choice([8, 100])
        return self.random.randint(shape.metadata["min"] * steps, shape.metadata["max"] * steps) / steps

    def document(self, depth):
        """An object. It has no floats: not everybody writes them with the same digits."""
        return {self.text(CHARACTERS, 0, 20): self.anything(depth) for _ in range(self.random.randint(0, 3))}

    def anything(self, depth):
        kind = self.random.randrange(7 if depth else 5)
        if kind == 0:
            return None
        if kind == 1:
            return self.chance(2)
        if kind == 2:
            return self.random.randint(-(10**3), 10**3)
        if kind == 3:
            return self.random.randint(-(10**30), 10**30)
        if kind == 4:
            return self.text(CHARACTERS, 0, 40)
        if kind == 5:
            return [self.anything(depth - 1) for _ in range(self.random.randint(0, 3))]
        return self.document(depth - 1)

    def chance(self, outcomes):
        """Once in so many times."""
        return self.random.randrange(outcomes) == 0


def members(shape, found):
    """The members of all structures that `shape` is made of."""
    if shape.type_name == "list":
        members(shape.member, found)
    elif shape.type_name == "map":
        members(shape.key, found)
        members(shape.value, found)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            if f"{shape.name}.{name}" not in found:
                found.append(f"{shape.name}.{name}")
                members(member, found)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="how many (400)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    arguments = parser.parse_args()

    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    operation = service.operation_model("ConverseStream")
    # It holds the parameters against the model first.
    serializer = botocore.serialize.create_serializer(service.metadata["protocol"])
    generator = Generator(arguments.seed)
    for _ in range(arguments.requests):
        parameters = generator.request(operation.input_shape)
        request = serializer.serialize_to_request(parameters, operation)
        body = json.loads(request["body"])
        print(json.dumps({"modelId": parameters["modelId"], "path": request["url_path"], "body": body}))

    modeled = members(operation.input_shape, [])
    for name in modeled:
        print(f"{generator.given[name]:6} {name}", file=sys.stderr)
    missing = [name for name in modeled if not generator.given[name]]
    print(f"{len(modeled) - len(missing)} of {len(modeled)} members of the model were given", file=sys.stderr)
    if missing:
        sys.exit(f"never given: {', '.join(missing)}")


main()
