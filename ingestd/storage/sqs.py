"""
A queue of Amazon's SQS, or of what speaks like it.

The client is the one that s3fs brings. It is driven by a loop of its own, so that a
long poll can be ended from another thread at once.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from ingestd.errors import ComponentAway
from ingestd.storage.patience import Trouble
from ingestd.storage.queue import Message
from ingestd.storage.s3_errors import code_of, judge

_AT_ONCE: Final = 10
"""As many as SQS takes in one request."""
_CALL_SECONDS: Final = 10.0
_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_GONE: Final = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "NonExistentQueue",
}
_DENIED: Final = {"AccessDenied", "AccessDeniedException", "AccessDeniedFault"}
_REFUSED: Final = {
    *("ReceiptHandleIsInvalid", "InvalidParameterValue", "ReadCountOutOfRange"),
    *("InvalidParameterCombination", "InvalidIdFormat", "ValidationError"),
}
_KEYS: Final = {
    "key": "aws_access_key_id",
    "secret": "aws_secret_access_key",
    "token": "aws_session_token",
}
_PROBES: Final[dict[str, dict[str, Any]]] = {
    # Each is refused for its arguments where it is allowed, so that nothing changes.
    "ReceiveMessage": {"MaxNumberOfMessages": 0},
    "DeleteMessage": {"ReceiptHandle": "none"},
    "ChangeMessageVisibility": {"ReceiptHandle": "none", "VisibilityTimeout": 0},
    "GetQueueAttributes": {"AttributeNames": ["RedrivePolicy"]},
}


class SqsQueue:
    """
    See ``Queue``. *url* is ``sqs://name``, or the queue's own URL.
    """

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        """
        Read the configuration; asks the queue nothing.
        """
        self.url = url
        self._options = options
        self._address = "" if url.startswith("sqs://") else url
        self._runner = asyncio.Runner()
        self._opened: Any = None
        self._client: Any = None
        self._task: asyncio.Task[Any] | None = None
        self._interrupted = False

    def redrives(self) -> bool:
        """
        Ask for the policy; where that is not allowed, nothing is known of one.
        """
        try:
            answer = self._call(
                "get_queue_attributes", AttributeNames=["RedrivePolicy"]
            )
        except ComponentAway as error:
            if _denied(error):
                return False
            raise
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        return bool(policy and json.loads(policy).get("deadLetterTargetArn"))

    def receive(self, wait_seconds: int, visible_seconds: int) -> list[Message]:
        """
        Poll for *wait_seconds*, at most 20.
        """
        answer = self._call(
            "receive_message",
            seconds=wait_seconds + _CALL_SECONDS,
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visible_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                each["ReceiptHandle"],
                each["Body"],
                int(each.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for each in answer.get("Messages", ())
        ]

    def delete(self, receipts: Sequence[str]) -> None:
        """
        Remove them, ten at a time.
        """
        for entries in _batches(receipts):
            self._call("delete_message_batch", Entries=entries)

    def extend(self, receipts: Sequence[str], visible_seconds: int) -> set[str]:
        """
        Hide them for longer, ten at a time.
        """
        late: set[str] = set()
        for entries in _batches(receipts):
            given = [{**each, "VisibilityTimeout": visible_seconds} for each in entries]
            answer = self._call("change_message_visibility_batch", Entries=given)
            failed = {each["Id"] for each in answer.get("Failed", ())}
            late |= {each["ReceiptHandle"] for each in entries if each["Id"] in failed}
        return late

    def lacking(self) -> list[str]:
        """
        Try each operation with arguments for which it is refused.
        """
        found = []
        for action, given in _PROBES.items():
            operation = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
            try:
                self._call(operation, **given)
            except ComponentAway as error:
                if _denied(error):
                    found.append(f"sqs:{action}")
                elif not _refused(error):
                    raise
        return found

    def interrupt(self) -> None:
        """
        Cancel what the other thread waits for.
        """
        self._interrupted = True
        task = self._task
        if task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)

    def close(self) -> None:
        """
        Close the client and its loop.
        """
        self._task = None
        self._runner.run(self._closed())
        self._runner.close()

    def _call(
        self,
        operation: str,
        seconds: float = _CALL_SECONDS,
        **given: Any,  # noqa: ANN401 - the client's own
    ) -> dict[str, Any]:
        """
        Return the answer, empty after ``interrupt``.
        """

        async def once() -> dict[str, Any]:
            self._task = asyncio.current_task()
            # After the line above: an interrupt sees the task, or is seen here.
            if self._interrupted:
                return {}
            async with asyncio.timeout(seconds):
                client = await self._connected()
                address = await self._found(client)
                called = getattr(client, operation)
                answer: dict[str, Any] = await called(QueueUrl=address, **given)
            return answer

        return self._run(operation, once())

    def _run(
        self, operation: str, once: Coroutine[Any, Any, dict[str, Any]]
    ) -> dict[str, Any]:
        try:
            return self._runner.run(once)
        except asyncio.CancelledError:
            return {}
        except Exception as error:
            verdict = judge(error)
            if verdict.trouble is Trouble.EXPIRED:
                # Credentials are read when a client is made.
                self._runner.run(self._closed())
            hint = _hint(code_of(error), operation) or verdict.hint
            message = f"{self.url}: {operation}: {verdict.said}"
            raise ComponentAway("source", message, hint=hint) from error
        finally:
            self._task = None

    async def _connected(self) -> Any:  # noqa: ANN401 - made from data by botocore
        if self._client is None:
            session = AioSession(profile=self._options.get("profile"))
            self._opened = session.create_client("sqs", **self._settings())
            self._client = await self._opened.__aenter__()
        return self._client

    async def _found(self, client: Any) -> str:  # noqa: ANN401
        if not self._address:
            name = self.url.removeprefix("sqs://")
            self._address = (await client.get_queue_url(QueueName=name))["QueueUrl"]
        return self._address

    async def _closed(self) -> None:
        opened, self._opened, self._client = self._opened, None, None
        if opened is not None:
            await opened.__aexit__(None, None, None)

    def _settings(self) -> dict[str, Any]:
        options = self._options
        given = {_KEYS[name]: options[name] for name in _KEYS if options.get(name)}
        region = _REGION.match(self.url)
        named = region[1] if region else None
        given["region_name"] = named or options.get("client_kwargs", {}).get(
            "region_name"
        )
        if self._address and not region:
            scheme, _, rest = self._address.partition("://")
            given["endpoint_url"] = f"{scheme}://{rest.partition('/')[0]}"
        given["config"] = AioConfig(
            connect_timeout=5, retries={"total_max_attempts": 1, "mode": "standard"}
        )
        return given


def _batches(receipts: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    left = iter(receipts)
    while chosen := list(islice(left, _AT_ONCE)):
        yield [
            {"Id": str(number), "ReceiptHandle": receipt}
            for number, receipt in enumerate(chosen)
        ]


def _cause_of(error: ComponentAway) -> str:
    cause = error.__cause__
    return code_of(cause) if isinstance(cause, Exception) else ""


def _denied(error: ComponentAway) -> bool:
    return _cause_of(error) in _DENIED


def _refused(error: ComponentAway) -> bool:
    """
    Tell whether the queue itself refused the arguments.
    """
    return _cause_of(error) in _REFUSED


def _hint(code: str, operation: str) -> str:
    if code in _GONE:
        return "Create the queue, or correct source.notices"
    if code in _DENIED:
        action = "".join(part.capitalize() for part in operation.split("_"))
        return f"Allow sqs:{action.removesuffix('Batch')} on the queue"
    return ""
