#!/usr/bin/env python3
"""Reads the fake's replies with boto3. Argument: the fake's URL."""

import sys

import boto3
import botocore.exceptions
from botocore.config import Config

URL = sys.argv[1]
MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]


def client(**credentials):
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=URL,
        config=Config(retries={"total_max_attempts": 1}),
        **credentials,
    )


def keys(**changed):
    return {
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        **changed,
    }


def ask(scenario, using):
    """All events of a reply, and the code and message of the error that ended it."""
    events = []
    try:
        reply = using.converse_stream(modelId=f"fake.{scenario}-v1:0", messages=MESSAGES)
        events.extend(reply["stream"])
    except botocore.exceptions.ClientError as error:
        return events, (error.response["Error"]["Code"], error.response["Error"]["Message"])
    return events, None


def deltas(events, kind):
    found = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    return [delta[kind] for delta in found if kind in delta]


def equal(actual, wanted):
    if actual != wanted:
        sys.exit(f"boto3 reads {actual!r}\ninstead of  {wanted!r}")


def main():
    bedrock = client(**keys())

    events, error = ask("text", bedrock)
    equal(error, None)
    equal(
        "".join(deltas(events, "text")),
        "You said: hello. Every word of this is a frame of its own: ☃, 東京, 🦀.",
    )
    equal(events[-2], {"messageStop": {"stopReason": "end_turn"}})
    equal(events[-1]["metadata"]["usage"], {"inputTokens": 12, "outputTokens": 16, "totalTokens": 28})

    events, error = ask("tool-use", bedrock)
    equal(error, None)
    starts = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    equal([(start["name"], start["toolUseId"]) for start in starts], [("weather", "tooluse_1"), ("clock", "tooluse_2")])
    equal("".join(delta["input"] for delta in deltas(events, "toolUse")), '{"city":"Paris"}')
    equal(events[-2], {"messageStop": {"stopReason": "tool_use"}})

    events, error = ask("reasoning", bedrock)
    equal(error, None)
    reasoning = deltas(events, "reasoningContent")
    equal("".join(delta.get("text", "") for delta in reasoning), "The user wants a number.")
    equal(reasoning[-2:], [{"signature": "c2lnbmF0dXJl"}, {"redactedContent": b"\x00\x01\xff"}])

    events, error = ask("citations", bedrock)
    equal(error, None)
    equal([citation["title"] for citation in deltas(events, "citation")], ["Physics", "Paris"])
    events, error = ask("image", bedrock)
    equal(error, None)
    equal(deltas(events, "image")[0]["source"]["bytes"][:4], b"\x89PNG")
    events, error = ask("server-tool", bedrock)
    equal(error, None)
    equal([len(delta) for delta in deltas(events, "toolResult")], [1, 1])
    events, error = ask("guardrail", bedrock)
    equal(events[-1]["metadata"]["trace"]["guardrail"]["actionReason"], "Guardrail blocked.")
    events, error = ask("cached", bedrock)
    equal(events[-1]["metadata"]["usage"]["cacheDetails"][0], {"inputTokens": 300, "ttl": "5m"})

    for scenario in ["text", "tool-use", "reasoning", "citations", "image", "server-tool", "guardrail", "cached"]:
        reply = bedrock.converse(modelId=f"fake.{scenario}", messages=MESSAGES)
        if not reply["output"]["message"]["content"]:
            sys.exit(f"boto3 reads nothing in {scenario}")

    for scenario, code in [
        ("error-access-denied", "AccessDeniedException"),
        ("error-internal-server", "InternalServerException"),
        ("error-model", "ModelErrorException"),
        ("error-model-not-ready", "ModelNotReadyException"),
        ("error-model-timeout", "ModelTimeoutException"),
        ("error-resource-not-found", "ResourceNotFoundException"),
        ("error-service-unavailable", "ServiceUnavailableException"),
        ("error-throttling", "ThrottlingException"),
        ("error-validation", "ValidationException"),
    ]:
        events, error = ask(scenario, bedrock)
        equal((events, error[0]), ([], code))
        equal(bool(error[1]), True)

    for scenario, code in [
        ("stream-internal-server", "internalServerException"),
        ("stream-model-error", "modelStreamErrorException"),
        ("stream-service-unavailable", "serviceUnavailableException"),
        ("stream-validation", "validationException"),
        ("stream-error", "InternalError"),
    ]:
        events, error = ask(scenario, bedrock)
        equal((deltas(events, "text"), error[0]), (["It begins"], code))

    for credentials, code in [
        (keys(aws_secret_access_key="wrong"), "InvalidSignatureException"),
        (keys(aws_session_token="wrong"), "UnrecognizedClientException"),
        (keys(aws_access_key_id="AKIDUNKNOWN"), "UnrecognizedClientException"),
    ]:
        _, error = ask("text", client(**credentials))
        equal(error[0], code)
    temporary = keys(
        aws_access_key_id="ASIDEXAMPLE",
        aws_secret_access_key="temporary+secret/EXAMPLEKEY",
        aws_session_token="temporary+session/tokenEXAMPLE==",
    )
    equal(ask("text", client(**temporary))[1], None)
    # (With an API key boto3 speaks HTTPS only.)
    print(f"boto3 {boto3.__version__} reads the fake's replies")


main()
